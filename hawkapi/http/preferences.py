"""What a client prefers: lists with weights, as in `Accept`, `Accept-Encoding`, `Accept-Language` (RFC 9110, 12.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from hawkapi.http._grammar import TCHARS, parse_parameters, split_list

__all__ = ["Preference", "choose_coding", "parse_preferences"]

_VALUE: Final = re.compile(rf"{TCHARS}(?:/{TCHARS})?")
_WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_ALIASES: Final[Mapping[str, str]] = {"x-gzip": "gzip", "x-compress": "compress"}

MAX_MEMBERS: Final = 100
"""SECURITY: what is read of a list. Clients send a dozen; a field of 64 KB that is full of commas would hold up the
event loop for a third of a second."""


class Preference(NamedTuple):
    """One member of such a list."""

    value: str
    """In lower case: `gzip`, `en-gb`, `text/*`, `*`."""
    parameters: dict[str, str]
    """What stands before the weight, by lower-case name."""
    weight: float
    """0 to 1; 0 refuses the value."""


def parse_preferences(text: str) -> list[Preference]:
    """Return the members of a weighted list in order; malformed ones are skipped (RFC 9110 section 12.4.2).

    What is behind the first hundred is not read.
    """
    members = (_parse_member(member) for member in split_list(text)[:MAX_MEMBERS])
    return [member for member in members if member is not None]


def choose_coding(accept_encoding: str | None, offered: Sequence[str]) -> str | None:
    """Choose how to encode content (RFC 9110 section 12.5.3).

    Args:
        accept_encoding: the field; several fields joined by commas.
        offered: codings in the server's order of preference, in lower case, without `identity`.

    Returns:
        The coding with the greatest weight, of equal ones the first offered. `identity`: do not encode, because the
        field is absent, lists nothing that is offered, or gives `identity` more weight. `None`: that is refused too.
    """
    weights: dict[str, float] = {}
    for preference in parse_preferences(accept_encoding or ""):
        weights.setdefault(_ALIASES.get(preference.value, preference.value), preference.weight)
    others = weights.get("*")
    plain = weights.get("identity", others)
    chosen, best = None, 0.0
    for coding in offered:
        weight = weights.get(coding, others or 0.0)
        if weight > best:
            chosen, best = coding, weight
    if chosen is not None and best >= (plain or 0.0):
        return chosen
    return None if plain == 0 else "identity"


def _parse_member(member: str) -> Preference | None:
    match = _VALUE.match(member)
    found = parse_parameters(member, match.end()) if match is not None else None
    if match is None or found is None:
        return None
    parameters: dict[str, str] = {}
    for name, value in found:
        if name == "q":
            # SPEC: what follows the weight was an extension that nobody used, and is gone (section 12.5.1).
            return Preference(match[0].lower(), parameters, float(value)) if _WEIGHT.fullmatch(value) else None
        parameters.setdefault(name, value)
    return Preference(match[0].lower(), parameters, 1.0)
