"""`Forwarded` (RFC 7239), and the addresses in it and in `X-Forwarded-For`: what proxies say of whom they speak for."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice
from typing import Final, NamedTuple

from hawkapi.http._grammar import OWS, parse_parameters

__all__ = ["ForwardedElement", "Hop", "parse_forwarded", "parse_hop", "parse_hops"]

type IPAddress = IPv4Address | IPv6Address

_NODE: Final = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+))(?::([0-9]{1,5}))?")
"""node = IPv4address / "[" IPv6address "]", with a port (section 6); names of nodes are not addresses."""

_BACKWARDS: Final = re.compile(r'(?:[^",]++|"(?:[^"]|"(?=\\))*+"?)++')
"""An element of a list that is read from its end: a quoted string ends where no backslash stands before its `"`."""

MAX_PORT: Final = 65535

MAX_HOPS: Final = 100
"""SECURITY: what is read of a list, from its end. No request passes so many proxies, and a field of 64 KB that a client
has filled with commas would hold up the event loop for half a second."""


class Hop(NamedTuple):
    """An address that a proxy has named."""

    address: IPAddress
    """An IPv4-mapped IPv6 address as the IPv4 address that it is."""
    port: int
    """0 where none was given."""


class ForwardedElement(NamedTuple):
    """What one proxy says of the request that it got."""

    client: Hop | None
    """Who sent it (`for`); `None` where that is unknown, hidden, or malformed."""
    proto: str | None
    """The scheme that it came by, in lower case."""
    host: str | None
    """The `Host` field that it had."""


def parse_hop(text: str) -> Hop | None:
    """Return the address that a text is: IPv4, IPv6 with or without brackets, each with a port or without.

    Returns:
        `None` when it is none: `unknown`, a hidden name, or nonsense.
    """
    text = text.strip(OWS)
    match = _NODE.fullmatch(text)
    address, digits = ((match[1] or match[2]), match[3]) if match is not None else (text, None)
    port = int(digits) if digits else 0
    if port > MAX_PORT or "%" in address:
        return None
    try:
        return Hop(unmapped(ip_address(address)), port)
    except ValueError:
        return None


def parse_hops(text: str) -> list[Hop | None]:
    """Return the last hundred members of an `X-Forwarded-For` list, the client's side first; `None`: one is no address.

    SECURITY: every comma separates. The list has no quoted strings, and were one read there, a client who opens one
    would take the address in, that the proxy adds behind it.
    """
    return [parse_hop(member) for member in text.rsplit(",", MAX_HOPS)[-MAX_HOPS:] if member.strip(OWS)]


def parse_forwarded(text: str) -> list[ForwardedElement]:
    """Return the last hundred elements of a `Forwarded` field, the client's side first; fields joined by commas.

    A malformed element is one that says nothing: it is not left out, because what is before it came through it.

    SECURITY: it is read from its end, where our own proxies write. A quoted string that a client has not closed takes
    what is before it, and nothing of what a proxy has added behind it.
    """
    matches = islice(_BACKWARDS.finditer(text[::-1]), MAX_HOPS)
    elements = [match[0][::-1].strip(OWS) for match in matches]
    return [_parse_element(element) for element in reversed(elements) if element]


def unmapped(address: IPAddress) -> IPAddress:
    """Return an IPv4 address for an IPv6 one that stands for it (`::ffff:192.0.2.1`), others as they are."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return address if mapped is None else mapped


def _parse_element(element: str) -> ForwardedElement:
    pairs = parse_parameters(f";{element}", 0)
    values = dict(pairs) if pairs is not None else {}
    if pairs is None or len(values) != len(pairs):  # SPEC: a parameter occurs once in an element (section 4).
        return ForwardedElement(None, None, None)
    proto = values.get("proto")
    node = values.get("for")
    return ForwardedElement(
        parse_hop(node) if node is not None else None, proto.lower() if proto else None, values.get("host")
    )
