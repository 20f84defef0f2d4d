"""Reading `Authorization` (RFC 9110 section 11.6.2).

::

    credentials = auth-scheme [ 1*SP ( token68 / #auth-param ) ]
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hawkapi.requests.connection import HTTPConnection

VISIBLE: Final = re.compile(r"[\x21-\x7e]+")
"""What a bearer token is made of. RFC 6750 section 2.1 allows fewer characters; some issuers use `|` and `:` as well,
but what is no visible ASCII, white space above all, is no token for anybody."""


class Authorization(NamedTuple):
    """An `Authorization` field, split at its first space."""

    scheme: str
    """As the client spells it."""
    rest: str


def read_authorization(request: HTTPConnection) -> Authorization | None:
    """Return what `Authorization` holds, two empty texts where it has several values, and nothing where it is absent.

    SECURITY: of several fields a proxy may have checked another one than we would take.
    """
    values = request.headers.getlist("authorization")
    if not values or values == [""]:
        return None
    if len(values) > 1:
        return Authorization("", "")
    scheme, _, rest = values[0].partition(" ")
    return Authorization(scheme, rest)


def bearer_token(found: Authorization) -> str | None:
    """Return the token of `Bearer` credentials (RFC 6750 section 2.1), or nothing if they are not that."""
    token = found.rest.strip(" \t")
    if found.scheme.lower() != "bearer" or VISIBLE.fullmatch(token) is None:
        return None
    return token


def quoted(text: str) -> str:
    """Return a text as a quoted-string (RFC 9110 section 5.6.4).

    Raises:
        ValueError: it has characters that no header field can hold.
    """
    if not text.isascii() or not text.isprintable():
        raise ValueError(f"{text!r} cannot stand in a header field; use visible ASCII")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
