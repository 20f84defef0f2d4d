"""The templates of paths, taken apart for the expressions that fill them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple
from urllib.parse import quote

from hawkapi.openapi._walk import PARAMETER

__all__ = ["Part", "parts_of"]

_SAFE: Final = "/:@!$&'()*+,;=~%"
"""What stands in paths as it is (RFC 3986 section 3.3), and `%`, of what is encoded already."""


class Part(NamedTuple):
    """A piece of a path: the name of a parameter, or text that is encoded as URLs have it."""

    text: str
    is_param: bool


def parts_of(path: str, params: Collection[str]) -> list[Part]:
    """Take a template apart; braces without a parameter are text."""
    found: list[Part] = []
    end = 0
    for match in PARAMETER.finditer(path):
        if match[1] in params:
            found += [Part(_text(path[end : match.start()]), False), Part(match[1], True)]
            end = match.end()
    found.append(Part(_text(path[end:]), False))
    return [part for part in found if part.text or part.is_param]


def _text(text: str) -> str:
    return quote(text, safe=_SAFE, errors="replace")
