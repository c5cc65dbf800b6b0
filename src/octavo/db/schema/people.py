"""Tenants and the persons they write to."""

import sqlalchemy as sa

from octavo.db.schema.base import REAL, big, index, key, small, table, text

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
    text("country", ""),
    small("invalid", 0),
    text("first_name", null=True),
    text("last_name", null=True),
    *(text(f"param{n}", null=True) for n in range(1, 6)),
    big("created_at"),
    big("updated_at"),
    sa.UniqueConstraint("account_id", "phone_number"),
    index("ix_contact_account_id_email", "account_id", "email", where="email IS NOT NULL"),
    index(
        "uq_contact_account_id_email",
        "account_id",
        "email",
        where="phone_number IS NULL",
        unique=True,
    ),
    numbered_once=True,
)
"""A person. Several with numbers may share an e-mail address; one without a number is known by it.

`phone_number` is in E.164, or as close to it as what was given when `invalid` is 1; `country` is
that of the number (ISO 3166), "" when there is none.
"""


def _collection(name: str) -> tuple[sa.Table, sa.Table, sa.Table]:
    named = table(
        name,
        key(),
        big("account_id"),
        text("name"),
        big("created_at"),
        sa.UniqueConstraint("account_id", "name"),
        numbered_once=True,
    )
    member = table(
        f"{name}_member",
        big(f"{name}_id"),
        big("contact_id"),
        sa.PrimaryKeyConstraint(f"{name}_id", "contact_id"),
        sa.Index(None, "contact_id"),
        clustered=True,
    )
    country = table(
        f"{name}_country",
        big(f"{name}_id"),
        text("country"),
        sa.PrimaryKeyConstraint(f"{name}_id", "country"),
        clustered=True,
    )
    return named, member, country


list_, list_member, list_country = _collection("list")
tag, tag_member, tag_country = _collection("tag")
"""`*_country` names every country that somebody of a list or tag is of, and maybe one that nobody
is of any more: where it has no row, there is nobody to look for.
"""

list_removal = table(
    "list_removal",
    big("account_id"),
    big("list_id"),
    small("with_contacts"),
    sa.PrimaryKeyConstraint("account_id", "list_id"),
    clustered=True,
)
"""Lists that are gone (no row in `list`) and whose members are still being taken off."""

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
