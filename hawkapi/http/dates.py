"""HTTP dates as seconds since 1970-01-01 00:00:00 UTC, whatever the locale and the platform (RFC 9110 section 5.6.7).

::

    IMF-fixdate  = Sun, 06 Nov 1994 08:49:37 GMT      the only form that is written
    rfc850-date  = Sunday, 06-Nov-94 08:49:37 GMT     obsolete, read all the same
    asctime-date = Sun Nov  6 08:49:37 1994           ditto

Names are case-sensitive, the day of the week has to be that of the date, and nothing may stand around it.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime
from typing import Final

__all__ = ["format_http_date", "parse_http_date"]

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY_S: Final = 86_400
_WINDOW_YEARS: Final = 50

_LONG_DAY: Final = f"(?P<long>{'|'.join(DAYS)})"
_SHORT_DAY: Final = f"(?P<short>{'|'.join(day[:3] for day in DAYS)})"
_MONTH: Final = f"(?P<month>{'|'.join(MONTHS)})"
# 60 is a leap second.
_TIME: Final = "(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)"
_FORMS: Final = (
    re.compile(f"{_SHORT_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(f"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<two>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(f"{_SHORT_DAY} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


def parse_http_date(text: str, *, now: float | None = None) -> int | None:
    """Return the moment that an HTTP date names (RFC 9110 section 5.6.7).

    Args:
        text: one of the three forms, without white space around it.
        now: seconds since 1970; a year of two digits lies at most 50 years after it. Default: the clock's.

    Returns:
        Whole seconds since 1970, or `None` when the text is not such a date.
    """
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is not None:
            return _to_seconds(match.groupdict(), time.time() if now is None else now)
    return None


def format_http_date(seconds: float) -> str:
    """Return a moment as an IMF-fixdate (RFC 9110 section 5.6.7); a part of a second is dropped.

    Args:
        seconds: since 1970; negative before it.

    Raises:
        ValueError: the year is not between 1 and 9999.
    """
    try:
        days, rest = divmod(int(seconds // 1), _DAY_S)
        day = date.fromordinal(_EPOCH + days)
    except (OverflowError, ValueError):
        raise ValueError(f"{seconds!r} seconds since 1970 is no date of the years 1 to 9999") from None
    weekday, month = DAYS[day.weekday()][:3], MONTHS[day.month - 1]
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{weekday}, {day.day:02} {month} {day.year:04} {clock} GMT"


def _to_seconds(found: dict[str, str], now: float) -> int | None:
    month, number = MONTHS.index(found["month"]) + 1, int(found["day"])
    clock = int(found["hour"]) * 3600 + int(found["minute"]) * 60 + int(found["second"])
    year = int(found["year"]) if "year" in found else _full_year(int(found["two"]), (month, number, clock), now)
    try:
        day = date(year, month, number)
    except ValueError:
        return None
    name = DAYS[day.weekday()]
    if found.get("long", name) != name or found.get("short", name[:3]) != name[:3]:
        return None
    return (day.toordinal() - _EPOCH) * _DAY_S + clock


def _full_year(two_digits: int, within: tuple[int, int, int], now: float) -> int:
    """Return the latest year with these last digits that is at most 50 years ahead.

    Args:
        two_digits: of the year.
        within: month, day and second of the day; they decide in the fiftieth year.
        now: seconds since 1970.
    """
    moment = datetime.fromtimestamp(now, UTC)
    latest = moment.year + _WINDOW_YEARS
    if within > (moment.month, moment.day, moment.hour * 3600 + moment.minute * 60 + moment.second):
        latest -= 1
    return latest - (latest - two_digits) % 100
