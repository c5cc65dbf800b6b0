"""Every spelling of a moment that the contract, PHP, JavaScript and Python produce."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from octavo.api.lenient.dates import parse_moment, read_moment
from octavo.api.lenient.jsontext import JsonValue
from octavo.kit.clock import SECOND, Instant, from_datetime

MOMENT = datetime(2018, 10, 3, 7, 42, 39, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    "spelling",
    [
        "2018-10-03T07:42:39+02:00",
        "2018-10-03T07:42:39+0200",
        "2018-10-03T07:42:39+02",
        "2018-10-03T05:42:39Z",
        "2018-10-03t05:42:39z",
        "2018-10-03T05:42:39.000Z",
        "2018-10-03T05:42:39.000000Z",
        "2018-10-02T22:42:39-07:00",
        "2018-10-02T22:42:39\u221207:00",
        # Naive: Europe/Paris, which was on summer time.
        "2018-10-03T07:42:39",
        "2018-10-03 07:42:39",
        "  2018-10-03 07:42:39  ",
        "2018-10-03 07:42:39.000",
        "2018-10-03 07:42:39 +02:00",
        "2018-10-03 05:42:39 UTC",
        "2018-10-03 07:42:39 Europe/Paris",
        "2018-10-03 01:42:39 America/New_York",
        "2018/10/03 07:42:39",
        "2018-10-3 7:42:39",
        "20181003T074239+0200",
        "20181003074239",
        # A "+" that a form turned into a blank.
        "2018-10-03T07:42:39 02:00",
        "2018-10-03T07:42:39 0200",
        # Day first, as in Europe.
        "03/10/2018 07:42:39",
        "3.10.2018 07:42:39",
        "03-10-2018 07:42:39",
        "03/10/2018, 07:42:39",
        "03/10/2018 7:42:39 AM",
        # PHP: DATE_RFC2822, DATE_RFC850 with four digits, json_encode(new DateTime).
        "Wed, 03 Oct 2018 07:42:39 +0200",
        "Wednesday, 03-Oct-2018 05:42:39 UTC",
        {"date": "2018-10-03 07:42:39.000000", "timezone_type": 3, "timezone": "Europe/Paris"},
        {"date": "2018-10-03 07:42:39.000000", "timezone_type": 1, "timezone": "+02:00"},
        # JavaScript: toString, toUTCString; with the zone spelt out.
        "Wed Oct 03 2018 07:42:39 GMT+0200 (CEST)",
        "Wed Oct 03 2018 07:42:39 GMT+0200 (Central European Summer Time)",
        "Wed, 03 Oct 2018 05:42:39 GMT",
        # Java's ZonedDateTime.
        "2018-10-03T07:42:39+02:00[Europe/Paris]",
        # C's asctime and date(1).
        "Wed Oct  3 07:42:39 2018",
        "Wed Oct  3 07:42:39 CEST 2018",
        "October 3, 2018 07:42:39",
        # Unix time.
        1538545359,
        "1538545359",
        1538545359000,
        "1538545359000",
        1538545359.0,
        "1538545359.0",
        1538545359000.0,
        1538545359000000,
    ],
)
def test_every_spelling_means_the_same_moment(spelling: JsonValue) -> None:
    assert parse_moment(spelling) == from_datetime(MOMENT)


@pytest.mark.parametrize(
    ("spelling", "moment"),
    [
        ("2018-10-03", datetime(2018, 10, 2, 22, tzinfo=UTC)),
        ("20181003", datetime(2018, 10, 2, 22, tzinfo=UTC)),
        (20181003, datetime(2018, 10, 2, 22, tzinfo=UTC)),
        ("03/10/2018", datetime(2018, 10, 2, 22, tzinfo=UTC)),
        ("2018-10-03 07:42", datetime(2018, 10, 3, 5, 42, tzinfo=UTC)),
        ("2018-10-03T05:42:39.123456Z", datetime(2018, 10, 3, 5, 42, 39, 123456, tzinfo=UTC)),
        ("2018-10-03T05:42:39.123456789Z", datetime(2018, 10, 3, 5, 42, 39, 123456, tzinfo=UTC)),
        ("1538545359.5", datetime(2018, 10, 3, 5, 42, 39, 500000, tzinfo=UTC)),
        (1538545359123, datetime(2018, 10, 3, 5, 42, 39, 123000, tzinfo=UTC)),
        # Only the American order makes sense of it.
        ("12/19/2024 10:00 PM", datetime(2024, 12, 19, 21, tzinfo=UTC)),
        ("19/12/2024 12:05 am", datetime(2024, 12, 18, 23, 5, tzinfo=UTC)),
        # The hour that spring leaves out: an hour later on the clock.
        ("2024-03-31T02:30:00", datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
        ("31/03/2024 02:30", datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
        # The hour that autumn repeats: its first pass.
        ("2024-10-27T02:30:00", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
        ("27/10/2024 02:30", datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_partial_and_ambiguous_spellings_have_one_meaning(
    spelling: JsonValue, moment: datetime
) -> None:
    assert parse_moment(spelling) == from_datetime(moment)


@pytest.mark.parametrize(
    "nonsense",
    [
        *(None, True, False, [], {}, "", "now", "tomorrow", "soon", "2018-13-03", "2018-02-30"),
        *("2018-10-03T25:00:00", "99/99/2018", "13:00 PM 2018-01-01", "13/10/2018 13:00 PM"),
        *("2018-10-03 07:42 XYZ", "2018-10-03T07:42:39+99:99", "9999-12-31T23:59:59Z"),
        *("0001-01-01T00:00:00+14:00", -1, 10**19 * 9, 10**400, float("nan"), float("inf"), 1e300),
        *("²³", "1.2.3", "." * 50, " " * 1000, "9" * 99, "2018-10-03" + " " * 200, "Foo 3 2018"),
        *({"date": 5}, {"date": {"date": "x"}}, "2018-10-03 07:42 ../../etc/passwd"),
        *("\x00", "\ud800", "2018-10-03T07:42:39[]", "99999999999999", "00000000"),
    ],
)
def test_nonsense_is_no_moment_that_could_ever_come(nonsense: JsonValue) -> None:
    assert read_moment(nonsense, from_datetime(MOMENT)) is None


def test_a_past_moment_is_now() -> None:
    at = from_datetime(MOMENT)
    assert read_moment("2018-10-03T07:42:39+02:00", at) is None
    assert read_moment("2018-10-03T07:42:39+02:00", Instant(at - 1)) == at
    assert read_moment("2018-10-03T07:42:40+02:00", at) == at + SECOND


def test_a_far_but_real_date_is_respected() -> None:
    assert read_moment("2099-01-01T00:00:00Z", Instant(0)) is not None
