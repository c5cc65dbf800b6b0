"""Orders and the ledger that is the queue (design 4)."""

import sqlalchemy as sa

from octavo.db.schema.base import REAL, big, index, key, small, table, text

campaign = table(
    "campaign",
    key(given=True),
    big("account_id"),
    text("ticket"),
    text("channel"),
    text("product"),
    small("purpose"),
    small("priority"),
    text("sender"),
    text("text"),
    text("options"),
    big("send_at"),
    small("state"),
    small("in_doubt"),
    big("in_doubt_after"),
    big("validity"),
    big("parts", 0),
    big("held", 0),
    big("fee", 0),
    big("released", 0),
    big("cursor", 0),
    big("created_at"),
    big("finished_at", null=True),
    big("sealed_at", null=True),
    sa.UniqueConstraint("ticket"),
    sa.Index(None, "account_id", "id"),
    index("ix_campaign_ready", "account_id", "id", where="state = 1"),
    index("ix_campaign_unsealed", "finished_at", where="state = 7"),
)

campaign_count = table(
    "campaign_count",
    big("campaign_id"),
    big("account_id"),
    big("audience", 0),
    big("pending", 0),
    big("accepted", 0),
    big("delivered", 0),
    big("failed", 0),
    big("skipped", 0),
    big("unknown", 0),
    big("captured", 0),
    big("open_work", 0),
    sa.CheckConstraint(
        "audience = pending + accepted + delivered + failed + skipped + unknown",
        "adds_up",
    ),
    sa.PrimaryKeyConstraint("campaign_id"),
    fillfactor=50,
)

campaign_reason = table(
    "campaign_reason",
    big("campaign_id"),
    small("state"),
    text("reason"),
    big("n"),
    sa.PrimaryKeyConstraint("campaign_id", "state", "reason"),
    clustered=True,
)

request_key = table(
    "request_key",
    big("account_id"),
    text("request_id"),
    text("ticket"),
    big("at"),
    sa.PrimaryKeyConstraint("account_id", "request_id"),
    sa.Index(None, "at"),
    clustered=True,
)

message = table(
    "message",
    big("campaign_id"),
    big("seq"),
    text("address"),
    text("country"),
    text("fields", null=True),
    big("contact_id", null=True),
    small("parts"),
    big("price"),
    big("charged", 0),
    small("state"),
    text("reason", ""),
    small("pass", 0),
    small("attempts", 0),
    small("parts_done", 0),
    big("route_id", null=True),
    big("at"),
    sa.PrimaryKeyConstraint("campaign_id", "seq"),
    clustered=True,
    partitioned="campaign_id",
    fillfactor=60,
)

part = table(
    "part",
    big("route_id"),
    text("ref"),
    big("campaign_id"),
    big("seq"),
    small("no"),
    small("pass"),
    small("umr", 0),
    small("state"),
    sa.PrimaryKeyConstraint("route_id", "ref", "campaign_id", "seq", "no"),
    clustered=True,
    partitioned="campaign_id",
)

in_doubt = table(
    "in_doubt",
    big("route_id"),
    text("address"),
    big("campaign_id"),
    big("seq"),
    small("pass"),
    text("reference"),
    text("sender"),
    big("at"),
    sa.PrimaryKeyConstraint("route_id", "address", "campaign_id", "seq"),
    sa.Index(None, "campaign_id", "seq"),
    clustered=True,
)

slice_ = table(
    "slice",
    key(),
    big("campaign_id"),
    big("account_id"),
    big("group_id"),
    small("pass", 0),
    small("priority"),
    sa.Column("vt", REAL, nullable=False),
    big("run_at"),
    big("not_after", null=True),
    big("lo"),
    big("hi"),
    big("parts"),
    big("cur"),
    big("grant_hi"),
    big("intent_hi"),
    small("state"),
    big("link_id", null=True),
    big("fence", 0),
    sa.UniqueConstraint("campaign_id", "lo", "pass"),
    index("ix_slice_parked", "run_at", where="state = 0"),
    index("ix_slice_due", "group_id", "priority", "vt", "id", where="state = 1"),
    index("ix_slice_leased", "link_id", where="state = 2"),
    fillfactor=50,
    autovacuum_vacuum_scale_factor=0,
    autovacuum_vacuum_threshold=1_000,
)

route_group = table(
    "route_group",
    key(),
    text("name"),
    sa.UniqueConstraint("name"),
)

group_turn = table(
    "group_turn",
    big("group_id"),
    small("priority"),
    sa.Column("vt", REAL, nullable=False),
    sa.PrimaryKeyConstraint("group_id", "priority"),
    clustered=True,
    fillfactor=50,
)
"""The virtual time that a group has come to, for each priority."""

account_turn = table(
    "account_turn",
    big("account_id"),
    big("group_id"),
    small("priority"),
    sa.Column("vt", REAL, nullable=False),
    sa.PrimaryKeyConstraint("account_id", "group_id", "priority"),
    clustered=True,
    fillfactor=50,
)
"""The virtual time at which an account will have been served all that it asked of a group."""

route = table(
    "route",
    key(),
    text("name"),
    text("driver"),
    text("settings", "{}"),
    sa.Column("rate", REAL, nullable=True),
    big("tat", 0),
    small("window", 100),
    small("links", 1),
    small("paused", 0),
    text("short_code", ""),
    sa.UniqueConstraint("name"),
    fillfactor=50,
)

route_group_route = table(
    "route_group_route",
    big("group_id"),
    big("route_id"),
    small("tier", 0),
    sa.PrimaryKeyConstraint("group_id", "route_id"),
    clustered=True,
)

route_rule = table(
    "route_rule",
    text("product"),
    text("country"),
    big("group_id"),
    sa.PrimaryKeyConstraint("product", "country"),
    clustered=True,
)

link = table(
    "link",
    key(),
    big("route_id"),
    small("no"),
    text("worker", ""),
    big("fence", 0),
    big("lease_until", 0),
    big("settle_no", 0),
    big("bound_at", null=True),
    sa.UniqueConstraint("route_id", "no"),
    fillfactor=50,
)

task = table(
    "task",
    key(),
    text("kind"),
    text("key"),
    text("args", "{}"),
    big("run_at"),
    small("priority", 0),
    small("state", 0),
    big("fence", 0),
    big("lease_until", 0),
    small("attempts", 0),
    text("error", ""),
    sa.UniqueConstraint("kind", "key"),
    index("ix_task_due", "run_at", "priority", "id", where="state < 2"),
)

counter = table(
    "counter",
    text("name"),
    big("value", 0),
    sa.PrimaryKeyConstraint("name"),
    clustered=True,
)

worker = table(
    "worker",
    text("name"),
    big("seen_at"),
    sa.PrimaryKeyConstraint("name"),
    clustered=True,
)

commit_mark = table(
    "commit_mark",
    big("session"),
    big("n"),
    small("void", 0),
    sa.PrimaryKeyConstraint("session", "n"),
    clustered=True,
)
"""A row for each of a session's last transactions: proof that it was committed or, where `void`,
that it never will be. PostgreSQL only.
"""

setting = table(
    "setting",
    text("name"),
    text("value"),
    sa.PrimaryKeyConstraint("name"),
    clustered=True,
)
