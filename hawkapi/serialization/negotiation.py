"""Choosing how to write a result: JSON or MessagePack, by `Accept` (RFC 9110 section 12.5.1)."""

from __future__ import annotations

from typing import Final

import hawkapi.codec._msgpack as msgpack
from hawkapi.http.media_types import choose_media_type

__all__ = ["JSON", "choose_content_type", "negotiate_content_type"]

JSON: Final = "application/json"
"""What is sent to clients without a wish."""

_OFFERED: Final = (JSON, *msgpack.MEDIA_TYPES)


def choose_content_type(accept: str | None) -> str | None:
    """Return the media type to answer with, or `None` when a client accepts neither JSON nor MessagePack (406).

    MessagePack is answered under the name that the client asked for. A field that is absent, empty or malformed as a
    whole accepts everything.
    """
    if accept in {None, "*/*", JSON}:
        return JSON  # Cheap case first: nearly every client.
    return choose_media_type(accept, _OFFERED)


def negotiate_content_type(accept: str | None) -> str:
    """Return the media type to answer with: `application/json` also where a client accepts nothing that is offered."""
    return choose_content_type(accept) or JSON
