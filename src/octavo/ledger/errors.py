"""What the ledger cannot do for a link."""

from octavo.kit.errors import OctavoError


class LinkLost(OctavoError):
    """Another holder took the link: nothing was settled, nothing more may be sent."""


class LedgerDisagrees(OctavoError):
    """A message that this link holds is not where it should be; the link must be taken anew."""
