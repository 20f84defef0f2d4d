"""Finding a field among those of a request, as ASGI has them: pairs of bytes with names in lower case.

It is compiled by mypyc where there is a GIL: plain functions, no closures.
"""

from __future__ import annotations


def first_field(headers: list[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """Return the value of the first field with a name, or `None`."""
    for key, value in headers:
        if key == name:
            return value
    return None
