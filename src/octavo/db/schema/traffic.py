"""What came back: receipts, inbound messages, events."""

import sqlalchemy as sa

from octavo.db.schema.base import big, index, key, small, table, text

receipt = table(
    "receipt",
    key(given=True),
    big("route_id"),
    text("ref"),
    text("state"),
    text("code", ""),
    text("address", ""),
    text("sender", ""),
    text("reference", ""),
    big("at"),
    big("received_at"),
    small("matched"),
    big("campaign_id", null=True),
    big("seq", null=True),
    big("next_try_at", 0),
    small("tries", 0),
    index("ix_receipt_unmatched", "next_try_at", where="matched = 0"),
    partitioned="id",
)

inbound = table(
    "inbound",
    key(given=True),
    big("route_id"),
    text("ref"),
    big("account_id", null=True),
    text("sender"),
    text("recipient"),
    text("text"),
    text("kind", ""),
    big("campaign_id", null=True),
    big("seq", null=True),
    big("at"),
    big("received_at"),
    sa.UniqueConstraint("route_id", "ref"),
    sa.Index(None, "account_id", "id"),
)

event = table(
    "event",
    key(given=True),
    big("account_id"),
    big("campaign_id"),
    small("kind"),
    big("pos", null=True),
    big("at"),
    small("n"),
    text("items"),
    sa.Index(None, "account_id", "pos"),
    index("ix_event_replies", "account_id", "kind", "pos", where="kind >= 4"),
    index("ix_event_unnumbered", "id", where="pos IS NULL"),
    partitioned="id",
)
