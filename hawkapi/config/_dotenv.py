r"""The text of a `.env` file: assignments in, values with their lines out.

::

    file       = *( line "\n" )
    line       = assignment | anything else, which is skipped: blank lines, comments, lines without a name and "="
    assignment = [ "export" blanks ] name [ blanks ] "=" [ blanks ] value
    name       = 1*( any character but white space, "=", "#" and quotes )
    value      = quoted [ blanks ] [ "#" comment ]
               | plain [ blanks "#" comment ]
    quoted     = "'" *( any character but "'" ) "'"
               | '"' *( any character but '"' and "\" | "\" any character ) '"'

A quoted value may have several lines. In double quotes `\n`, `\r`, `\t`, `\\`, `\"` and `\$` are escapes, and a
backslash before anything else is a backslash; in single quotes and outside quotes it always is. Nothing is
interpolated: `${NAME}` is these seven characters, so a file means the same wherever it is read.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from hawkapi.config.errors import EnvFileError


class Entry(NamedTuple):
    """One assignment."""

    value: str
    line: int
    """Where it begins, from 1."""


_ASSIGNMENT: Final = re.compile(r"[ \t]*(?:export[ \t]+)?([^\s=#'\"]+)[ \t]*=")
_OPENING: Final = re.compile(r"[ \t]*([\"'])")
_PLAIN: Final = re.compile(r"(.*?)(?:[ \t]#.*)?$", re.MULTILINE)
_QUOTED: Final = {
    "'": re.compile(r"([^']*+)'"),
    '"': re.compile(r'([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL),
}
_REST: Final = re.compile(r"[ \t]*(?:#.*)?$", re.MULTILINE)
_ESCAPE: Final = re.compile(r"\\([nrt\\\"$])")
_MEANINGS: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse_dotenv(text: str, name: str) -> dict[str, Entry]:
    """Return what a file assigns, the last assignment to a name.

    Args:
        text: of the file, with lines that end in a line feed.
        name: of the file, for errors.

    Raises:
        EnvFileError: a quote is not closed, or something follows the closing one.
    """
    entries: dict[str, Entry] = {}
    position, line = 0, 1
    while position < len(text):
        assignment = _ASSIGNMENT.match(text, position)
        end = position
        if assignment is not None:
            key = assignment[1]
            value, end = _read_value(text, assignment.end(), key, f"{name}:{line}")
            entries[key] = Entry(value, line)
        line_end = text.find("\n", end)
        following = len(text) if line_end < 0 else line_end + 1
        line += text.count("\n", position, following)
        position = following
    return entries


def _read_value(text: str, start: int, key: str, place: str) -> tuple[str, int]:
    """Return the value that begins at a position, and where it ends."""
    opening = _OPENING.match(text, start)
    if opening is None:
        plain = _PLAIN.match(text, start)
        assert plain is not None, "it matches the empty text too"
        return plain[1].strip(), plain.end()
    quote = opening[1]
    quoted = _QUOTED[quote].match(text, opening.end())
    if quoted is None:
        raise EnvFileError(place, f"the quote {quote} before the value of {key} is never closed")
    if _REST.match(text, quoted.end()) is None:
        raise EnvFileError(
            place,
            f"there is more than a comment after the closing {quote} of {key}; "
            "a value with quotes in it goes between quotes of the other kind",
        )
    value = quoted[1] if quote == "'" else _ESCAPE.sub(_meaning, quoted[1])
    return value, quoted.end()


def _meaning(escape: re.Match[str]) -> str:
    return _MEANINGS.get(escape[1], escape[1])
