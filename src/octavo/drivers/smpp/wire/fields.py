"""Kinds of mandatory parameters (SMPP 3.4, 3.1, 5.2)."""

from typing import NamedTuple, Protocol, TypeAlias

from octavo.drivers.smpp.wire.errors import Malformed
from octavo.drivers.smpp.wire.status import Status


class Destination(NamedTuple):
    """One recipient of a submit_multi: an address, or with `is_list` a distribution list."""

    address: bytes
    ton: int = 0
    npi: int = 0
    is_list: bool = False


class Refused(NamedTuple):
    """One recipient that a submit_multi did not reach (4.5.3)."""

    address: bytes
    ton: int
    npi: int
    status: int


Value: TypeAlias = int | bytes | tuple[Destination, ...] | tuple[Refused, ...]


class Field(Protocol):
    """How one parameter is read and written."""

    @property
    def name(self) -> str:
        """As in the specification."""

    @property
    def empty(self) -> Value:
        """What is written when nothing is given."""

    def read(self, data: bytes, at: int, end: int) -> tuple[Value, int]:
        """The value and where the next parameter begins. Raises Malformed."""

    def write(self, value: Value) -> bytes:
        """The octets. Raises ValueError for a value that cannot be written."""


class Integer(NamedTuple):
    """An unsigned integer of `size` octets."""

    name: str
    size: int = 1

    @property
    def empty(self) -> int:
        """As Field."""
        return 0

    def read(self, data: bytes, at: int, end: int) -> tuple[int, int]:
        """As Field."""
        stop = at + self.size
        if stop > end:
            raise _short(self.name)
        return int.from_bytes(data[at:stop], "big"), stop

    def write(self, value: Value) -> bytes:
        """As Field."""
        if not isinstance(value, int) or not 0 <= value < 1 << (8 * self.size):
            raise ValueError(f"{self.name} is no integer of {self.size} octets")
        return value.to_bytes(self.size, "big")


class CString(NamedTuple):
    """Octets that end with a NUL: at most `most` with it. `error` is the answer to a longer one."""

    name: str
    most: int
    error: Status = Status.ESME_RINVPARLEN

    @property
    def empty(self) -> bytes:
        """As Field."""
        return b""

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        """As Field."""
        stop = data.find(b"\0", at, end)
        if stop < 0:
            raise _short(self.name)
        if stop - at >= self.most:
            raise Malformed(self.error, f"{self.name} is longer than {self.most} octets")
        return data[at:stop], stop + 1

    def write(self, value: Value) -> bytes:
        """As Field."""
        if not isinstance(value, bytes) or len(value) >= self.most or b"\0" in value:
            raise ValueError(f"{self.name} is no string of at most {self.most - 1} octets")
        return value + b"\0"


class ShortMessage(NamedTuple):
    """sm_length and short_message, as one: up to 254 octets (5.2.21)."""

    name: str = "short_message"
    most: int = 254

    @property
    def empty(self) -> bytes:
        """As Field."""
        return b""

    def read(self, data: bytes, at: int, end: int) -> tuple[bytes, int]:
        """As Field."""
        if at >= end:
            raise _short("sm_length")
        length = data[at]
        stop = at + 1 + length
        if length > self.most or stop > end:
            raise Malformed(Status.ESME_RINVMSGLEN, f"sm_length is {length}")
        return data[at + 1 : stop], stop

    def write(self, value: Value) -> bytes:
        """As Field."""
        if not isinstance(value, bytes) or len(value) > self.most:
            raise ValueError(f"{self.name} is longer than {self.most} octets")
        return bytes((len(value),)) + value


_FLAG = Integer("dest_flag")
_TON = Integer("dest_addr_ton")
_NPI = Integer("dest_addr_npi")
_ADDRESS = CString("destination_addr", 21, Status.ESME_RINVDSTADR)
_LIST = CString("dl_name", 21, Status.ESME_RINVDLNAME)
_ERROR = Integer("error_status_code", 4)


class Destinations(NamedTuple):
    """number_of_dests and dest_address(es) of submit_multi (4.5.1)."""

    name: str = "dest_addresses"

    @property
    def empty(self) -> tuple[()]:
        """As Field."""
        return ()

    def read(self, data: bytes, at: int, end: int) -> tuple[tuple[Destination, ...], int]:
        """As Field."""
        count, at = Integer("number_of_dests").read(data, at, end)
        found: list[Destination] = []
        for _ in range(count):
            flag, at = _FLAG.read(data, at, end)
            if flag == 2:
                address, at = _LIST.read(data, at, end)
                found.append(Destination(address, is_list=True))
            elif flag == 1:
                ton, npi, address, at = _read_address(data, at, end)
                found.append(Destination(address, ton, npi))
            else:
                raise Malformed(Status.ESME_RINVDESTFLAG, f"dest_flag {flag}")
        return tuple(found), at

    def write(self, value: Value) -> bytes:
        """As Field."""
        if not isinstance(value, tuple) or len(value) > 254:
            raise ValueError(f"{self.name} are no list of at most 254")
        return bytes((len(value),)) + b"".join(map(_write_destination, value))


class Unsuccessful(NamedTuple):
    """no_unsuccess and unsuccess_sme(s) of submit_multi_resp (4.5.2)."""

    name: str = "unsuccess_smes"

    @property
    def empty(self) -> tuple[()]:
        """As Field."""
        return ()

    def read(self, data: bytes, at: int, end: int) -> tuple[tuple[Refused, ...], int]:
        """As Field."""
        count, at = Integer("no_unsuccess").read(data, at, end)
        found: list[Refused] = []
        for _ in range(count):
            ton, npi, address, at = _read_address(data, at, end)
            status, at = _ERROR.read(data, at, end)
            found.append(Refused(address, ton, npi, status))
        return tuple(found), at

    def write(self, value: Value) -> bytes:
        """As Field."""
        if not isinstance(value, tuple) or len(value) > 255:
            raise ValueError(f"{self.name} are no list of at most 255")
        return bytes((len(value),)) + b"".join(map(_write_refused, value))


def _read_address(data: bytes, at: int, end: int) -> tuple[int, int, bytes, int]:
    ton, at = _TON.read(data, at, end)
    npi, at = _NPI.read(data, at, end)
    address, at = _ADDRESS.read(data, at, end)
    return ton, npi, address, at


def _write_address(ton: int, npi: int, address: bytes) -> bytes:
    return _TON.write(ton) + _NPI.write(npi) + _ADDRESS.write(address)


def _write_destination(one: Destination | Refused) -> bytes:
    if not isinstance(one, Destination):
        raise ValueError("dest_addresses are Destinations")  # noqa: TRY004 - as every bad value
    if one.is_list:
        return b"\2" + _LIST.write(one.address)
    return b"\1" + _write_address(one.ton, one.npi, one.address)


def _write_refused(one: Destination | Refused) -> bytes:
    if not isinstance(one, Refused):
        raise ValueError("unsuccess_smes are Refused")  # noqa: TRY004 - as every bad value
    return _write_address(one.ton, one.npi, one.address) + _ERROR.write(one.status)


def _short(name: str) -> Malformed:
    return Malformed(Status.ESME_RINVCMDLEN, f"it ends before {name} does")
