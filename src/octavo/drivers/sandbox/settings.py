"""The dials of one sandbox link."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSettings:
    """How one sandbox link behaves. Delays are in seconds, fractions from 0 to 1.

    `link` is unique among the sandbox links that share `data_dir`, whatever their route; it names
    the link's checkpoint. Link 0 also takes the replies dropped by hand.
    The fractions bear on numbers that are not in the table of magic numbers.
    """

    data_dir: Path
    link: int = 0
    window: int = 100
    """Parts in flight without answer."""
    answer_latency: float = 0.005
    response_timeout: float = 10.0
    """An answer that takes this long or longer is no answer: the outcome is `unknown`."""
    receipt_delay_min: float = 0.1
    receipt_delay_max: float = 1.5
    reports: bool = True
    """Whether this carrier gives delivery reports at all."""
    refused: float = 0.0
    """Fraction of messages refused for good."""
    throttled: float = 0.0
    unknown: float = 0.0
    """Fraction of messages that the carrier takes and delivers without ever answering."""
    unreported: float = 0.0
    """Fraction of accepted messages whose receipt never comes."""

    def __post_init__(self) -> None:
        """Raises ValueError when a dial is out of its range."""
        if self.link < 0 or self.window < 1:
            raise ValueError("link must be 0 or more, window 1 or more")
        if not 0 <= self.receipt_delay_min <= self.receipt_delay_max:
            raise ValueError("receipt delays must not be negative, the least not above the most")
        if self.answer_latency < 0 or self.response_timeout <= 0:
            raise ValueError("answer_latency must not be negative, response_timeout above 0")
        shares = (self.refused, self.throttled, self.unknown)
        if min(*shares, self.unreported) < 0 or sum(shares) > 1 or self.unreported > 1:
            raise ValueError(
                "fractions must be 0 to 1, and refused + throttled + unknown at most 1"
            )
