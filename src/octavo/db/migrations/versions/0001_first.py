"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

from octavo.db.migrations.columns import big, index, number, real, small, table, text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Makes every table; a process must know this schema at least."""
    people()
    wallets()
    orders()
    drafts()
    routes_and_jobs()
    traffic()
    callbacks()
    numbers()
    setting = sa.table("setting", sa.column("name", sa.Text()), sa.column("value", sa.Text()))
    op.bulk_insert(setting, [{"name": "min_version", "value": revision}])


def people() -> None:
    table(
        "account",
        number(),
        *big("parent_id", null=True),
        *text("name"),
        *text("time_zone", default="Europe/Paris"),
        *text("currency", default="EUR"),
        *real("weight", default="1"),
        *big("available", default="0"),
        *big("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.CheckConstraint("available >= 0", name=op.f("ck_account_solvent")),
        fillfactor=50,
    )
    table(
        "api_key",
        number(),
        *big("account_id"),
        *text("login", "pepper", "digest"),
        *text("label", default=""),
        *big("created_at"),
        *big("revoked_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_key"),
    )
    index("ix_api_key_login", "api_key", "login")
    table(
        "parameter",
        *big("account_id"),
        *text("name", "value"),
        sa.PrimaryKeyConstraint("account_id", "name", name="pk_parameter"),
        clustered=True,
    )
    table(
        "contact",
        number(),
        *big("account_id"),
        *text("phone_number", "email", null=True),
        *text("country", default=""),
        *small("invalid", default="0"),
        *text(
            "first_name",
            "last_name",
            "param1",
            "param2",
            "param3",
            "param4",
            "param5",
            null=True,
        ),
        *big("created_at", "updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint(
            "account_id", "phone_number", name="uq_contact_account_id_phone_number"
        ),
        numbered_once=True,
    )
    index(
        "ix_contact_account_id_email",
        "contact",
        "account_id",
        "email",
        where="email IS NOT NULL",
    )
    index(
        "uq_contact_account_id_email",
        "contact",
        "account_id",
        "email",
        where="phone_number IS NULL",
        unique=True,
    )
    table(
        "list",
        number(),
        *big("account_id"),
        *text("name"),
        *big("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_list"),
        sa.UniqueConstraint("account_id", "name", name="uq_list_account_id_name"),
        numbered_once=True,
    )
    table(
        "list_member",
        *big("list_id", "contact_id"),
        sa.PrimaryKeyConstraint("list_id", "contact_id", name="pk_list_member"),
        clustered=True,
    )
    index("ix_list_member_contact_id", "list_member", "contact_id")
    table(
        "list_country",
        *big("list_id"),
        *text("country"),
        sa.PrimaryKeyConstraint("list_id", "country", name="pk_list_country"),
        clustered=True,
    )
    table(
        "tag",
        number(),
        *big("account_id"),
        *text("name"),
        *big("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_tag"),
        sa.UniqueConstraint("account_id", "name", name="uq_tag_account_id_name"),
        numbered_once=True,
    )
    table(
        "tag_member",
        *big("tag_id", "contact_id"),
        sa.PrimaryKeyConstraint("tag_id", "contact_id", name="pk_tag_member"),
        clustered=True,
    )
    index("ix_tag_member_contact_id", "tag_member", "contact_id")
    table(
        "tag_country",
        *big("tag_id"),
        *text("country"),
        sa.PrimaryKeyConstraint("tag_id", "country", name="pk_tag_country"),
        clustered=True,
    )
    table(
        "list_removal",
        *big("account_id", "list_id"),
        *small("with_contacts"),
        sa.PrimaryKeyConstraint("account_id", "list_id", name="pk_list_removal"),
        clustered=True,
    )
    table(
        "suppression",
        *big("account_id"),
        *text("address"),
        *small("scope"),
        *text("reason"),
        *big("at"),
        sa.PrimaryKeyConstraint("account_id", "address", name="pk_suppression"),
        clustered=True,
    )
    table(
        "suppression_log",
        number(),
        *big("account_id"),
        *text("address"),
        *small("scope", "lifted"),
        *text("reason"),
        *big("inbound_id", null=True),
        *big("at"),
        sa.PrimaryKeyConstraint("id", name="pk_suppression_log"),
    )
    index("ix_suppression_log_account_id_address", "suppression_log", "account_id", "address")


def wallets() -> None:
    table(
        "entry",
        number(),
        *big("account_id"),
        *big("campaign_id", null=True),
        *text("kind", "ref", "debit", "credit"),
        *big("amount", "at"),
        sa.PrimaryKeyConstraint("id", name="pk_entry"),
        sa.UniqueConstraint("account_id", "kind", "ref", name="uq_entry_account_id_kind_ref"),
        sa.CheckConstraint("amount > 0", name=op.f("ck_entry_positive")),
    )
    table(
        "pack",
        *text("id"),
        *big("account_id", "amount"),
        *big("spent", default="0"),
        *big("created_at"),
        *big("expires_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_pack"),
        clustered=True,
    )
    index("ix_pack_account_id_expires_at", "pack", "account_id", "expires_at")
    table(
        "price",
        *big("account_id"),
        *text("product", "country"),
        *big("amount"),
        sa.PrimaryKeyConstraint("account_id", "product", "country", name="pk_price"),
        clustered=True,
    )


def orders() -> None:
    table(
        "campaign",
        *big("id"),
        *big("account_id"),
        *text("ticket", "channel", "product"),
        *small("purpose", "priority"),
        *text("sender", "text", "options"),
        *big("send_at"),
        *small("state", "in_doubt"),
        *big("in_doubt_after", "validity"),
        *big("parts", "held", "fee", "released", "cursor", default="0"),
        *big("created_at"),
        *big("finished_at", "sealed_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("ticket", name="uq_campaign_ticket"),
    )
    index("ix_campaign_account_id_id", "campaign", "account_id", "id")
    index("ix_campaign_ready", "campaign", "account_id", "id", where="state = 1")
    index("ix_campaign_unsealed", "campaign", "finished_at", where="state = 7")
    table(
        "campaign_count",
        *big("campaign_id", "account_id"),
        *big(
            "audience",
            "pending",
            "accepted",
            "delivered",
            "failed",
            "skipped",
            "unknown",
            "captured",
            "open_work",
            default="0",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_campaign_count"),
        sa.CheckConstraint(
            "audience = pending + accepted + delivered + failed + skipped + unknown",
            name=op.f("ck_campaign_count_adds_up"),
        ),
        fillfactor=50,
    )
    table(
        "campaign_reason",
        *big("campaign_id"),
        *small("state"),
        *text("reason"),
        *big("n"),
        sa.PrimaryKeyConstraint("campaign_id", "state", "reason", name="pk_campaign_reason"),
        clustered=True,
    )
    table(
        "request_key",
        *big("account_id"),
        *text("request_id", "ticket"),
        *big("at"),
        sa.PrimaryKeyConstraint("account_id", "request_id", name="pk_request_key"),
        clustered=True,
    )
    index("ix_request_key_at", "request_key", "at")
    table(
        "message",
        *big("campaign_id", "seq"),
        *text("address", "country"),
        *text("fields", null=True),
        *big("contact_id", null=True),
        *small("parts"),
        *big("price"),
        *big("charged", default="0"),
        *small("state"),
        *text("reason", default=""),
        *small("pass", "attempts", "parts_done", default="0"),
        *big("route_id", null=True),
        *big("at"),
        sa.PrimaryKeyConstraint("campaign_id", "seq", name="pk_message"),
        clustered=True,
        partitioned="campaign_id",
        fillfactor=60,
    )
    table(
        "part",
        *big("route_id"),
        *text("ref"),
        *big("campaign_id", "seq"),
        *small("no", "pass"),
        *small("umr", default="0"),
        *small("state"),
        sa.PrimaryKeyConstraint("route_id", "ref", "campaign_id", "seq", "no", name="pk_part"),
        clustered=True,
        partitioned="campaign_id",
    )
    table(
        "in_doubt",
        *big("route_id"),
        *text("address"),
        *big("campaign_id", "seq"),
        *small("pass"),
        *text("reference", "sender"),
        *big("at"),
        sa.PrimaryKeyConstraint("route_id", "address", "campaign_id", "seq", name="pk_in_doubt"),
        clustered=True,
    )
    index("ix_in_doubt_campaign_id_seq", "in_doubt", "campaign_id", "seq")
    table(
        "slice",
        number(),
        *big("campaign_id", "account_id", "group_id"),
        *small("pass", default="0"),
        *small("priority"),
        *real("vt"),
        *big("run_at"),
        *big("not_after", null=True),
        *big("lo", "hi", "parts", "cur", "grant_hi", "intent_hi"),
        *small("state"),
        *big("link_id", null=True),
        *big("fence", default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_slice"),
        sa.UniqueConstraint("campaign_id", "lo", "pass", name="uq_slice_campaign_id_lo_pass"),
        fillfactor=50,
        autovacuum_vacuum_scale_factor=0,
        autovacuum_vacuum_threshold=1_000,
    )
    index("ix_slice_due", "slice", "group_id", "priority", "vt", "id", where="state = 1")
    index("ix_slice_leased", "slice", "link_id", where="state = 2")
    index("ix_slice_parked", "slice", "run_at", where="state = 0")


def drafts() -> None:
    table(
        "draft",
        *big("campaign_id", "account_id"),
        *text("audience", "part_rules"),
        *small("most_parts", "leave_out"),
        *text("stop_countries"),
        *small("stop_code"),
        *big("fee"),
        *big("seq", default="0"),
        *small("code", default="0"),
        *big("confirmed_at", null=True),
        sa.PrimaryKeyConstraint("campaign_id", name="pk_draft"),
        fillfactor=50,
    )
    table(
        "campaign_country",
        *big("campaign_id"),
        *text("country"),
        *big("group_id"),
        *small("slice_size"),
        *big("price"),
        *big("contacts", "parts", "cost", default="0"),
        sa.PrimaryKeyConstraint("campaign_id", "country", name="pk_campaign_country"),
        clustered=True,
    )
    table(
        "cancel_count",
        *big("account_id"),
        *text("login"),
        *big("month", "n"),
        sa.PrimaryKeyConstraint("account_id", "login", "month", name="pk_cancel_count"),
        clustered=True,
    )
    table(
        "reply_path",
        *text("recipient", "address"),
        *big("campaign_id", "seq", "at"),
        sa.PrimaryKeyConstraint("recipient", "address", name="pk_reply_path"),
        clustered=True,
    )


def routes_and_jobs() -> None:
    table(
        "route_group",
        number(),
        *text("name"),
        sa.PrimaryKeyConstraint("id", name="pk_route_group"),
        sa.UniqueConstraint("name", name="uq_route_group_name"),
    )
    table(
        "group_turn",
        *big("group_id"),
        *small("priority"),
        *real("vt"),
        sa.PrimaryKeyConstraint("group_id", "priority", name="pk_group_turn"),
        clustered=True,
        fillfactor=50,
    )
    table(
        "account_turn",
        *big("account_id", "group_id"),
        *small("priority"),
        *real("vt"),
        sa.PrimaryKeyConstraint("account_id", "group_id", "priority", name="pk_account_turn"),
        clustered=True,
        fillfactor=50,
    )
    table(
        "route",
        number(),
        *text("name", "driver"),
        *text("settings", default="{}"),
        *real("rate", null=True),
        *big("tat", default="0"),
        *small("window", default="100"),
        *small("links", default="1"),
        *small("paused", default="0"),
        *text("short_code", default=""),
        sa.PrimaryKeyConstraint("id", name="pk_route"),
        sa.UniqueConstraint("name", name="uq_route_name"),
        fillfactor=50,
    )
    table(
        "route_group_route",
        *big("group_id", "route_id"),
        *small("tier", default="0"),
        sa.PrimaryKeyConstraint("group_id", "route_id", name="pk_route_group_route"),
        clustered=True,
    )
    table(
        "route_rule",
        *text("product", "country"),
        *big("group_id"),
        sa.PrimaryKeyConstraint("product", "country", name="pk_route_rule"),
        clustered=True,
    )
    table(
        "link",
        number(),
        *big("route_id"),
        *small("no"),
        *text("worker", default=""),
        *big("fence", "lease_until", "settle_no", default="0"),
        *big("bound_at", null=True),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
        sa.UniqueConstraint("route_id", "no", name="uq_link_route_id_no"),
        fillfactor=50,
    )
    table(
        "task",
        number(),
        *text("kind", "key"),
        *text("args", default="{}"),
        *big("run_at"),
        *small("priority", "state", default="0"),
        *big("fence", "lease_until", default="0"),
        *small("attempts", default="0"),
        *text("error", default=""),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        sa.UniqueConstraint("kind", "key", name="uq_task_kind_key"),
    )
    index("ix_task_due", "task", "run_at", "priority", "id", where="state < 2")
    table(
        "counter",
        *text("name"),
        *big("value", default="0"),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
        clustered=True,
    )
    table(
        "worker",
        *text("name"),
        *big("seen_at"),
        sa.PrimaryKeyConstraint("name", name="pk_worker"),
        clustered=True,
    )
    table(
        "commit_mark",
        *big("session", "n"),
        *small("void", default="0"),
        sa.PrimaryKeyConstraint("session", "n", name="pk_commit_mark"),
        clustered=True,
    )
    table(
        "setting",
        *text("name", "value"),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
        clustered=True,
    )


def traffic() -> None:
    table(
        "receipt",
        *big("id"),
        *big("route_id"),
        *text("ref", "state"),
        *text("code", "address", "sender", "reference", default=""),
        *big("at", "received_at"),
        *small("matched"),
        *big("campaign_id", "seq", null=True),
        *big("next_try_at", default="0"),
        *small("tries", default="0"),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        partitioned="id",
    )
    index("ix_receipt_unmatched", "receipt", "next_try_at", where="matched = 0")
    table(
        "inbound",
        *big("id"),
        *big("route_id"),
        *text("ref"),
        *big("account_id", null=True),
        *text("sender", "recipient", "text"),
        *text("kind", default=""),
        *big("campaign_id", "seq", null=True),
        *big("at", "received_at"),
        sa.PrimaryKeyConstraint("id", name="pk_inbound"),
        sa.UniqueConstraint("route_id", "ref", name="uq_inbound_route_id_ref"),
    )
    index("ix_inbound_account_id_id", "inbound", "account_id", "id")
    table(
        "event",
        *big("id"),
        *big("account_id", "campaign_id"),
        *small("kind"),
        *big("pos", null=True),
        *big("at"),
        *small("n"),
        *text("items"),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
        partitioned="id",
    )
    index("ix_event_account_id_pos", "event", "account_id", "pos")
    index("ix_event_replies", "event", "account_id", "kind", "pos", where="kind >= 4")
    index("ix_event_unnumbered", "event", "id", where="pos IS NULL")


def callbacks() -> None:
    table(
        "callback_endpoint",
        *big("account_id"),
        *small("kind"),
        *text("url"),
        *big("pos"),
        *small("item", default="0"),
        *text("worker", default=""),
        *big("fence", "lease_until", default="0"),
        *big("failures", "paused_until", "dropped", default="0"),
        *text("error", default=""),
        *big("error_at", null=True),
        sa.PrimaryKeyConstraint("account_id", "kind", name="pk_callback_endpoint"),
        fillfactor=50,
    )
    table(
        "callback_retry",
        *big("account_id"),
        *small("kind"),
        *big("campaign_id", "seq", "pos"),
        *small("item", "tries"),
        *big("since", "next_try_at"),
        sa.PrimaryKeyConstraint(
            "account_id", "kind", "campaign_id", "seq", "pos", "item", name="pk_callback_retry"
        ),
        clustered=True,
    )
    index("ix_callback_retry_due", "callback_retry", "account_id", "kind", "next_try_at")


def numbers() -> None:
    """On SQLite, where one writer has no rival, they are rows of `counter`."""
    if op.get_context().dialect.name == "postgresql":
        for name in ("campaign", "receipt", "inbound", "event"):
            op.execute(f"CREATE SEQUENCE number_{name} CACHE 1")
