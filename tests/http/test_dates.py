"""HTTP dates."""

from __future__ import annotations

import pytest

from hawkapi.http.dates import format_http_date, parse_http_date

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", 784111777, id="imf-fixdate"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", 784111777, id="rfc-850"),
        pytest.param("Sun Nov  6 08:49:37 1994", 784111777, id="asctime"),
        pytest.param("Sun Nov 06 08:49:37 1994", 784111777, id="asctime-with-two-digits"),
        pytest.param("Thu, 01 Jan 1970 00:00:00 GMT", 0, id="epoch"),
        pytest.param("Wed, 31 Dec 1969 23:59:59 GMT", -1, id="before-the-epoch"),
        pytest.param("Mon, 01 Jan 0001 00:00:00 GMT", -62135596800, id="first-year"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 GMT", 253402300799, id="last-year"),
        pytest.param("Thu, 29 Feb 2024 12:00:00 GMT", 1709208000, id="leap-day"),
        pytest.param("Sat, 31 Dec 2016 23:59:60 GMT", 1483228800, id="leap-second"),
        pytest.param("Friday, 15-Jan-77 08:00:00 GMT", 3377923200, id="fifty-years-ahead"),
        pytest.param("Saturday, 15-Jan-77 08:00:01 GMT", 222163201, id="a-second-later"),
        pytest.param("Monday, 31-Jan-77 00:00:00 GMT", 223516800, id="days-later"),
        pytest.param("Thursday, 31-Dec-76 00:00:00 GMT", 3376598400, id="forty-nine-years-ahead"),
        pytest.param("Sunday, 15-Jan-78 00:00:00 GMT", 253670400, id="more-than-fifty-years-ahead"),
    ],
)
def test_parse_http_date(text: str, seconds: int) -> None:
    """Each of the three forms is read."""
    assert parse_http_date(text, now=NOW) == seconds


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("0", id="number"),
        pytest.param("1994-11-06T08:49:37Z", id="iso-8601"),
        pytest.param("Sun, 6 Nov 1994 08:49:37 GMT", id="one-digit"),
        pytest.param("Sun, 06 Nov 1994 08:49:37", id="no-zone"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 UTC", id="utc"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 +0000", id="offset"),
        pytest.param("sun, 06 nov 1994 08:49:37 gmt", id="lower-case"),
        pytest.param("06 Nov 1994 08:49:37 GMT", id="no-day-of-week"),
        pytest.param("Mon, 06 Nov 1994 08:49:37 GMT", id="other-day-of-week"),
        pytest.param("Monday, 06-Nov-94 08:49:37 GMT", id="other-day-of-week-in-full"),
        pytest.param("Sun, 06-Nov-94 08:49:37 GMT", id="short-day-in-rfc-850"),
        pytest.param("Wed, 30 Feb 2022 00:00:00 GMT", id="no-such-day"),
        pytest.param("Wed, 29 Feb 2023 00:00:00 GMT", id="no-leap-year"),
        pytest.param("Sun, 00 Nov 1994 08:49:37 GMT", id="day-zero"),
        pytest.param("Sat, 01 Jan 0000 00:00:00 GMT", id="year-zero"),
        pytest.param("Sun, 06 Nov 1994 24:00:00 GMT", id="hour-24"),
        pytest.param("Sun, 06 Nov 1994 08:60:00 GMT", id="minute-60"),
        pytest.param("Sun, 06 Nov 1994 08:49:61 GMT", id="second-61"),
        pytest.param(" Sun, 06 Nov 1994 08:49:37 GMT", id="space-before"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT\n", id="line-break-after"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT; length=1", id="text-after"),
        pytest.param("Sun, \u0660\u0666 Nov 1994 08:49:37 GMT", id="other-digits"),
        pytest.param("Sun Nov 6 08:49:37 1994", id="asctime-without-padding"),
    ],
)
def test_what_is_no_http_date(text: str) -> None:
    """Whatever else a text is, it is not a date."""
    assert parse_http_date(text, now=NOW) is None


def test_parse_http_date_by_the_clock() -> None:
    """Without a moment given, two digits of a year are read by the clock."""
    assert parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == 784111777


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        pytest.param(784111777, "Sun, 06 Nov 1994 08:49:37 GMT", id="whole"),
        pytest.param(784111777.999, "Sun, 06 Nov 1994 08:49:37 GMT", id="part-of-a-second"),
        pytest.param(-0.5, "Wed, 31 Dec 1969 23:59:59 GMT", id="before-the-epoch"),
        pytest.param(-62135596800, "Mon, 01 Jan 0001 00:00:00 GMT", id="first-year"),
        pytest.param(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT", id="last-year"),
    ],
)
def test_format_http_date(seconds: float, text: str) -> None:
    """A moment is written in the one form that is not obsolete."""
    assert format_http_date(seconds) == text


@pytest.mark.parametrize("seconds", [-62135596801, 253402300800, 1e300, float("nan"), float("inf")])
def test_format_http_date_outside_the_calendar(seconds: float) -> None:
    """A moment that the form has no room for is refused."""
    with pytest.raises(ValueError, match="is no date of the years 1 to 9999"):
        format_http_date(seconds)
