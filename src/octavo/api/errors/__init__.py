"""The wording of refusals: numbers and data come from the rules, sentences live only here."""

from octavo.api.errors.codes import FieldCode
from octavo.api.errors.languages import Language, language_of
from octavo.api.errors.render import recipient_note, render, say

__all__ = ["FieldCode", "Language", "language_of", "recipient_note", "render", "say"]
