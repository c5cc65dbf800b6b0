"""From a refusal to the answer of the contract (2.3)."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TypedDict

from octavo.api.errors.languages import Language, language_of
from octavo.api.errors.wording import en, es, fr
from octavo.kit.errors import Refusal

UNWORDED = 400
"""The code whose words stand in for a code that has none."""

MAX_NAMED = 10
"""Recipients that a note names before it only counts."""

MAX_ECHO = 32
"""Characters of a recipient that a note repeats."""

_WORDINGS: Mapping[Language, Mapping[int, tuple[str, ...]]] = {
    Language.EN: en.WORDING,
    Language.FR: fr.WORDING,
    Language.ES: es.WORDING,
}
_NOTES = {Language.EN: en.NOTES, Language.FR: fr.NOTES, Language.ES: es.NOTES}


class Problem(TypedDict):
    """The code and the words of one problem."""

    code: int
    message: str


class Answer(Problem, total=False):
    """The body of a refused request; `errors` only when fields are to blame."""

    errors: dict[str, Problem]


def render(refusal: Refusal, languages: str | None) -> Answer:
    """The body that answers a refusal, in the best language of an `Accept-Language` header."""
    language = language_of(languages)
    answer: Answer = {
        "code": int(refusal.code),
        "message": say(refusal.code, language, refusal.data),
    }
    if refusal.fields:
        answer["errors"] = {
            name: {"code": int(problem.code), "message": say(problem.code, language, problem.data)}
            for name, problem in refusal.fields.items()
        }
    return answer


def say(code: int, language: Language, data: Mapping[str, str | int]) -> str:
    """The words for a code. A sentence whose data are not there is left out."""
    wording = _WORDINGS[language]
    clean = {name: _printable(str(value), 200) for name, value in data.items()}
    said = (_filled(sentence, clean) for sentence in wording.get(code, wording[UNWORDED]))
    return " ".join(filter(None, said))


def _filled(sentence: str, data: Mapping[str, str]) -> str:
    try:
        return sentence.format_map(data)
    except KeyError:
        return ""


def recipient_note(
    repeated: Sequence[str], bad: Sequence[str], language: Language, *, unserved: Sequence[str] = ()
) -> str:
    """The `message` of an accepted send (contract 4.16): who was named twice or left out, or ""."""
    notes = _NOTES[language]
    said = ((notes.repeated, repeated), (notes.unusable, bad), (notes.unserved, unserved))
    return " ".join(
        sentence.format(names=_names(people, notes.more)) for sentence, people in said if people
    )


def _names(people: Sequence[str], more: str) -> str:
    names = ", ".join(_printable(one, MAX_ECHO) or "?" for one in islice(people, MAX_NAMED))
    rest = len(people) - MAX_NAMED
    return f"{names} {more.format(count=rest)}" if rest > 0 else names


def _printable(text: str, longest: int) -> str:
    """Without control, format and other invisible characters, which could forge a line."""
    return "".join(char for char in text[: 4 * longest] if char.isprintable()).strip()[:longest]
