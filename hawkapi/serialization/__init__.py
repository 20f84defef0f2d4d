"""Results as bytes: JSON or MessagePack, chosen by what the client accepts, with members left out on request."""

from __future__ import annotations

from hawkapi.serialization.encoding import encode_for_content_type, encode_response, encode_response_msgpack
from hawkapi.serialization.filters import apply_exclude_filters
from hawkapi.serialization.negotiation import choose_content_type, negotiate_content_type

__all__ = [
    "apply_exclude_filters",
    "choose_content_type",
    "encode_for_content_type",
    "encode_response",
    "encode_response_msgpack",
    "negotiate_content_type",
]
