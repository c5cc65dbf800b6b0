"""Moments as people write them: the contract's ISO 8601 (11) and the habits of PHP, JavaScript
and Python.

A clock time without an offset is meant in a default zone (contract 11: Central European Time).
Where the clocks skip an hour, a time inside the gap is read with the offset from before the change
(02:30 becomes 03:30); where an hour comes twice, the first one is meant.
"""

import math
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from octavo.api.lenient.jsontext import JsonValue
from octavo.kit.clock import Instant, from_datetime

PARIS = ZoneInfo("Europe/Paris")

MAX_LENGTH = 100
"""Characters of the longest spelling (JavaScript's with the zone's name spelt out), with room."""

_LATEST = datetime(9999, 12, 30, tzinfo=UTC)
_EARLIEST = datetime(1, 1, 2, tzinfo=UTC)

_OFFSETS = {
    **dict.fromkeys(("Z", "UTC", "GMT", "UT", "WET"), 0),
    **dict.fromkeys(("CET", "MET", "BST", "WEST"), 1),
    **dict.fromkeys(("CEST", "MEST", "EET"), 2),
    "EEST": 3,
    # RFC 2822 4.3 fixes the American ones.
    **dict.fromkeys(("EST", "CDT"), -5),
    **dict.fromkeys(("CST", "MDT"), -6),
    **dict.fromkeys(("MST", "PDT"), -7),
    "EDT": -4,
    "PST": -8,
}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_CLOCK = (
    r"(?P<hour>\d{1,2})[:hH.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\.?)?"
)
# A "+" in a form field that was not escaped arrives as a blank: " 02:00" after a time is "+02:00".
_ZONE = (
    r"(?:\s*(?P<zone>[a-z]{1,4})?\s*(?:(?P<sign>[+\- \u2212])(?P<zh>\d{2}):?(?P<zm>\d{2})?)?"
    r"(?:\s*[\[(](?P<place>[^\])]*)[\])])?)?"
)
_BETWEEN = r"(?:\s*[t,_]\s*|\s+(?:at\s|à\s)?)"
_NUMERIC_DATE = (
    r"(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"|(?P<day2>\d{1,2})[-/.](?P<month2>\d{1,2})[-/.](?P<year2>\d{4}))"
)
_ENGLISH_DATE = (
    r"(?:[a-z]{3,9}\.?,?\s+)?(?:(?P<day>\d{1,2})[\s-]+(?P<month>[a-z]{3,9})\.?"
    r"|(?P<month2>[a-z]{3,9})\.?\s+(?P<day2>\d{1,2}))(?:,?[\s-]+(?P<year>\d{4}))"
)
_CTIME = (
    r"[a-z]{3}\s+(?P<month>[a-z]{3})\s+(?P<day>\d{1,2})\s+" + _CLOCK + r"(?P<zone>\s[a-z]{3,4})?"
    r"\s+(?P<year>\d{4})"
)
_FLAGS = re.IGNORECASE | re.ASCII
_SHAPES = (
    re.compile(f"{_NUMERIC_DATE}(?:{_BETWEEN}{_CLOCK}{_ZONE})?", _FLAGS),
    re.compile(f"{_ENGLISH_DATE}(?:{_BETWEEN}{_CLOCK}{_ZONE})?", _FLAGS),
    re.compile(_CTIME, _FLAGS),
)

_COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
_TICKS_PER_SECOND = {13: 1_000, 16: 1_000_000, 19: 1_000_000_000}


def read_moment(value: JsonValue, now: Instant, zone: tzinfo = PARIS) -> Instant | None:
    """The instant that `value` means, or None for "now": it is past, or nobody can read it."""
    moment = parse_moment(value, zone)
    return moment if moment is not None and moment > now else None


def parse_moment(value: JsonValue, zone: tzinfo = PARIS) -> Instant | None:
    """The instant that `value` means, past or not; None when nobody can read it.

    Reads texts, Unix timestamps and PHP's `{"date": ..., "timezone": ...}`.
    """
    try:
        moment = _read(value, zone)
        in_range = moment is not None and _EARLIEST <= moment <= _LATEST
    except (ValueError, OverflowError):
        return None
    return from_datetime(moment) if moment is not None and in_range else None


def _read(value: JsonValue, zone: tzinfo) -> datetime | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _from_digits(str(value), zone) if 0 <= value < 10**20 else None
    if isinstance(value, float):
        return _from_float(value, zone)
    if isinstance(value, dict):
        return _from_php(value, zone)
    return _from_text(value, zone) if isinstance(value, str) else None


