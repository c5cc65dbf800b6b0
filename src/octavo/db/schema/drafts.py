"""Campaigns on lists and tags: what they wait to be sent to, and what they cost by country."""

import sqlalchemy as sa

from octavo.db.schema.base import big, small, table, text

draft = table(
    "draft",
    big("campaign_id"),
    big("account_id"),
    text("audience"),
    text("part_rules"),
    small("most_parts"),
    small("leave_out"),
    text("stop_countries"),
    small("stop_code"),
    big("fee"),
    big("seq", 0),
    small("code", 0),
    big("confirmed_at", null=True),
    sa.PrimaryKeyConstraint("campaign_id"),
    fillfactor=50,
)
"""How a campaign is computed: for whom, how its parts are counted and how many it may have, whether
who opted out is left out. `seq` is the last message's number, `code` why it failed (contract 14).
"""

country = table(
    "campaign_country",
    big("campaign_id"),
    text("country"),
    big("group_id"),
    small("slice_size"),
    big("price"),
    big("contacts", 0),
    big("parts", 0),
    big("cost", 0),
    sa.PrimaryKeyConstraint("campaign_id", "country"),
    clustered=True,
)
"""The price of a part and the route group, pinned when the campaign is made, of every country that
is served; and who is there to be sent to.
"""

cancel_count = table(
    "cancel_count",
    big("account_id"),
    text("login"),
    big("month"),
    big("n"),
    sa.PrimaryKeyConstraint("account_id", "login", "month"),
    clustered=True,
)
"""Cancel requests of an API user in a month (contract 4.2)."""

reply_path = table(
    "reply_path",
    text("recipient"),
    text("address"),
    big("campaign_id"),
    big("seq"),
    big("at"),
    sa.PrimaryKeyConstraint("recipient", "address"),
    clustered=True,
)
"""Which message a reply from `address` to the number `recipient` answers: the last one sent."""
