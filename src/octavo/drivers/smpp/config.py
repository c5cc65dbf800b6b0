"""A route's settings as they are kept: names with plain values, text where a person typed them."""

import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

from octavo.drivers.protocol import Fault
from octavo.drivers.smpp.addresses import AddressTypes, Type
from octavo.drivers.smpp.identifiers import IdHabit
from octavo.drivers.smpp.outgoing import writer_for
from octavo.drivers.smpp.receipts import ReceiptFrom
from octavo.drivers.smpp.settings import BindType, ReceiptAddresses, SmppSettings
from octavo.drivers.smpp.texts import Charset, Long, TextStyle
from octavo.drivers.smpp.wire.commands import Command
from octavo.drivers.smpp.wire.pdu import Pdu, encode
from octavo.kit.errors import OctavoError

Plain = str | int | float | bool | None
T = TypeVar("T")


class BadSmppSetting(OctavoError):
    """A setting of an SMPP route that cannot be; the text says which and why."""

    says = "A setting of this SMPP route cannot be"


class _Given:
    """Settings by name; each is asked for once, what is left over nobody knows."""

    def __init__(self, values: Mapping[str, Plain]) -> None:
        self._left = {name: value for name, value in values.items() if value is not None}

    def take(self, name: str, read: Callable[[str], T], default: T) -> T:
        """One value. Raises BadSmppSetting when `read` raises ValueError."""
        if name not in self._left:
            return default
        value = self._left.pop(name)
        try:
            return read(str(value))
        except (ValueError, KeyError, OSError) as error:
            raise BadSmppSetting(f"{name}={value}: {error}") from None

    def end(self) -> None:
        """Raises BadSmppSetting for a name that was not asked for."""
        for name in self._left:
            raise BadSmppSetting(f"{name} is no setting of an SMPP route")


def read_settings(values: Mapping[str, Plain], *, window: int) -> SmppSettings:
    """The settings of a route, with the password from its file.

    Raises BadSmppSetting.
    """
    given = _Given(values)
    standard = AddressTypes()
    text = TextStyle(
        charset=given.take("charset", Charset, Charset.GSM7),
        data_coding=given.take("data_coding", _octet, 0),
        long=given.take("long", Long, Long.UDH8),
    )
    addresses = AddressTypes(
        international=given.take("international", _type, standard.international),
        short=given.take("short", _type, standard.short),
        alphanumeric=given.take("alphanumeric", _type, standard.alphanumeric),
        recipient=given.take("recipient", _type, standard.recipient),
    )
    try:
        settings = SmppSettings(
            window=window,
            host=given.take("host", str, ""),
            port=given.take("port", _port, 2775),
            system_id=given.take("system_id", str, ""),
            password=given.take("password_file", _first_line, ""),
            system_type=given.take("system_type", str, ""),
            address_range=given.take("address_range", str, ""),
            bind=given.take("bind", BindType, BindType.TRANSCEIVER),
            tls=_tls(given),
            tls_name=given.take("tls_name", _name, None),
            connect_timeout=given.take("connect_timeout", float, 10.0),
            response_timeout=given.take("response_timeout", float, 20.0),
            enquire_every=given.take("enquire_every", float, 30.0),
            service_type=given.take("service_type", str, ""),
            priority=given.take("priority", int, 0),
            validity=given.take("validity", int, 0),
            receipts=given.take("receipts", _yes, True),  # noqa: FBT003 - a default
            user_message_reference=given.take("user_message_reference", _yes, True),  # noqa: FBT003
            text=text,
            addresses=addresses,
            id_habit=given.take("id_habit", IdHabit, IdHabit.EXACT),
            receipt_from=given.take("receipt_from", ReceiptFrom, ReceiptFrom.BOTH),
            receipt_addresses=given.take(
                "receipt_addresses", ReceiptAddresses, ReceiptAddresses.NORMAL
            ),
            zone=given.take("zone", _zone, None),
            faults=given.take("faults", _faults, {}),
        )
    except ValueError as error:
        raise BadSmppSetting(str(error)) from None
    given.end()
    _try_out(settings)
    return settings


def _try_out(settings: SmppSettings) -> None:
    """Writes what goes to every carrier: what no PDU holds is better known at once."""
    if not settings.host:
        raise BadSmppSetting("host is missing")
    fields = {
        "system_id": settings.system_id.encode(),
        "password": settings.password.encode(),
        "system_type": settings.system_type.encode(),
        "address_range": settings.address_range.encode(),
    }
    try:
        writer_for(settings)
        encode(Pdu(Command.BIND_TRANSCEIVER, 1, fields=fields))
    except ValueError as error:
        raise BadSmppSetting(str(error)) from None


def _tls(given: _Given) -> ssl.SSLContext | None:
    wanted = given.take("tls", _yes, False)  # noqa: FBT003 - a default
    authority = given.take("tls_ca", _context, None)
    if not wanted:
        return None
    return authority or ssl.create_default_context()


def _context(path: str) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=path)


def _name(text: str) -> str | None:
    return text or None


def _zone(text: str) -> ZoneInfo | None:
    return ZoneInfo(text)


def _first_line(path: str) -> str:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return lines[0] if lines else ""


def _port(text: str) -> int:
    return _within(text, 1, 65535)


def _octet(text: str) -> int:
    return _within(text, 0, 255)


def _within(text: str, least: int, most: int) -> int:
    number = int(text, 0)
    if not least <= number <= most:
        raise ValueError(f"it is {least} to {most}")
    return number


def _yes(text: str) -> bool:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[
        text.lower()
    ]


def _type(text: str) -> Type:
    ton, _, npi = text.partition("/")
    return Type(_octet(ton), _octet(npi))


def _faults(text: str) -> dict[int, Fault]:
    """`0x45=permanent,0x401=temporary`."""
    pairs = (pair.partition("=") for pair in text.split(","))
    return {int(status, 0): Fault(fault) for status, _, fault in pairs}
