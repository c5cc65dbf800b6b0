"""Where each callback address of an account stands in its events, and what it failed to take."""

import sqlalchemy as sa

from octavo.db.schema.base import big, small, table, text

endpoint = table(
    "callback_endpoint",
    big("account_id"),
    small("kind"),
    text("url"),
    big("pos"),
    small("item", 0),
    text("worker", ""),
    big("fence", 0),
    big("lease_until", 0),
    big("failures", 0),
    big("paused_until", 0),
    big("dropped", 0),
    text("error", ""),
    big("error_at", null=True),
    sa.PrimaryKeyConstraint("account_id", "kind"),
    fillfactor=50,
)

retry = table(
    "callback_retry",
    big("account_id"),
    small("kind"),
    big("campaign_id"),
    big("seq"),
    big("pos"),
    small("item"),
    small("tries"),
    big("since"),
    big("next_try_at"),
    sa.PrimaryKeyConstraint("account_id", "kind", "campaign_id", "seq", "pos", "item"),
    sa.Index("ix_callback_retry_due", "account_id", "kind", "next_try_at"),
    clustered=True,
)
