"""The format of MessagePack, in pure Python: plain values in, bytes out, and back.

Written from https://github.com/msgpack/msgpack/blob/master/spec.md. Values have the forms that JSON gives them, except
that bytes are binary and datetimes with an offset are timestamps (extension -1).

Three rules keep both formats alike for an application:

* Numbers are finite: NaN and infinities are refused, written or read.
* A key that is a number, a boolean or nil becomes the text that JSON would have used.
* What no client of an API sends (other extensions, nesting beyond `MAX_DEPTH`) is malformed.

It keeps to the rules of compiled modules: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

import datetime as dt
import math
import struct
from collections.abc import Iterator
from typing import Any, Final, final

from hawkapi.codec._encoder import key_text, to_builtin
from hawkapi.codec._limits import MAX_DEPTH
from hawkapi.codec.errors import MalformedError

MAX_WRITTEN_DEPTH: Final = 900
"""Objects inside objects in a result, as for JSON."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_TIMESTAMP: Final = -1


def pack(value: object) -> bytes:
    """Write a value as MessagePack.

    Raises:
        TypeError: it holds something that has no form ("Cannot serialize object of type ...").
        ValueError: it holds NaN, an infinity, half a surrogate pair, or an integer of more than 64 bits.
    """
    out = bytearray()
    _pack(value, out, 0)
    return bytes(out)


def _pack(value: Any, out: bytearray, depth: int) -> None:
    if depth > MAX_WRITTEN_DEPTH:
        # MYPYC: compiled calls do not count against the interpreter's recursion limit.
        raise RecursionError("a result is nested too deeply, or holds itself")
    if isinstance(value, str):
        _pack_text(value, out)
    elif value is None:
        out.append(0xC0)
    elif isinstance(value, (int, float)):
        _pack_number(value, out)
    elif isinstance(value, (list, tuple, set, frozenset, Iterator)):
        items: list[object] = [*value]
        _pack_head(len(items), (15, 0x90, -1, 0xDC, 0xDD), out)
        for item in items:
            _pack(item, out, depth + 1)
    elif isinstance(value, dict):
        members: dict[object, object] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
        _pack_head(len(members), (15, 0x80, -1, 0xDE, 0xDF), out)
        for key, member in members.items():
            _pack(key, out, depth + 1)
            _pack(member, out, depth + 1)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)  # pyright: ignore[reportUnknownArgumentType] - of any format
        _pack_head(len(data), (-1, 0, 0xC4, 0xC5, 0xC6), out)
        out += data
    elif isinstance(value, dt.datetime) and value.utcoffset() is not None:
        _pack_timestamp(value, out)
    else:
        _pack(to_builtin(value), out, depth + 1)


def _pack_head(size: int, forms: tuple[int, int, int, int, int], out: bytearray) -> None:
    """Write how long something is, in the shortest of its forms.

    The forms are: the greatest size inside the first byte and that byte, then the bytes before 8, 16 and 32 bits; -1
    for those that a type does not have.
    """
    fixed, first, in_8, in_16, in_32 = forms
    if size <= fixed:
        out.append(first | size)
    elif size <= 0xFF and in_8 >= 0:
        out += bytes((in_8, size))
    elif size <= 0xFFFF:
        out += struct.pack(">BH", in_16, size)
    elif size <= 0xFFFFFFFF:
        out += struct.pack(">BI", in_32, size)
    else:
        raise ValueError(f"MessagePack has no form for {size} items")


def _pack_text(text: str, out: bytearray) -> None:
    data = text.encode("utf-8")
    _pack_head(len(data), (31, 0xA0, 0xD9, 0xDA, 0xDB), out)
    out += data


def _pack_number(value: int | float, out: bytearray) -> None:
    if isinstance(value, bool):
        out.append(0xC3 if value else 0xC2)
    elif isinstance(value, int):
        _pack_int(value, out)
    elif math.isfinite(value):
        out += struct.pack(">Bd", 0xCB, value)
    else:
        raise ValueError(f"Out of range float values are not sent: {value!r}")


def _pack_int(value: int, out: bytearray) -> None:
    if -32 <= value <= 0x7F:
        out.append(value & 0xFF)
        return
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length() + 1
    if bits > 64:
        raise ValueError("MessagePack has no form for an integer of more than 64 bits")
    if value > 0:
        code, form = (
            (0xCC, ">BB")
            if bits <= 8
            else (0xCD, ">BH")
            if bits <= 16
            else (0xCE, ">BI")
            if bits <= 32
            else (0xCF, ">BQ")
        )
    else:
        code, form = (
            (0xD0, ">Bb")
            if bits <= 8
            else (0xD1, ">Bh")
            if bits <= 16
            else (0xD2, ">Bi")
            if bits <= 32
            else (0xD3, ">Bq")
        )
    out += struct.pack(form, code, value)


def _pack_timestamp(value: dt.datetime, out: bytearray) -> None:
    """Write seconds and nanoseconds since 1970 in 32, 64 or 96 bits."""
    since = value - _EPOCH
    seconds = since.days * 86400 + since.seconds
    nanoseconds = since.microseconds * 1000
    if nanoseconds == 0 and 0 <= seconds <= 0xFFFFFFFF:
        out += struct.pack(">BbI", 0xD6, _TIMESTAMP, seconds)
    elif 0 <= seconds < 1 << 34:
        out += struct.pack(">BbQ", 0xD7, _TIMESTAMP, nanoseconds << 34 | seconds)
    else:
        out += struct.pack(">BBbIq", 0xC7, 12, _TIMESTAMP, nanoseconds, seconds)


