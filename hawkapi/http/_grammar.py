"""The grammar that header fields share (RFC 9110 section 5.6): tokens, quoted strings, lists and parameters.

::

    token          = 1*tchar
    quoted-string  = DQUOTE *( qdtext / quoted-pair ) DQUOTE
    list           = [ element ] *( OWS "," OWS [ element ] )
    parameters     = *( OWS ";" OWS [ parameter ] )
    parameter      = token "=" ( token / quoted-string )

Every repetition is possessive or ends at a character that cannot be part of it, so the time taken is linear.
"""

from __future__ import annotations

import re
from typing import Final

OWS: Final = " \t"
"""Optional white space (section 5.6.3). `str.strip()` alone would also remove what is part of a value."""

TCHARS: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
"""The pattern of a token (section 5.6.2)."""

_TEXT: Final = r"[^\x00-\x08\x0a-\x1f\x7f]"
_QUOTED: Final = rf'"(?:(?!["\\]){_TEXT}|\\{_TEXT})*+"'

_WHOLE_TOKEN: Final = re.compile(TCHARS)
_PARAMETER: Final = re.compile(rf"[ \t]*+;[ \t]*+(?:({TCHARS})=({TCHARS}|{_QUOTED}))?")
_QUOTED_PAIR: Final = re.compile(r"\\(.)")
_ELEMENT: Final = re.compile(r'(?:[^",]++|"(?:[^"\\]|\\.)*+\\?"?)++', re.DOTALL)


def is_token(text: str) -> bool:
    """Whether a text is a token (RFC 9110 section 5.6.2)."""
    return _WHOLE_TOKEN.fullmatch(text) is not None


def split_list(text: str) -> list[str]:
    """Return the elements of a list without white space around them; empty ones are dropped (section 5.6.1.2).

    A comma inside a quoted string separates nothing. A quoted string that is not closed takes the rest.
    """
    elements = _ELEMENT.findall(text) if '"' in text else text.split(",")
    return [element for element in (raw.strip(OWS) for raw in elements) if element]


def parse_parameters(text: str, position: int) -> list[tuple[str, str]] | None:
    """Return lower-case names with their values from a position to the end (section 5.6.6).

    Returns:
        `None` when something there is no parameter.
    """
    found: list[tuple[str, str]] = []
    end = len(text.rstrip(OWS))
    while position < end:
        match = _PARAMETER.match(text, position)
        if match is None:
            return None
        name, value = match.groups()
        if name is not None:
            found.append((name.lower(), _unquote(value)))
        position = match.end()
    return found


def _unquote(value: str) -> str:
    """Return what a token or a quoted string means."""
    return _QUOTED_PAIR.sub(r"\1", value[1:-1]) if value[0] == '"' else value
