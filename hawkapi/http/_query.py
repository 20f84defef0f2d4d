"""Takes query strings and URL-encoded forms apart (WHATWG URL, `application/x-www-form-urlencoded`).

It is compiled by mypyc where there is a GIL: plain functions, no closures.
"""

from __future__ import annotations

from urllib.parse import unquote_to_bytes


def parse_query(query_string: bytes) -> dict[str, list[str]]:
    """Return every value of every name, in order.

    A name without `=` has the empty value; bytes that are not UTF-8 become U+FFFD.
    """
    found: dict[str, list[str]] = {}
    for name, value in parse_pairs(query_string):
        values = found.get(name)
        if values is None:
            found[name] = [value]
        else:
            values.append(value)
    return found


def parse_pairs(query_string: bytes) -> list[tuple[str, str]]:
    """Return every name with its value in order, as `parse_query` reads them."""
    pairs: list[tuple[str, str]] = []
    for pair in query_string.split(b"&"):
        if pair:
            name, _, value = pair.partition(b"=")
            pairs.append((decode_component(name), decode_component(value)))
    return pairs


def decode_component(raw: bytes) -> str:
    """Undo percent-encoding, with `+` for a space; what is not UTF-8 becomes U+FFFD."""
    if b"%" in raw or b"+" in raw:
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    return raw.decode("utf-8", "replace")
