"""What goes wrong is told in a plain sentence, not in the words of the code."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import pytest

import octavo
from octavo.cli.main import words
from octavo.kit.errors import OctavoError

WITH_THEIR_OWN_WORDS = {"BadSettings", "BadRoute", "Refusal"}
"""What they are raised with is the sentence."""

INSIDE = {
    *("LinkLost", "LedgerDisagrees", "StepFailed"),
    *("InsufficientCredit", "DuplicateRequest", "NobodyLeft"),
    *("AddressRefused", "EndpointLost"),
}
"""Caught by the worker or by the API; no command raises them."""


def errors(root: type[OctavoError] = OctavoError) -> Iterator[type[OctavoError]]:
    for error in root.__subclasses__():
        if error.__module__.startswith("octavo."):
            yield error
            yield from errors(error)


def told() -> list[type[OctavoError]]:
    for module in pkgutil.walk_packages(octavo.__path__, "octavo."):
        if not re.search("__main__|migrations", module.name):
            importlib.import_module(module.name)
    rest = WITH_THEIR_OWN_WORDS | INSIDE
    return sorted((e for e in errors() if e.__name__ not in rest), key=lambda e: e.__name__)


@pytest.mark.parametrize("error", told())
def test_an_error_that_a_person_meets_is_a_sentence(error: type[OctavoError]) -> None:
    assert re.fullmatch(r"[A-Z][^()\n]{15,}[^.()\s]", error.says)
    bare = OctavoError.__new__(error)
    assert words(bare) == error.says
    bare.args = ("this",)
    assert words(bare) == f"{error.says} (this)"


def test_an_error_with_its_own_words_says_them() -> None:
    assert words(OctavoError("It rains")) == "It rains"
