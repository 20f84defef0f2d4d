"""Identifiers from whatever text a document has, each once.

Letters and digits stay, in whatever script; everything else separates words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import final

__all__ = ["Names", "camel_case", "pascal_case", "python_identifier", "words_of"]

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def _may_stay(character: str) -> bool:
    if character.isascii():
        return character.isalnum() or character == "_"
    # Python compares identifiers in form NFKC, TypeScript does not; and each has the Unicode of its own release, so
    # only what has been a letter since Unicode 3.2 is one here.
    return (
        character.isidentifier()
        and character.isalpha()
        and unicodedata.ucd_3_2_0.category(character).startswith("L")
        and unicodedata.is_normalized("NFKC", character)
        and ord(character) < 0x10000
    )


def words_of(text: str) -> list[str]:
    """Return the words of a name: what stands between separators, and the humps of camel case."""
    kept = "".join(character if _may_stay(character) else " " for character in text).replace("_", " ")
    return [word for part in kept.split() for word in _HUMP.split(part)]


def python_identifier(text: str, fallback: str) -> str:
    """Return an identifier: the text itself where it is one, else with `_` for what cannot be in it.

    It has at most one `_` in front: Python changes those with two in classes.
    """
    found = "".join(character if _may_stay(character) else "_" for character in text)
    found = unicodedata.normalize("NFKC", found)
    if found.startswith("__") or text[:1] != "_":
        found = found.lstrip("_")
    if not found.strip("_"):
        return fallback
    return found if found.isidentifier() else f"{fallback}_{found.lstrip('_')}"


def pascal_case(text: str, fallback: str) -> str:
    """Return a name for a class: `read_item` and `read-item` are `ReadItem`."""
    found = "".join(word[0].upper() + word[1:] for word in words_of(text))
    return found if found.isidentifier() else f"{fallback}{found}"


def camel_case(text: str, fallback: str) -> str:
    """Return a name for a method as TypeScript has them: `get_item` and `GetItem` are `getItem`."""
    words = words_of(text)
    found = "".join(word[0].upper() + word[1:] if index else word.lower() for index, word in enumerate(words))
    return found if found.isidentifier() else f"{fallback}{found}"


@final
class Names:
    """Gives each name once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def take(self, *candidates: str) -> str:
        """Return the first candidate that is free, or the last with a number behind it."""
        for candidate in candidates:
            if candidate not in self._taken:
                self._taken.add(candidate)
                return candidate
        number = 2
        while f"{candidates[-1]}_{number}" in self._taken:
            number += 1
        return self.take(f"{candidates[-1]}_{number}")
