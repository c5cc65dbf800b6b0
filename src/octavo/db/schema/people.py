"""Tenants and the persons they write to."""

import sqlalchemy as sa

from octavo.db.schema.base import REAL, big, key, small, table, text

account = table(
    "account",
    key(),
    big("parent_id", null=True),
    text("name"),
    text("time_zone", "Europe/Paris"),
    text("currency", "EUR"),
    sa.Column("weight", REAL, nullable=False, server_default="1"),
    big("available", 0),
    big("created_at"),
    sa.CheckConstraint("available >= 0", "solvent"),
    fillfactor=50,
)

api_key = table(
    "api_key",
    key(),
    big("account_id"),
    text("login"),
    text("pepper"),
    text("digest"),
    text("label", ""),
    big("created_at"),
    big("revoked_at", null=True),
    sa.Index(None, "login"),
)

parameter = table(
    "parameter",
    big("account_id"),
    text("name"),
    text("value"),
    sa.PrimaryKeyConstraint("account_id", "name"),
    clustered=True,
)

contact = table(
    "contact",
    key(),
    big("account_id"),
    text("phone_number", null=True),
    text("email", null=True),
    text("first_name", null=True),
    text("last_name", null=True),
    *(text(f"param{n}", null=True) for n in range(1, 6)),
    small("invalid", 0),
    big("created_at"),
    big("updated_at"),
    sa.UniqueConstraint("account_id", "phone_number"),
    sa.UniqueConstraint("account_id", "email"),
)


def _collection(name: str) -> tuple[sa.Table, sa.Table]:
    named = table(
        name,
        key(),
        big("account_id"),
        text("name"),
        big("created_at"),
        sa.UniqueConstraint("account_id", "name"),
    )
    member = table(
        f"{name}_member",
        big(f"{name}_id"),
        big("contact_id"),
        sa.PrimaryKeyConstraint(f"{name}_id", "contact_id"),
        sa.Index(None, "contact_id"),
        clustered=True,
    )
    return named, member


list_, list_member = _collection("list")
tag, tag_member = _collection("tag")

suppression = table(
    "suppression",
    big("account_id"),
    text("address"),
    small("scope"),
    text("reason"),
    big("at"),
    sa.PrimaryKeyConstraint("account_id", "address"),
    clustered=True,
)

suppression_log = table(
    "suppression_log",
    key(),
    big("account_id"),
    text("address"),
    small("scope"),
    small("lifted"),
    text("reason"),
    big("inbound_id", null=True),
    big("at"),
    sa.Index(None, "account_id", "address"),
)
