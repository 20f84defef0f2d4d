"""Media types: reading `Content-Type`, choosing among types by `Accept` (RFC 9110 sections 8.3 and 12.5.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from hawkapi.http._grammar import OWS, TCHARS, parse_parameters
from hawkapi.http.preferences import parse_preferences

__all__ = [
    "MULTIPART",
    "URLENCODED",
    "MediaType",
    "choose_media_type",
    "essence_of",
    "is_json",
    "parse_media_type",
    "weight_of",
]

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
"""What a form is sent as (WHATWG HTML; RFC 7578)."""

_ESSENCE: Final = re.compile(rf"({TCHARS})/({TCHARS})")


class MediaType(NamedTuple):
    """A media type, or a range of them where a part is `*`."""

    type: str
    """In lower case."""
    subtype: str
    """In lower case."""
    parameters: Mapping[str, str]
    """Values by lower-case name; of a repeated one the first."""

    @property
    def essence(self) -> str:
        """Type and subtype without parameters: `text/html`."""
        return f"{self.type}/{self.subtype}"


def essence_of(text: str) -> str:
    """Return type and subtype of a media type in lower case, whatever stands behind them; empty where nothing does."""
    return text.partition(";")[0].strip().lower()


def is_json(essence: str) -> bool:
    """Whether a media type without parameters is JSON (RFC 6839 section 3.1)."""
    return essence == "application/json" or essence.endswith("+json")


def parse_media_type(text: str | None) -> MediaType | None:
    """Return a media type, or `None` when it is absent or malformed (RFC 9110 section 8.3.1).

    Names are compared without case and come in lower case; values come as they are, quoted ones without their quotes.
    """
    if text is None:
        return None
    text = text.strip(OWS)
    match = _ESSENCE.match(text)
    if match is None:
        return None
    parameters = parse_parameters(text, match.end())
    if parameters is None:
        return None
    # Reversed, so that the first of several values stays.
    return MediaType(match[1].lower(), match[2].lower(), dict(reversed(parameters)))


def choose_media_type(accept: str | None, offered: Sequence[str]) -> str | None:
    """Choose the media type to answer with (RFC 9110 section 12.5.1).

    Args:
        accept: the field; several fields joined by commas. Members that are malformed are ignored, and a field without
            any other accepts everything, as an absent one does.
        offered: media types in the server's order of preference.

    Returns:
        One of `offered`: that of the greatest weight, of equal ones that which the client listed first, then the first
        offered. The weight of a type is that of the most specific range it is in. `None`: none is acceptable, or none
        was offered.

    Raises:
        ValueError: something offered is not a media type.
    """
    ranges = _parse_ranges(accept) if accept else []
    if not ranges:
        return offered[0] if offered else None
    chosen, best = None, (0.0, 0)
    for text in offered:
        rank = _rank(_parse_offered(text), ranges)
        if rank[0] > 0 and (chosen is None or rank > best):
            chosen, best = text, rank
    return chosen


def weight_of(media_type: str, accept: str) -> float:
    """Return how much a client wants a media type, from 0 to 1: the weight of the most specific range it is in."""
    return _rank(_parse_offered(media_type), _parse_ranges(accept))[0]


def _parse_ranges(accept: str) -> list[tuple[MediaType, float]]:
    ranges: list[tuple[MediaType, float]] = []
    for value, parameters, weight in parse_preferences(accept):
        kind, _, subtype = value.partition("/")
        if subtype and (kind != "*" or subtype == "*"):
            ranges.append((MediaType(kind, subtype, parameters), weight))
    return ranges


def _parse_offered(text: str) -> MediaType:
    media_type = parse_media_type(text)
    if media_type is None:
        raise ValueError(f"{text!r} is offered, but is not a media type; write it as type/subtype")
    return media_type


def _rank(media_type: MediaType, ranges: list[tuple[MediaType, float]]) -> tuple[float, int]:
    """Return the weight of a type and how early it is listed; higher is better."""
    found, rank = (-1, -1), (0.0, 0)
    for position, (media_range, weight) in enumerate(ranges):
        specificity = _specificity(media_range, media_type)
        if specificity > found:
            found, rank = specificity, (weight, -position)
    return rank


def _specificity(media_range: MediaType, media_type: MediaType) -> tuple[int, int]:
    """Return how closely a range describes a type; (-1, -1) when the type is not in it."""
    level = (media_range.type != "*") + (media_range.subtype != "*")
    if media_range.type not in {"*", media_type.type} or media_range.subtype not in {"*", media_type.subtype}:
        return (-1, -1)
    for name, value in media_range.parameters.items():
        own = media_type.parameters.get(name)
        # COMPAT: many clients write `application/json; charset=utf-8`, and mean no other JSON by it.
        if own is None and name == "charset":
            continue
        if own is None or own.lower() != value.lower():
            return (-1, -1)
    return (level, len(media_range.parameters))