def unpack(data: bytes) -> object:
    """Read a MessagePack document as plain values: JSON's, and bytes and datetimes.

    Raises:
        MalformedError: it is not one document of MessagePack, or breaks a rule of this module.
    """
    unpacker = _Unpacker(data)
    value = unpacker.read(0)
    unpacker.expect_end()
    return value


@final
class _Unpacker:
    """Reads one document from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def read(self, depth: int) -> object:
        """Return the next value."""
        code = self._unsigned(1)
        if code < 0x80:
            return code
        if code >= 0xE0:
            return code - 0x100
        if code < 0x90:
            return self._map(code & 0x0F, depth)
        if code < 0xA0:
            return self._array(code & 0x0F, depth)
        if code < 0xC0:
            return self._text(code & 0x1F)
        if code >= 0xDC:
            size = self._unsigned(2 if code in {0xDC, 0xDE} else 4)
            return self._array(size, depth) if code <= 0xDD else self._map(size, depth)
        return self._scalar(code)

    def expect_end(self) -> None:
        """Refuse bytes after the document."""
        if self._at != len(self._data):
            raise self._malformed("data after the end")

    def _scalar(self, code: int) -> object:
        """Return a value whose first byte, from 0xC0 to 0xDB, says its type and how long it or its size is."""
        if code == 0xC0:
            return None
        if code in {0xC2, 0xC3}:
            return code == 0xC3
        if 0xC4 <= code <= 0xC6:
            return self._take(self._unsigned(1 << (code - 0xC4)))
        if 0xC7 <= code <= 0xC9:
            return self._extension(self._unsigned(1 << (code - 0xC7)))
        if code in {0xCA, 0xCB}:
            return self._float(code)
        if 0xCC <= code <= 0xCF:
            return self._unsigned(1 << (code - 0xCC))
        if 0xD0 <= code <= 0xD3:
            return int.from_bytes(self._take(1 << (code - 0xD0)), "big", signed=True)
        if 0xD4 <= code <= 0xD8:
            return self._extension(1 << (code - 0xD4))
        if code >= 0xD9:
            return self._text(self._unsigned(1 << (code - 0xD9)))
        raise self._malformed("0xc1 is not used")

    def _take(self, size: int) -> bytes:
        start = self._at
        end = start + size
        if end > len(self._data):
            raise self._malformed("the end is missing")
        self._at = end
        return self._data[start:end]

    def _unsigned(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _float(self, code: int) -> float:
        number: float = struct.unpack(">d", self._take(8))[0] if code == 0xCB else struct.unpack(">f", self._take(4))[0]
        if not math.isfinite(number):
            raise self._malformed("NaN and infinities are not accepted")
        return number

    def _text(self, size: int) -> str:
        data = self._take(size)
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            raise self._malformed("invalid UTF-8") from None

    def _enter(self, size: int, depth: int) -> None:
        """Refuse an array or a map before anything of it is made."""
        if depth >= MAX_DEPTH:
            raise self._malformed(f"nested deeper than {MAX_DEPTH} levels")
        if size > len(self._data) - self._at:
            raise self._malformed("the end is missing")

    def _array(self, size: int, depth: int) -> list[object]:
        self._enter(size, depth)
        items: list[object] = []
        for _ in range(size):
            items.append(self.read(depth + 1))  # noqa: PERF401 - a plain loop compiles to C.
        return items

    def _map(self, size: int, depth: int) -> dict[str, object]:
        self._enter(size, depth)
        members: dict[str, object] = {}
        for _ in range(size):
            key = self.read(depth + 1)
            if not isinstance(key, str):
                key = self._key(key)
            members[key] = self.read(depth + 1)
        return members

    def _key(self, key: object) -> str:
        if key is not None and not isinstance(key, (int, float)):
            raise self._malformed("a key is neither text nor a number")
        return key_text(key)

    def _extension(self, size: int) -> dt.datetime:
        kind = int.from_bytes(self._take(1), "big", signed=True)
        data = self._take(size)
        if kind != _TIMESTAMP:
            raise self._malformed(f"extension {kind} is unknown")
        if size == 4:
            return self._timestamp(int.from_bytes(data, "big"), 0)
        if size == 8:
            both = int.from_bytes(data, "big")
            return self._timestamp(both & 0x3FFFFFFFF, both >> 34)
        if size == 12:
            return self._timestamp(int.from_bytes(data[4:], "big", signed=True), int.from_bytes(data[:4], "big"))
        raise self._malformed("a timestamp has 4, 8 or 12 bytes")

    def _timestamp(self, seconds: int, nanoseconds: int) -> dt.datetime:
        if nanoseconds > 999_999_999:
            raise self._malformed("a timestamp has more than a second of nanoseconds")
        try:
            return _EPOCH + dt.timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
        except OverflowError:
            raise self._malformed("a timestamp is out of range") from None

    def _malformed(self, why: str) -> MalformedError:
        return MalformedError(f"MessagePack is malformed: {why} (byte {self._at})")
