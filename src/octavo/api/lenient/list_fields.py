"""The fields of the requests on campaigns on lists and tags (contract 4.1b to 4.6)."""

from octavo.api.lenient import fields
from octavo.api.lenient.contact_fields import MOST_NAMES
from octavo.api.lenient.kinds import Choice, Many, Text
from octavo.api.lenient.reader import Field, Spec

LIST_NAME = Field(
    "list_name",
    Text(30, trim=True),
    default=None,
    doc="Name of the list whose contacts the campaign is for. Default: none.",
)
LIST_NAMES = Field(
    "list_names",
    Many(Text(30, trim=True), MOST_NAMES),
    default=(),
    doc="Names of further lists. Default: none.",
)
TAG_NAME = Field(
    "tag_name",
    Text(20, trim=True),
    default=None,
    doc="Name of the tag whose contacts the campaign is for. Default: none.",
)
TAG_NAMES = Field(
    "tag_names",
    Many(Text(20, trim=True), MOST_NAMES),
    default=(),
    doc="Names of further tags. Default: none.",
)
SEGMENTATION = Field(
    "segmentation",
    Choice({"group": ("any", "or", "union"), "filter": ("all", "and", "intersection")}),
    default=None,
    doc="Of several lists and tags: group is for whoever is on any of them, filter for who is on "
    "all. Default: whoever is on any of the lists and has any of the tags, where both are given.",
)
TICKET = Field(
    "ticket_number",
    Text(64, trim=True),
    default=None,
    doc="The ticket of the campaign.",
    aliases=("ticket", "sms_ticket", "message_id"),
    required=True,
)

CREATE = Spec(
    LIST_NAME,
    TAG_NAME,
    LIST_NAMES,
    TAG_NAMES,
    SEGMENTATION,
    fields.TEXT,
    fields.TYPE,
    fields.SENDER,
    fields.SEND_AT,
    fields.PURPOSE,
    fields.WITH_REPLIES,
    fields.AUTO_OPTIMIZE_TEXT,
    fields.REMOVE_BLACKLISTED,
    fields.SIMULATION_MODE,
    fields.RECIPIENT_TRACKING,
    fields.REQUEST_ID,
    fields.IN_DOUBT,
)
"""`POST /sms-campaign-on-list/create` and `-on-tag/create` (contract 4.3)."""

ABOUT_ONE = Spec(TICKET)
"""What a request about a campaign says (contract 4.2, 4.4 to 4.6)."""

CANCEL_MULTI_CHANNEL = Spec(fields.CHANNEL, TICKET)
"""`DELETE /multi-channel/cancel` (contract 4.15)."""
