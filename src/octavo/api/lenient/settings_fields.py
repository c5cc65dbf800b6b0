"""The fields of the balance question (contract 5.7) and of the campaign parameters (5.13)."""

from octavo.api.lenient.contactkinds import Country, Email, Phone, Sender, Url
from octavo.api.lenient.kinds import Bool, Integer, Many, Text
from octavo.api.lenient.reader import Field, Spec
from octavo.api.lenient.words import ALERT_TYPE as ALERT_TYPES
from octavo.api.lenient.words import PRODUCT

COUNTRY_CODE = Field(
    "country_code",
    Country(),
    default=None,
    doc="Country (ISO 3166-1, two letters) whose price counts; goes with product_name. "
    "Default: the balance is in euros.",
)
PRODUCT_NAME = Field(
    "product_name",
    PRODUCT,
    default=None,
    doc="Product to count the balance in; goes with country_code. "
    "Default: the balance is in euros.",
)
WITH_DETAILS = Field(
    "with_details",
    Bool(),
    default=False,
    doc="Whether to list the packs.",
)

CHECK_BALANCE = Spec(COUNTRY_CODE, PRODUCT_NAME, WITH_DETAILS)
"""`GET /wallet/check-balance` (contract 5.7)."""

_ALERTS = "sms_campaign_alert_parameters"
_DEFAULTS = "campaign_parameters"
_CALLBACKS = "callbacks"

ALERT_TYPE = Field(
    "alert_type",
    ALERT_TYPES,
    default=None,
    doc="Product in which alert_bound counts.",
    group=_ALERTS,
)
ALERT_BOUND = Field(
    "alert_bound",
    Integer(0, 1_000_000_000),
    default=None,
    doc="Balance below which a warning is sent.",
    group=_ALERTS,
)
ALERT_EMAILS_TO = Field(
    "alert_emails_to",
    Many(Email(), most=20),
    default=None,
    doc="E-mail addresses to warn. alert_email_to, one address or several, is read too.",
    aliases=("alert_email_to",),
    group=_ALERTS,
)
ALERT_PHONE = Field(
    "alert_phone_number_to",
    Phone(),
    default=None,
    doc="Mobile number to warn.",
    group=_ALERTS,
)
SENDER_SMS = Field(
    "sender_for_sms_premium",
    Sender(),
    default=None,
    doc="Default sender of SMS: 3 to 11 letters, digits and spaces.",
    group=_DEFAULTS,
)
SENDER_VOICE = Field(
    "sender_for_voice_sms",
    Sender(digits_only=True),
    default=None,
    doc="Default sender of voice messages: 3 to 11 digits.",
    aliases=("sender_for_vocal_sms",),
    group=_DEFAULTS,
)
TEST_PHONE = Field(
    "phone_number_for_test_sms",
    Phone(),
    default=None,
    doc="Number offered for test SMS.",
    group=_DEFAULTS,
)


def _callback(name: str, told: str, *aliases: str) -> Field[str | None]:
    doc = f"Address that is told of {told}."
    return Field(name, Url(), default=None, doc=doc, aliases=aliases, group=_CALLBACKS)


URL_DELIVERIES = _callback("callback_url_for_deliveries", "deliveries on every channel")
URL_SMS_DELIVERIES = _callback("callback_url_for_sms_deliveries", "deliveries of SMS")
URL_VOICE_DELIVERIES = _callback(
    "callback_url_for_voice_sms_deliveries",
    "deliveries of voice messages",
    "callback_url_for_vocal_sms_deliveries",
)
URL_BLACKLISTED = _callback("callback_url_for_blacklisted_numbers", "opt-outs")
URL_VISITS = _callback("callback_url_for_visits", "landing-page visits")
URL_INBOUNDS = _callback("callback_url_for_inbounds", "inbound messages")
EMAIL_INBOUNDS = Field(
    "email_for_inbounds",
    Email(),
    default=None,
    doc="E-mail address that inbound messages are forwarded to.",
    group=_CALLBACKS,
)
API_VERSION = Field(
    "api_version",
    Text(32, trim=True),
    default=None,
    doc="Version of the callbacks' body.",
    group=_CALLBACKS,
)
METADATA_NODE = Field(
    "use_metadata_node_for_inbound",
    Bool(),
    default=None,
    doc="Whether inbound callbacks carry a metadata node.",
    group=_CALLBACKS,
)

CAMPAIGN_PARAMETERS = Spec(
    ALERT_TYPE,
    ALERT_BOUND,
    ALERT_EMAILS_TO,
    ALERT_PHONE,
    SENDER_SMS,
    SENDER_VOICE,
    TEST_PHONE,
    URL_DELIVERIES,
    URL_SMS_DELIVERIES,
    URL_VOICE_DELIVERIES,
    URL_BLACKLISTED,
    URL_VISITS,
    URL_INBOUNDS,
    EMAIL_INBOUNDS,
    API_VERSION,
    METADATA_NODE,
)
"""`PATCH /user/campaign-parameters/edit` (contract 5.13); `Reading.cleared` tells null and ""."""
