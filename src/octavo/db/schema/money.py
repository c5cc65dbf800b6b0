"""Wallets: double entry, append-only (design 6)."""

import sqlalchemy as sa

from octavo.db.schema.base import big, key, table, text

entry = table(
    "entry",
    key(),
    big("account_id"),
    big("campaign_id", null=True),
    text("kind"),
    text("ref"),
    text("debit"),
    text("credit"),
    big("amount"),
    big("at"),
    sa.UniqueConstraint("account_id", "kind", "ref"),
    sa.CheckConstraint("amount > 0", "positive"),
)

pack = table(
    "pack",
    text("id"),
    big("account_id"),
    big("amount"),
    big("spent", 0),
    big("created_at"),
    big("expires_at", null=True),
    sa.PrimaryKeyConstraint("id"),
    sa.Index(None, "account_id", "expires_at"),
    clustered=True,
)

price = table(
    "price",
    big("account_id"),
    text("product"),
    text("country"),
    big("amount"),
    sa.PrimaryKeyConstraint("account_id", "product", "country"),
    clustered=True,
)
