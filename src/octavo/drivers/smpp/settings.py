"""How one route speaks to its carrier."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from octavo.drivers.protocol import Fault
from octavo.drivers.smpp.addresses import AddressTypes
from octavo.drivers.smpp.identifiers import IdHabit
from octavo.drivers.smpp.receipts import ReceiptFrom
from octavo.drivers.smpp.texts import TextStyle
from octavo.drivers.smpp.wire.commands import Command

_LONGEST = 3_600


class BindType(StrEnum):
    """Which binds make one link."""

    TRANSCEIVER = "trx"
    TRANSMITTER = "tx"
    """Sends only: receipts come over another link, or not at all."""
    PAIR = "tx_rx"
    """A transmitter and a receiver, for carriers of SMPP 3.3."""

    @property
    def commands(self) -> tuple[Command, ...]:
        """The one that sends is the first."""
        return _BINDS[self]


_BINDS = {
    BindType.TRANSCEIVER: (Command.BIND_TRANSCEIVER,),
    BindType.TRANSMITTER: (Command.BIND_TRANSMITTER,),
    BindType.PAIR: (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
}


class ReceiptAddresses(StrEnum):
    """What the addresses of a carrier's receipts are."""

    NORMAL = "normal"
    """From the recipient, to our sender."""
    SWAPPED = "swapped"
    """Those of the message: from our sender, to the recipient."""
    ABSENT = "absent"
    """Not to be trusted: only the id counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppSettings:
    """One route's settings, the same for each of its links. Times are in seconds.

    `faults` overrides whose fault a command_status is; `zone` is that of the times in receipts:
    without one the time of arrival counts.
    """

    host: str
    port: int
    system_id: str
    password: str = field(default="", repr=False)
    system_type: str = ""
    address_range: str = ""
    bind: BindType = BindType.TRANSCEIVER
    tls: ssl.SSLContext | None = None
    tls_name: str | None = None
    """The name in the carrier's certificate; that of the host when it is None."""
    window: int = 100
    """Parts in flight without answer."""
    connect_timeout: float = 10.0
    response_timeout: float = 20.0
    enquire_every: float = 30.0
    """Of silence, before enquire_link."""
    service_type: str = ""
    priority: int = 0
    validity: int = 0
    """After which the carrier gives up; 0 leaves it to the carrier."""
    receipts: bool = True
    user_message_reference: bool = True
    """Some carriers refuse optional parameters that they do not know."""
    text: TextStyle = field(default_factory=TextStyle)
    addresses: AddressTypes = field(default_factory=AddressTypes)
    id_habit: IdHabit = IdHabit.EXACT
    receipt_from: ReceiptFrom = ReceiptFrom.BOTH
    receipt_addresses: ReceiptAddresses = ReceiptAddresses.NORMAL
    zone: ZoneInfo | None = None
    faults: Mapping[int, Fault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises ValueError when a setting is out of its range."""
        if self.window < 1:
            raise ValueError("a window is 1 or more")
        times = (self.connect_timeout, self.response_timeout, self.enquire_every)
        if not all(0 < seconds <= _LONGEST for seconds in times):
            raise ValueError(f"times are above 0, at most {_LONGEST} s")
        if not 0 <= self.priority <= 3 or not 0 <= self.validity < 100 * 24 * 3600:
            raise ValueError("a priority is 0 to 3, a validity under 100 days")


def validity_period(seconds: int) -> bytes:
    """A relative validity_period (SMPP 3.4, 7.1.1.2); empty for 0."""
    if not seconds:
        return b""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"0000{days:02d}{hour:02d}{minute:02d}{second:02d}000R".encode("ascii")
