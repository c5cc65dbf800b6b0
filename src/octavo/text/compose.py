"""The text of one message, the same at planning (to count parts) and at sending."""

from collections.abc import Mapping

from octavo.text.optimise import optimise
from octavo.text.personalise import Template


class Composer:
    """Makes each recipient's text from an order's; `optimising` unless the order forbids it."""

    def __init__(self, text: str, *, optimising: bool) -> None:
        self._template = Template(optimise(text) if optimising else text)
        self._optimising = optimising

    @property
    def personal(self) -> bool:
        """Recipients get different texts."""
        return bool(self._template.placeholders)

    @property
    def placeholders(self) -> tuple[str, ...]:
        """The fields that the text uses."""
        return self._template.placeholders

    def compose(self, fields: Mapping[str, str]) -> str:
        """One recipient's text; values are optimised too, and the spaces of empty ones go."""
        text = self._template.render(fields)
        return optimise(text) if self._optimising and self.personal else text