def _from_text(text: str, zone: tzinfo) -> datetime | None:
    if len(text) > MAX_LENGTH:
        return None
    text = text.strip().replace("\xa0", " ").replace("\u202f", " ")
    if text.isascii() and text.replace(".", "", 1).isdigit():
        return _from_digits(text, zone) if text.isdigit() else _from_float(float(text), zone)
    try:
        return _placed(datetime.fromisoformat(text), zone)
    except ValueError:
        return _from_shapes(text, zone)


def _placed(moment: datetime, zone: tzinfo) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _from_digits(digits: str, zone: tzinfo) -> datetime | None:
    """The number of digits tells a compact date from a timestamp, and its unit."""
    compact = _COMPACT.get(len(digits))
    if compact and digits.startswith(("19", "20")):
        return datetime.strptime(digits, compact).replace(tzinfo=zone)
    ticks = _TICKS_PER_SECOND.get(len(digits), 1)
    seconds, rest = divmod(int(digits), ticks)
    return _since_epoch(seconds, rest * 1_000_000 // ticks)


def _from_float(value: float, zone: tzinfo) -> datetime | None:
    if not math.isfinite(value) or not 0 <= value < 1e19:
        return None
    if value == int(value):
        return _from_digits(str(int(value)), zone)
    ticks = _TICKS_PER_SECOND.get(len(str(int(value))), 1)
    return _since_epoch(0, round(value * (1_000_000 / ticks)))


def _since_epoch(seconds: int, microseconds: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, microseconds=microseconds)


def _from_php(value: dict[str, JsonValue], zone: tzinfo) -> datetime | None:
    """json_encode() of a PHP DateTime: {"date": "...", "timezone_type": 3, "timezone": "..."}."""
    date, place = value.get("date"), value.get("timezone")
    if not isinstance(date, str):
        return None
    return _from_text(date, (_zone_named(place) if isinstance(place, str) else None) or zone)


def _from_shapes(text: str, zone: tzinfo) -> datetime | None:
    text, zone = _without_place(text, zone)
    for shape in _SHAPES:
        match = shape.fullmatch(text)
        if match:
            return _build(match.groupdict(), zone)
    return None


def _without_place(text: str, zone: tzinfo) -> tuple[str, tzinfo]:
    """Takes a trailing zone name off: "2018-10-03 07:42 Europe/Paris"."""
    head, _, place = text.rpartition(" ")
    named = _zone_named(place) if head and "/" in place and place[0].isalpha() else None
    return (head.rstrip(), named) if named else (text, zone)


def _build(found: dict[str, str | None], zone: tzinfo) -> datetime | None:
    """The moment of a match. Raises ValueError when its numbers make no date."""
    year = int(found["year"] or found.get("year2") or 0)
    month = _month(found["month"] or found.get("month2") or "")
    day = int(found["day"] or found.get("day2") or 0)
    if month > 12 >= day and found.get("day2"):
        # 12/19/2024 can only be the American order; 03/10/2024 is the third of October.
        day, month = month, day
    hour = _hour(int(found["hour"] or 0), (found.get("half") or "").lower())
    part = ((found.get("part") or "") + "000000")[:6]
    offset = _offset(found, zone)
    if offset is None:
        return None
    minute, second = int(found["minute"] or 0), int(found["second"] or 0)
    return datetime(year, month, day, hour, minute, second, int(part), tzinfo=offset)


def _month(word: str) -> int:
    return int(word) if word.isdigit() else _MONTHS.index(word[:3].lower()) + 1


def _hour(hour: int, half: str) -> int:
    if not half:
        return hour
    if not 1 <= hour <= 12:
        raise ValueError(hour)
    return hour % 12 + (12 if half == "p" else 0)


def _offset(found: dict[str, str | None], zone: tzinfo) -> tzinfo | None:
    """The zone of a match: its offset, else its abbreviation, else its place, else `zone`."""
    name = (found.get("zone") or "").strip().upper()
    if name and name not in _OFFSETS:
        return None
    if found.get("zh"):
        minutes = int(found["zh"] or 0) * 60 + int(found["zm"] or 0)
        ahead = found["sign"] in ("+", " ")
        return timezone(timedelta(minutes=minutes if ahead else -minutes))
    if name:
        return timezone(timedelta(hours=_OFFSETS[name]))
    return _zone_named(found.get("place") or "") or zone


def _zone_named(name: str) -> tzinfo | None:
    """The zone of a name such as Europe/Paris, +02:00 or CEST; None when there is none."""
    name = name.strip()
    if name.upper() in _OFFSETS:
        return timezone(timedelta(hours=_OFFSETS[name.upper()]))
    if re.fullmatch(r"[+-]\d{2}:\d{2}", name, re.ASCII):
        return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
    if not re.fullmatch(r"[A-Za-z]+(?:/[A-Za-z0-9_+-]+){1,2}", name, re.ASCII):
        return None
    try:
        return ZoneInfo(name)
    except (ValueError, LookupError, OSError):
        return None
