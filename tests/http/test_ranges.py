"""Byte ranges."""

from __future__ import annotations

import pytest

from hawkapi.http.ranges import UNSATISFIABLE, Unsatisfiable, content_range, parse_range, unsatisfied_range


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        pytest.param("bytes=0-0", [(0, 1)], id="first-byte"),
        pytest.param("bytes=2-5", [(2, 6)], id="middle"),
        pytest.param("bytes=9-9", [(9, 10)], id="last-byte"),
        pytest.param("bytes=5-", [(5, 10)], id="to-the-end"),
        pytest.param("bytes=0-", [(0, 10)], id="everything"),
        pytest.param("bytes=5-99", [(5, 10)], id="beyond-the-end"),
        pytest.param("bytes=5-99999999999999999999", [(5, 10)], id="twenty-digits"),
        pytest.param("bytes=-3", [(7, 10)], id="last-bytes"),
        pytest.param("bytes=-10", [(0, 10)], id="exactly-all"),
        pytest.param("bytes=-99", [(0, 10)], id="more-than-all"),
        pytest.param("BYTES=0-0", [(0, 1)], id="unit-without-case"),
        pytest.param("bytes=0-0 ,, 5-5,", [(0, 1), (5, 6)], id="white-space-and-empty-elements"),
        pytest.param("bytes=7-8,0-1", [(7, 9), (0, 2)], id="order-is-kept"),
        pytest.param("bytes=0-3,2-5", [(0, 6)], id="overlapping"),
        pytest.param("bytes=0-1,2-3", [(0, 4)], id="touching"),
        pytest.param("bytes=8-9,0-1,1-8", [(0, 10)], id="joined-by-a-third"),
        pytest.param("bytes=8-8,0-0,4-4,4-5", [(8, 9), (0, 1), (4, 6)], id="order-after-joining"),
        pytest.param("bytes=5-6,9-9,4-5", [(4, 7), (9, 10)], id="joined-stands-where-its-first-stood"),
        pytest.param("bytes=0-9,3-4", [(0, 10)], id="within-another"),
        pytest.param("bytes=-1,0-0", [(9, 10), (0, 1)], id="mixed"),
        pytest.param("bytes=10-,0-0", [(0, 1)], id="one-of-two-has-bytes"),
        pytest.param("bytes=-0,0-0", [(0, 1)], id="last-none-of-two"),
    ],
)
def test_parse_range(header: str, parts: list[tuple[int, int]]) -> None:
    """Parts of ten bytes come as slices, in the order asked for, without overlap."""
    assert parse_range(header, 10) == parts


@pytest.mark.parametrize(
    ("header", "size"),
    [("bytes=10-", 10), ("bytes=10-20", 10), ("bytes=-0", 10), ("bytes=10-,99-", 10), ("bytes=0-", 0), ("bytes=-0", 0)],
)
def test_range_without_bytes(header: str, size: int) -> None:
    """Where no part has a byte, the answer is 416."""
    result: object = parse_range(header, size)
    assert result is UNSATISFIABLE
    assert isinstance(result, Unsatisfiable)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="absent"),
        pytest.param("", id="empty"),
        pytest.param("bytes", id="no-equals"),
        pytest.param("bytes=", id="no-range"),
        pytest.param("bytes=,", id="empty-elements"),
        pytest.param("bytes =0-1", id="space-before-equals"),
        pytest.param("items=0-1", id="other-unit"),
        pytest.param("bytes=5-4", id="last-before-first"),
        pytest.param("bytes=0-0,5-4", id="one-malformed"),
        pytest.param("bytes=-", id="no-positions"),
        pytest.param("bytes=5", id="no-dash"),
        pytest.param("bytes=a-b", id="no-numbers"),
        pytest.param("bytes=0x1-2", id="hexadecimal"),
        pytest.param("bytes=+1-2", id="sign"),
        pytest.param("bytes=--1", id="two-dashes"),
        pytest.param("bytes=0 - 1", id="space-inside"),
        pytest.param("bytes=1_0-20", id="underscore"),
        pytest.param("bytes=\u0660-\u0661", id="other-digits"),
        pytest.param("bytes=0-1;x", id="text-after"),
        pytest.param("bytes=0-1\n", id="line-break"),
        pytest.param("bytes=0-" + "9" * 5000, id="more-digits-than-any-position"),
        pytest.param('bytes="0-1"', id="quoted"),
    ],
)
def test_range_that_is_ignored(header: str | None) -> None:
    """A field that is no set of byte ranges asks for nothing."""
    assert parse_range(header, 10) is None


def test_last_bytes_of_nothing() -> None:
    """The last bytes of an empty representation are the whole of it."""
    assert parse_range("bytes=-5", 0) is None


@pytest.mark.parametrize(("count", "accepted"), [(15, True), (16, True), (17, False)])
def test_many_ranges(count: int, accepted: bool) -> None:
    """Sixteen parts are served; with more, the field is ignored."""
    header = "bytes=" + ",".join(f"{2 * index}-{2 * index}" for index in range(count))
    parts = [(2 * index, 2 * index + 1) for index in range(count)]
    assert parse_range(header, 1000) == (parts if accepted else None)


def test_max_ranges() -> None:
    """How many are served can be said."""
    assert parse_range("bytes=0-0,5-5", 10, max_ranges=1) is None
    assert parse_range("bytes=0-0", 10, max_ranges=1) == [(0, 1)]


def test_content_range() -> None:
    """A part is written with its last byte and the size of the whole."""
    assert content_range(0, 5, 10) == "bytes 0-4/10"
    assert content_range(9, 10, 10) == "bytes 9-9/10"
    assert unsatisfied_range(10) == "bytes */10"


@pytest.mark.parametrize(("start", "stop"), [(0, 0), (5, 4), (-1, 3), (0, 11), (10, 11)])
def test_content_range_of_no_part(start: int, stop: int) -> None:
    """What is not a part of the whole is refused."""
    with pytest.raises(ValueError, match="are no part of 10 bytes"):
        content_range(start, stop, 10)
