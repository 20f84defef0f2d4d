"""Writing MessagePack with msgspec: the fast path; the portable code decides what msgspec refuses or is laxer about."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from hawkapi.codec import _msgpack_format
from hawkapi.codec._encoder import to_builtin

_NOT_FINITE: Final = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")
"""How every NaN and every infinity begins; other bytes may look so, which the portable code then finds out."""

_encode = msgspec.msgpack.Encoder(enc_hook=to_builtin).encode


def pack(value: object) -> bytes:
    """Write a value as MessagePack; raises as `_msgpack_format.pack`."""
    try:
        data = _encode(value)
    except (TypeError, OverflowError):
        # Subclasses of str and int are nothing to msgspec; what remains is refused.
        return _msgpack_format.pack(value)
    return data if _NOT_FINITE.search(data) is None else _msgpack_format.pack(value)
