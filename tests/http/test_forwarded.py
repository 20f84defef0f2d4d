"""`Forwarded` (RFC 7239) and the addresses of proxies' lists."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from hawkapi.http.forwarded import ForwardedElement, Hop, parse_forwarded, parse_hop, parse_hops


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", ("192.0.2.1", 0)),
        (" 192.0.2.1 ", ("192.0.2.1", 0)),
        ("192.0.2.1:8080", ("192.0.2.1", 8080)),
        ("2001:db8::1", ("2001:db8::1", 0)),
        ("[2001:db8::1]", ("2001:db8::1", 0)),
        ("[2001:DB8::1]:443", ("2001:db8::1", 443)),
        ("::ffff:192.0.2.1", ("192.0.2.1", 0)),
        ("[::ffff:192.0.2.1]:1", ("192.0.2.1", 1)),
        ("192.0.2.1:65536", None),
        ("192.0.2", None),
        ("192.0.2.1:", None),
        ("[192.0.2.1]", ("192.0.2.1", 0)),
        ("fe80::1%eth0", None),
        ("unknown", None),
        ("_hidden", None),
        ("", None),
        ("a" * 10000, None),
    ],
)
def test_hop(text: str, expected: tuple[str, int] | None) -> None:
    """An address with or without a port, or nothing."""
    assert parse_hop(text) == (None if expected is None else Hop(ip_address(expected[0]), expected[1]))


def test_hops() -> None:
    """What is no address keeps its place."""
    assert parse_hops("192.0.2.1, junk,, 192.0.2.2") == [
        Hop(ip_address("192.0.2.1"), 0),
        None,
        Hop(ip_address("192.0.2.2"), 0),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (
            'for=192.0.2.43, For="[2001:db8:cafe::17]:4711";proto=HTTPS;host="a.example:8443"',
            [
                ForwardedElement(Hop(ip_address("192.0.2.43"), 0), None, None),
                ForwardedElement(Hop(ip_address("2001:db8:cafe::17"), 4711), "https", "a.example:8443"),
            ],
        ),
        ("for=unknown;by=203.0.113.43", [ForwardedElement(None, None, None)]),
        ("for=192.0.2.1;for=192.0.2.2", [ForwardedElement(None, None, None)]),
        ("for=192.0.2.1 junk", [ForwardedElement(None, None, None)]),
        ("proto=https", [ForwardedElement(None, "https", None)]),
        (
            r'host="a, \"b\", c", proto=http,',
            [ForwardedElement(None, None, 'a, "b", c'), ForwardedElement(None, "http", None)],
        ),
        (
            'for=192.0.2.1;host=", proto=http',
            [ForwardedElement(None, None, None), ForwardedElement(None, "http", None)],
        ),
    ],
    ids=["empty", "two", "unknown", "repeated", "malformed", "proto alone", "quoted comma", "not closed"],
)
def test_forwarded(text: str, expected: list[ForwardedElement]) -> None:
    """Elements are in order, malformed ones among them."""
    assert parse_forwarded(text) == expected


def test_long_lists() -> None:
    """What is left of the last hundred members is not read: a client may have filled the field with anything."""
    last = Hop(ip_address("192.0.2.1"), 0)
    assert parse_hops("x," * 30_000 + "192.0.2.1") == [None] * 99 + [last]
    elements = parse_forwarded("x," * 30_000 + "for=192.0.2.1")
    assert (len(elements), elements[-1].client) == (100, last)
