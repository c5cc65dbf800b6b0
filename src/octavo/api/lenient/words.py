"""The enumerations of the contract, with the words that people write for each value."""

from octavo.api.lenient.kinds import Choice

VOICE_WORDS = ("voice_sms", "vocal_sms", "sms_vocal", "sms_voice", "voice", "vocal")

_PREMIUM = ("premium_sms", "premium", "sms", "smspremium")
_LOW_COST = ("low_cost_sms", "low_cost", "lowcost", "sms_lowcost", "smslowcost", "standard")

# "FR", "WWW" and "X" thrice are the types of the first API (contract 15).
SMS_TYPE = Choice(
    {
        # Contract 17 #1: on an SMS path a voice word means premium.
        "sms_premium": (*_PREMIUM, *VOICE_WORDS, "FR", "WWW"),
        "sms_low_cost": (*_LOW_COST, "sms_standard", "XXX"),
    }
)

PURPOSE = Choice(
    {
        "alert": (
            *("alerte", "alerta", "alerts", "transactional", "transactionnel", "transaccional"),
            *("transactionnelle", "transactional/alert", "transaction"),
        ),
        "wholesale": ("marketing", "mercadotecnia", "commercial", "promotional", "bulk"),
    }
)

CHANNEL = Choice(
    {
        "sms": ("text_sms", "sms_premium", "sms_low_cost"),
        "voice_sms": VOICE_WORDS,
        "rcs": ("rcs_message",),
        "email": ("mail", "e_mail", "emailing", "correo"),
        "live_chat": ("livechat", "chat"),
    }
)

PRODUCT = Choice(
    {
        "sms_premium": _PREMIUM,
        "sms_low_cost": (*_LOW_COST, "sms_standard"),
        "vocal_sms": VOICE_WORDS,
        "hlr": ("hlr_lookup",),
    }
)

ALERT_TYPE = Choice({"sms_premium": _PREMIUM, "sms_low_cost": _LOW_COST})
