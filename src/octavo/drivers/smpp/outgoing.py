"""From a submission to the submit_sm PDUs that carry it."""

from octavo.drivers.protocol import Submission
from octavo.drivers.smpp.addresses import recipient_digits, sender_address
from octavo.drivers.smpp.session import Part
from octavo.drivers.smpp.settings import SmppSettings, validity_period
from octavo.drivers.smpp.texts import Unsendable
from octavo.drivers.smpp.whole import Whole
from octavo.drivers.smpp.wire.status import Status, name_of
from octavo.drivers.smpp.wire.submit import SubmitWriter
from octavo.drivers.smpp.wire.tlv import Tag, write_tlvs
from octavo.kit.errors import OctavoError
from octavo.kit.tickets import short_reference

_SENDERS_KEPT = 1_000


class NotForThisRoute(OctavoError):
    """A message that no submit_sm of this route can hold. `code` is why."""

    says = "The message cannot be sent over this route"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def writer_for(settings: SmppSettings) -> SubmitWriter:
    """What all submit_sm of a route share. Raises ValueError for a setting that does not fit."""
    return SubmitWriter(
        service_type=settings.service_type.encode(),
        priority=settings.priority,
        validity=validity_period(settings.validity),
        registered_delivery=1 if settings.receipts else 0,
    )


class Outgoing:
    """Makes the parts of messages; the same each time for the same message."""

    def __init__(self, settings: SmppSettings, writer: SubmitWriter) -> None:
        self._settings = settings
        self._writer = writer
        self._heads: dict[str, bytes] = {}

    def parts(self, message: Submission) -> list[Part]:
        """The parts, in order. Raises NotForThisRoute."""
        head = self._heads.get(message.sender) or self._head(message.sender)
        try:
            to = recipient_digits(message.to)
        except ValueError:
            raise NotForThisRoute(name_of(Status.ESME_RINVDSTADR)) from None
        reference = short_reference(message.reference)
        tlvs = b""
        if self._settings.user_message_reference:
            tlvs = write_tlvs([(Tag.USER_MESSAGE_REFERENCE, reference.to_bytes(2, "big"))])
        try:
            pieces = self._settings.text.pieces(message.text, message.parts, reference, tlvs)
        except Unsendable:
            raise NotForThisRoute("text_too_long") from None
        if len(pieces) == 1:
            return [Part(message, head, to, pieces[0])]
        whole = Whole(message, len(pieces))
        return [Part(message, head, to, piece, no, whole) for no, piece in enumerate(pieces, 1)]

    def again(self, whole: Whole, parts: list[int]) -> list[Part]:
        """Some parts of a message, to be sent once more."""
        made = self.parts(whole.message)
        return [made[no - 1]._replace(whole=whole) for no in parts]

    def _head(self, sender: str) -> bytes:
        types = self._settings.addresses
        try:
            head = self._writer.head(sender_address(sender, types), *types.recipient)
        except ValueError:
            raise NotForThisRoute(name_of(Status.ESME_RINVSRCADR)) from None
        if len(self._heads) >= _SENDERS_KEPT:
            self._heads.clear()
        self._heads[sender] = head
        return head
