"""What is wrong with a PDU, in the protocol's own words."""

from octavo.drivers.smpp.wire.status import Status, name_of
from octavo.kit.errors import OctavoError


class Malformed(OctavoError):
    """A PDU cannot be read. `status` is what the specification wants it to be answered with."""

    says = "A PDU cannot be read"

    def __init__(self, status: Status, why: str) -> None:
        super().__init__(f"{name_of(status)}: {why}")
        self.status = status


class Unframed(Malformed):
    """The octets are no PDU: where the next one starts is not known, so the connection must end."""
