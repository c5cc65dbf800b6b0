"""Which parameters each command has, in order (SMPP 3.4, 4)."""

from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.fields import (
    CString,
    Destinations,
    Field,
    Integer,
    ShortMessage,
    Unsuccessful,
)
from octavo.drivers.smpp.wire.status import Status

_SYSTEM_ID = CString("system_id", 16, Status.ESME_RINVSYSID)
_PASSWORD = CString("password", 9, Status.ESME_RINVPASWD)
_SERVICE_TYPE = CString("service_type", 6, Status.ESME_RINVSERTYP)
_MESSAGE_ID = CString("message_id", 65, Status.ESME_RINVMSGID)
_SCHEDULE = CString("schedule_delivery_time", 17, Status.ESME_RINVSCHED)
_VALIDITY = CString("validity_period", 17, Status.ESME_RINVEXPIRY)
_REGISTERED = Integer("registered_delivery")
_DATA_CODING = Integer("data_coding")
_DEFAULT_ID = Integer("sm_default_msg_id")


def _address(prefix: str, field: str, most: int, error: Status) -> tuple[Field, ...]:
    return Integer(f"{prefix}_ton"), Integer(f"{prefix}_npi"), CString(field, most, error)


_SOURCE = _address("source_addr", "source_addr", 21, Status.ESME_RINVSRCADR)
_DESTINATION = _address("dest_addr", "destination_addr", 21, Status.ESME_RINVDSTADR)
_LONG_SOURCE = _address("source_addr", "source_addr", 65, Status.ESME_RINVSRCADR)
_LONG_DESTINATION = _address("dest_addr", "destination_addr", 65, Status.ESME_RINVDSTADR)

_BIND: tuple[Field, ...] = (
    _SYSTEM_ID,
    _PASSWORD,
    CString("system_type", 13, Status.ESME_RINVSYSTYP),
    Integer("interface_version"),
    *_address("addr", "address_range", 41, Status.ESME_RINVPARLEN),
)
_BIND_RESP: tuple[Field, ...] = (_SYSTEM_ID,)
_MESSAGE_RESP: tuple[Field, ...] = (_MESSAGE_ID,)

_HOW: tuple[Field, ...] = (
    Integer("esm_class"),
    Integer("protocol_id"),
    Integer("priority_flag"),
    _SCHEDULE,
    _VALIDITY,
    _REGISTERED,
    Integer("replace_if_present_flag"),
    _DATA_CODING,
    _DEFAULT_ID,
    ShortMessage(),
)
_MESSAGE: tuple[Field, ...] = (_SERVICE_TYPE, *_SOURCE, *_DESTINATION, *_HOW)

LAYOUTS: dict[int, tuple[Field, ...]] = {
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _BIND_RESP,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSMITTER_RESP: _BIND_RESP,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_TRANSCEIVER_RESP: _BIND_RESP,
    Command.OUTBIND: (_SYSTEM_ID, _PASSWORD),
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.GENERIC_NACK: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.SUBMIT_SM: _MESSAGE,
    Command.SUBMIT_SM_RESP: _MESSAGE_RESP,
    Command.DELIVER_SM: _MESSAGE,
    Command.DELIVER_SM_RESP: _MESSAGE_RESP,
    Command.SUBMIT_MULTI: (_SERVICE_TYPE, *_SOURCE, Destinations(), *_HOW),
    Command.SUBMIT_MULTI_RESP: (_MESSAGE_ID, Unsuccessful()),
    Command.DATA_SM: (
        _SERVICE_TYPE,
        *_LONG_SOURCE,
        *_LONG_DESTINATION,
        Integer("esm_class"),
        _REGISTERED,
        _DATA_CODING,
    ),
    Command.DATA_SM_RESP: _MESSAGE_RESP,
    Command.QUERY_SM: (_MESSAGE_ID, *_SOURCE),
    Command.QUERY_SM_RESP: (
        _MESSAGE_ID,
        CString("final_date", 17),
        Integer("message_state"),
        Integer("error_code"),
    ),
    Command.CANCEL_SM: (_SERVICE_TYPE, _MESSAGE_ID, *_SOURCE, *_DESTINATION),
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: (
        _MESSAGE_ID,
        *_SOURCE,
        _SCHEDULE,
        _VALIDITY,
        _REGISTERED,
        _DEFAULT_ID,
        ShortMessage(),
    ),
    Command.REPLACE_SM_RESP: (),
    Command.ALERT_NOTIFICATION: (
        *_LONG_SOURCE,
        *_address("esme_addr", "esme_addr", 65, Status.ESME_RINVPARLEN),
    ),
}
