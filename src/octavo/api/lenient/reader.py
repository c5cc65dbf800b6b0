"""The declarative reader: what fields a request has, and what they read as (contract 2.4).

TEXT = Field("text", Text(), default=None, doc="The message.")
SEND = Spec(TEXT)
reading = SEND.read(payload, now)
reading[TEXT]        # str | None
reading.repaired     # names of the fields that were mended, cast or ignored
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, NamedTuple, TypeVar, cast

from octavo.api.lenient.jsontext import JsonValue, Mended, Payload, was_mended
from octavo.api.lenient.kinds import Kind, decoded_json, is_blank, sole
from octavo.api.lenient.spelling import bare
from octavo.kit.clock import Instant

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

METADATA = "metadata"
"""The object of the multi-channel send whose members are read like the top level (17 #24)."""

MAX_ODD_KEYS = 500
"""Unknown keys that are looked at for a field's name in another spelling."""


@dataclass(frozen=True, eq=False)
class Field(Generic[T_co]):
    """One named value of a request.

    `aliases` are other documented names; `group` is the object in which the documentation places
    it ("" = the top level), which is read like the top level; `default` is what an absent, blank
    or hopeless value reads as.
    """

    name: str
    kind: Kind[T_co]
    default: T_co
    doc: str
    aliases: tuple[str, ...] = ()
    group: str = ""
    required: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The name, then the aliases."""
        return (self.name, *self.aliases)

    def inside(self, group: str) -> "Field[T_co]":
        """The same field where the documentation places it inside an object."""
        return replace(self, group=group)


class Reading:
    """The typed values of one request."""

    __slots__ = ("_found", "repaired")

    def __init__(self, found: Mapping[str, "_Found"], repaired: tuple[str, ...]) -> None:
        self._found = found
        self.repaired = repaired
        """Names of the fields that were cast, mended or ignored (design P9)."""

    def __getitem__(self, field: Field[T]) -> T:
        """The value of a field of the spec."""
        return cast("T", self._found[field.name].value)

    def given(self, field: Field[object]) -> bool:
        """Whether the request has a usable value for the field."""
        return self._found[field.name].given

    def cleared(self, field: Field[object]) -> bool:
        """Whether the request has the field with null or "" only: in a PATCH that empties it."""
        return self._found[field.name].cleared


class _Found(NamedTuple):
    """What became of one field."""

    value: object
    given: bool = False
    cleared: bool = False
    repaired: bool = False


class Spec:
    """The fields of one request."""

    def __init__(self, *fields: Field[object]) -> None:
        self.fields = fields
        self._names = frozenset(name for field in fields for name in field.names)
        self._spellings = {field.name: _spellings(field.names) for field in fields}
        groups = (field.group for field in fields if field.group)
        self._groups = {name: _spellings((name,)) for name in (METADATA, *groups)}

    def read(self, payload: Payload, now: Instant) -> Reading:
        """Reads every field of the spec; keys that no field knows are ignored. Never raises."""
        layers, unusable = self._layers(payload)
        found = {field.name: self._find(field, layers, now) for field in self.fields}
        repaired = (name for name, one in found.items() if one.repaired)
        return Reading(found, tuple(dict.fromkeys((*unusable, *repaired))))

    def _layers(self, payload: Payload) -> tuple[list["_Layer"], list[str]]:
        """The top level, then the objects inside it that are read alike; and the unusable ones."""
        top = _Layer(payload, self._names)
        layers, unusable = [top], []
        for group in self._groups:
            for value, _ in top.values(self._groups[group]):
                inner = decoded_json(sole(value))
                if isinstance(inner, dict):
                    layers.append(_Layer(inner, self._names))
                elif not is_blank(inner):
                    unusable.append(group)
        return layers, unusable

    def _find(self, field: Field[object], layers: list["_Layer"], now: Instant) -> _Found:
        """Reads a field from the first place that has a usable value for it."""
        spoilt = cleared = False
        spellings = self._spellings[field.name]
        for layer in layers:
            for value, respelt in layer.values(spellings):
                mended = was_mended(value)
                if is_blank(value):
                    cleared = True
                    spoilt = spoilt or mended
                    continue
                read = field.kind.read(value, now)
                if read is not None:
                    repaired = spoilt or respelt or mended or read.repaired
                    return _Found(read.value, given=True, repaired=repaired)
                spoilt = True
        return _Found(field.default, cleared=cleared and not spoilt, repaired=spoilt)


class _Spellings(NamedTuple):
    """The names of a field, and the same names bare."""

    exact: tuple[str, ...]
    bare: tuple[str, ...]


def _spellings(names: tuple[str, ...]) -> _Spellings:
    return _Spellings(names, tuple(map(bare, names)))


class _Layer:
    """One object of the request, whose keys are found exactly or in another spelling."""

    __slots__ = ("_exact", "_mended", "_odd")

    def __init__(self, exact: Payload, known: frozenset[str]) -> None:
        self._exact = exact
        self._mended = {key for key in exact if isinstance(key, Mended)}
        unknown = (key for key in exact if key not in known)
        self._odd = {bare(key): key for key in islice(unknown, MAX_ODD_KEYS)}

    def values(self, names: _Spellings) -> list[tuple[JsonValue, bool]]:
        """Every value under one of the names, best first; true when its key was respelt."""
        exact = self._exact
        values = [(exact[name], name in self._mended) for name in names.exact if name in exact]
        if self._odd:
            odd = (self._odd.get(name) for name in names.bare)
            values += [(exact[key], True) for key in odd if key and key not in names.exact]
        return values
