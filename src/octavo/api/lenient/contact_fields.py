"""The fields of the requests on contacts and lists (contract 5.1 to 5.5), declared once."""

from octavo.api.lenient.fields import LIST_NAME, REMOVE_BLACKLISTED
from octavo.api.lenient.kinds import Bool, Many, Text
from octavo.api.lenient.reader import Field, Spec
from octavo.api.lenient.recipients import Addresses, Recipients

MOST_NAMES = 100
"""Lists or tags that one request may name."""

CONTACTS = Field(
    "contacts",
    Recipients(),
    default=(),
    doc="1 to 500 contacts, each with a number, an e-mail address, or both. A number that cannot "
    "be sent to is kept and marked.",
    aliases=("contact", "recipients", "recipient", "phone_numbers", "phone_number"),
    required=True,
)
PUT_ON_LIST = Field(
    "list_name",
    LIST_NAME.kind,
    default=None,
    doc="Name of the list the contacts go to, made if need be; longer than 30 characters it is "
    "cut. Default: none.",
)
PUT_ON_LISTS = Field(
    "list_names",
    Many(Text(30, trim=True), MOST_NAMES),
    default=(),
    doc="Names of several lists the contacts go to. Default: none.",
)
UN_LIST = Field(
    "un_list",
    Bool(),
    default=False,
    doc="Takes the contacts off all other lists.",
)
TAG_NAME = Field(
    "tag_name",
    Text(20, trim=True),
    default=None,
    doc="Name of the tag that each contact gets, made if need be; longer than 20 characters it is "
    "cut. Default: none.",
)
TAG_NAMES = Field(
    "tag_names",
    Many(Text(20, trim=True), MOST_NAMES),
    default=(),
    doc="Names of several tags that each contact gets. Default: none.",
)
UN_TAG = Field(
    "un_tag",
    Bool(),
    default=False,
    doc="Takes all other tags off the contacts.",
)
LEAVE_OUT_BLACKLISTED = Field(
    "auto_remove_blacklisted_numbers",
    Bool(),
    default=False,
    doc="Leaves out who opted out. Also read as auto_remove_blacklisted_contacts and "
    "auto_delete_optout_contacts.",
    aliases=REMOVE_BLACKLISTED.aliases,
)
DO_NOT_OVERWRITE = Field(
    "do_not_overwrite",
    Bool(),
    default=False,
    doc="A contact that is there already stays as it is, but goes to the lists and gets the tags. "
    "Otherwise what is given replaces what is known.",
)
PHONE_NUMBERS = Field(
    "phone_numbers",
    Addresses(),
    default=(),
    doc="1 to 200 numbers. An e-mail address means the contact without a number that has it.",
    aliases=("phone_number", "numbers", "contacts", "contact", "recipients"),
    required=True,
)
OFF_LIST = Field(
    "list_name",
    LIST_NAME.kind,
    default=None,
    doc="The contacts leave this list and stay. Default: they are deleted.",
)
WHICH_LIST = Field(
    "list_name",
    LIST_NAME.kind,
    default=None,
    doc="Name of the list.",
    aliases=("list", "name"),
    required=True,
)
DELETE_CONTACTS = Field(
    "delete_contacts",
    Bool(),
    default=False,
    doc="Deletes the contacts of the list from the account too.",
)

CONTACT_CREATE = Spec(
    CONTACTS,
    PUT_ON_LIST,
    PUT_ON_LISTS,
    UN_LIST,
    TAG_NAME,
    TAG_NAMES,
    UN_TAG,
    LEAVE_OUT_BLACKLISTED,
    DO_NOT_OVERWRITE,
)
"""`POST /contact/create` (contract 5.1)."""

CONTACT_DELETE = Spec(PHONE_NUMBERS, OFF_LIST)
"""`DELETE /contact/delete` (contract 5.2)."""

LIST_NAMED = Spec(WHICH_LIST)
"""`POST /contact-list/create`, `DELETE /contact-list/delete` (contract 5.3, 5.5)."""

LIST_EMPTY = Spec(WHICH_LIST, DELETE_CONTACTS)
"""`POST /contact-list/empty` (contract 5.4)."""
