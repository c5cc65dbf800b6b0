"""The numbers of the problems that Octavo names itself, beside those of the contract (14).

The contract's own codes (101 to 2005) are raised by number where the rule is. Problems of single
fields that the contract leaves without a number are counted up from 443, after its 442.
"""

from enum import IntEnum


class FieldCode(IntEnum):
    """Codes inside `errors`, one per kind of problem with a field (contract 2.3)."""

    VOICE_LANGUAGE = 442
    BODY_UNREADABLE = 443
    BODY_NOT_OBJECT = 444
    BODY_TOO_DEEP = 445
    BODY_TOO_MANY_FIELDS = 446
    BODY_TOO_LONG = 447
    MISSING = 448
    UNKNOWN_VALUE = 449
    TEXT_TOO_LONG = 450
    NOT_AVAILABLE = 451
    NEEDS_OTHER = 455
    CANCEL_TOO_MANY_RECIPIENTS = 461
    CANCEL_TOO_LATE = 462
    CANCEL_TOO_OFTEN = 463
