"""The small integers that the tables store, under the design's words (design 3)."""

from enum import IntEnum, StrEnum


class MessageState(IntEnum):
    """Where one recipient of a campaign stands; the terms of the closing equation."""

    PENDING = 0
    ACCEPTED = 1
    DELIVERED = 2
    FAILED = 3
    SKIPPED = 4
    UNKNOWN = 5


class Skipped(StrEnum):
    """Why a message is not sent."""

    NO_NUMBER = "no_number"
    INVALID_NUMBER = "invalid_number"
    NO_PRICE = "no_price"
    OPTED_OUT = "opted_out"
    TEXT_MISSING = "text_missing"
    TEXT_TOO_LONG = "text_too_long"
    LEFT_AUDIENCE = "left_audience"
    NOT_SENT = "not_sent"
    CANCELED = "canceled"
    TOO_LATE = "too_late"


class SliceState(IntEnum):
    """Where a unit of dispatch stands."""

    PARKED = 0
    READY = 1
    LEASED = 2
    CLOSED = 3


class CampaignState(IntEnum):
    """Where an order stands."""

    UNDER_COMPUTATION = 0
    READY_TO_BE_SENT = 1
    SCHEDULED = 2
    SENDING = 3
    PAUSED = 4
    CANCELING = 5
    CANCELED = 6
    FINISHED = 7
    SEALED = 8
    FAILED = 9


class Purpose(IntEnum):
    """What an order is for; the lower, the sooner it leaves."""

    ALERT = 0
    WHOLESALE = 1


class InDoubt(IntEnum):
    """What becomes of a message whose answer was lost and that no receipt settles (P3)."""

    NEVER_REPEAT = 0
    REPEAT = 1


class Scope(IntEnum):
    """What a suppression stops: marketing only, or everything (P5)."""

    MARKETING = 0
    ALL = 1


class Match(IntEnum):
    """How a receipt found its message (design 7)."""

    NONE = 0
    ID = 1
    REFERENCE = 2
    RECIPIENT = 3
    GIVEN_UP = 4


class PartState(IntEnum):
    """What the carrier last said of one part."""

    ACCEPTED = 0
    DELIVERED = 1
    FAILED = 2


class TaskState(IntEnum):
    """Where a durable background job stands."""

    WAITING = 0
    LEASED = 1
    FAILED = 2


class EventKind(IntEnum):
    """Which fact an event tells."""

    DELIVERED = 0
    FAILED = 1
    UNKNOWN = 2
    SKIPPED = 3
    INBOUND = 4
    STOP = 5


class CallbackKind(IntEnum):
    """Which facts an address of an account is called with (contract 6)."""

    DELIVERIES = 0
    STOPS = 1
    INBOUNDS = 2
