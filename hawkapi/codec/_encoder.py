"""The portable codec's writing half: values in, JSON bytes out.

Numbers are written as msgspec writes them, so that both codecs send the same bytes: where `repr` uses an exponent,
msgspec uses another form (1e16, 0.00001), and the C encoder of `json` cannot be told to. Such numbers are rare: they
are noticed in the finished text, and only then the text is written again by `_write`, which also knows more types of
keys.

It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import importlib
import json
import json.encoder
import math
import re
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring
from pathlib import PurePath
from typing import Any, Final, final
from uuid import UUID

from hawkapi.codec._model import Description

MAX_DEPTH: Final = 900
"""Objects inside objects in a result; json's C encoder stops near there too."""

_FIELD: Final[Any] = vars(dataclasses)["_FIELD"]
"""What marks the fields of a dataclass among its class variables and initial values."""
_SET: Final = frozenset({str, int, float, bool, type(None), list, dict})
"""The types of most members: none of them is `UNSET`."""
_EXPONENT: Final = re.compile(r"[0-9]e[+-][0-9]")


@final
class Encoder:
    """A value in, JSON bytes out. Keeps nothing between calls; threads without a GIL run faster with one each."""

    def __init__(self) -> None:
        # PERF: the C encoder itself, made once. `json.dumps` makes one a call, and shares module globals that threads
        # would contend for.
        make: Any = getattr(json.encoder, "c_make_encoder", None)
        self._c_encode: Any = None
        if make is not None:
            self._c_encode = make(None, to_builtin, encode_basestring, None, ":", ",", False, False, False)

    def encode(self, value: object) -> bytes:
        """Write a value as compact JSON in UTF-8.

        Raises:
            TypeError: it holds something that JSON has no form for ("Cannot serialize object of type ...").
            ValueError: it holds NaN, an infinity, or half a surrogate pair.
        """
        if self._c_encode is None:
            return _written(value)
        try:
            text = "".join(self._c_encode(value, 0))
        except (TypeError, ValueError):
            # json knows few types of keys. `_write` knows as many as msgspec, and says what nobody has a form for:
            # after this and not here, where its traceback would begin with that of json.
            text = ""
        return text.encode("utf-8") if text and _EXPONENT.search(text) is None else _written(value)


def to_builtin(value: Any) -> object:
    """Turn what json does not know into what it does, one level deep.

    Raises:
        TypeError: there is no form for it, or, for an iterator, it can be read only once.
    """
    plain: object = value
    cls: type[Any] = type(plain)
    if hasattr(cls, "__struct_fields__"):
        return struct_to_builtin(value)
    if hasattr(cls, "model_dump"):
        return value.model_dump(mode="json", by_alias=True)
    fields: Any = getattr(cls, "__dataclass_fields__", None)
    if fields is not None:
        return _dataclass_members(value, fields)
    attributes = getattr(cls, "__attrs_attrs__", None)
    if attributes is not None:
        names = [attribute.name for attribute in attributes if not attribute.name.startswith("_")]
        return {name: getattr(value, name) for name in names}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (UUID, decimal.Decimal, PurePath)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        items: list[object] = [*value]
        return items
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")  # pyright: ignore[reportUnknownArgumentType] - of any format
    if isinstance(value, (dt.datetime, dt.time)):
        return rfc3339(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return iso_duration(value)
    if isinstance(value, Mapping) and not isinstance(value, dict):
        copied: dict[object, object] = {**value}
        return copied
    raise TypeError(f"Cannot serialize object of type {cls.__qualname__}{_remedy(plain)}")


_REMEDIES: Final[dict[str, str]] = {
    "coroutine": ": was an `await` forgotten?",
    "async_generator": ": return a StreamingResponse of it",
}
"""What to do about objects that are returned by mistake, by the name of their class."""


def _remedy(value: object) -> str:
    """Return the end of an error's sentence: what to do about an object that has no form, or nothing."""
    if isinstance(value, BaseException):
        return ": raise it instead of returning it"
    if not callable(value) and hasattr(value, "__dict__"):
        return ": convert it, or give the route a response_model, which says which of its attributes are sent"
    return _REMEDIES.get(type(value).__qualname__, "")


def _dataclass_members(value: Any, fields: dict[str, Any]) -> dict[str, object]:
    """Return the members of a dataclass object without those that are `UNSET`.

    PERF: `dataclasses.fields` makes a tuple anew for each object: a list of 100 that have three members takes 590 us,
    not 910, without the GIL, and 340, not 620, with it.
    """
    members: dict[str, object] = {}
    for name, field in fields.items():
        if field._field_type is _FIELD:
            item: object = getattr(value, name)
            if type(item) in _SET or type(item).__name__ != "UnsetType":
                members[name] = item
    return members


def struct_to_builtin(value: Any) -> object:
    """Turn a Struct, ours or msgspec's, into an object, or into an array if it is array-like."""
    plain: object = value
    cls: type[Any] = type(plain)
    config: Any = cls.__struct_config__
    names: Any = cls.__struct_fields__
    if config.array_like:
        items: list[object] = [] if config.tag is None else [config.tag]
        items += [getattr(value, name) for name in names]
        return items
    members: dict[str, object] = {} if config.tag is None else {config.tag_field: config.tag}
    encoded: Any = cls.__struct_encode_fields__
    defaults: Any = cls.__struct_defaults__
    first_default = len(names) - len(defaults)
    for index in range(len(names)):
        member: object = getattr(value, names[index])
        if type(member) not in _SET and type(member).__name__ == "UnsetType":
            continue
        if config.omit_defaults and index >= first_default and is_default(member, defaults[index - first_default]):
            continue
        members[encoded[index]] = member
    return members


def is_default(value: object, default: Any) -> bool:
    """Whether a member of a Struct is its default: the same object, or an empty container of the kind made for it."""
    if type(default).__name__ == "Factory":
        made: Any = default.factory
        return made in (list, dict, set) and type(value) is made and not value
    return value is default


def rfc3339(value: dt.datetime | dt.time) -> str:
    """Write a time as RFC 3339 does: `Z` for UTC, an offset in whole minutes (rounded, as msgspec does)."""
    offset = value.utcoffset()
    if offset is None:
        return value.isoformat()
    minutes = round(offset.total_seconds() / 60)
    text = value.replace(tzinfo=None).isoformat()
    if minutes == 0:
        return text + "Z"
    hours, rest = divmod(abs(minutes), 60)
    return f"{text}{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def iso_duration(value: dt.timedelta) -> str:
    """Write a duration as ISO 8601 does (`P1DT2.5S`), days and seconds only, as msgspec does."""
    if not value:
        return "P0D"
    sign = "-" if value < dt.timedelta(0) else ""
    value = abs(value)
    days = f"{value.days}D" if value.days else ""
    fraction = f".{value.microseconds:06d}".rstrip("0") if value.microseconds else ""
    time = f"T{value.seconds}{fraction}S" if value.seconds or fraction else ""
    return f"{sign}P{days}{time}"


def _written(value: object) -> bytes:
    parts: list[str] = []
    _write(value, parts, 0)
    return "".join(parts).encode("utf-8")


def _write(value: object, parts: list[str], depth: int) -> None:
    """Write one value, numbers as msgspec writes them."""
    if depth > MAX_DEPTH:
        # MYPYC: compiled calls do not count against the interpreter's recursion limit.
        raise RecursionError("a result is nested too deeply, or holds itself")
    if isinstance(value, str):
        parts.append(encode_basestring(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        parts.append(int.__repr__(value))
    elif isinstance(value, float):
        parts.append(number_text(value))
    elif isinstance(value, (list, tuple, Iterator)):
        _write_array(value, parts, depth)
    elif isinstance(value, dict):
        members: dict[Any, Any] = value  # pyright: ignore[reportUnknownVariableType] - members of any type
        _write_object(members, parts, depth)
    else:
        _write(to_builtin(value), parts, depth + 1)


def _write_array(values: Any, parts: list[str], depth: int) -> None:
    separator = "["
    for value in values:
        parts.append(separator)
        _write(value, parts, depth + 1)
        separator = ","
    parts.append("]" if separator == "," else "[]")


def _write_object(members: dict[Any, Any], parts: list[str], depth: int) -> None:
    separator = "{"
    for key, value in members.items():
        parts.append(separator)
        parts.append(encode_basestring(key_text(key)))
        parts.append(":")
        _write(value, parts, depth + 1)
        separator = ","
    parts.append("}" if separator == "," else "{}")


def key_text(key: Any) -> str:
    """Return the name of a member: a key as its text, without quotes.

    Raises:
        TypeError: a key of this type has no one text.
    """
    if isinstance(key, str):
        return key
    if key is None:
        return "null"
    if key is True or key is False:
        return "true" if key else "false"
    if isinstance(key, float) and not math.isfinite(key):
        return float.__repr__(key)  # A key is a text, which may say "nan".
    if isinstance(key, (int, float)):
        return number_text(key)
    plain = to_builtin(key)
    if isinstance(plain, (dict, list, tuple)):
        raise TypeError(f"Cannot serialize object of type {type(key).__qualname__} as a key")
    return key_text(plain)


def number_text(value: int | float) -> str:
    """Write a number as msgspec does: `repr`, without `+` or leading zeros in an exponent, and 1e-05 as 0.00001.

    Raises:
        ValueError: it is NaN or an infinity.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"Out of range float values are not JSON compliant: {value!r}")
    text = float.__repr__(value) if isinstance(value, float) else int.__repr__(value)
    mantissa, mark, exponent = text.partition("e")
    if not mark:
        return text
    power = int(exponent)
    if -6 < power < 0:
        sign = "-" if mantissa.startswith("-") else ""
        return f"{sign}0.{'0' * (-power - 1)}{mantissa.lstrip('-').replace('.', '')}"
    return f"{mantissa}e{power}"


def build_encoder() -> Callable[[object], bytes]:
    """Return a new function that writes values. It keeps nothing between calls, so threads may share it."""
    return Encoder().encode


def build_writer(
    description: Description, exact: Callable[[object], bytes], part: Callable[[Description], Callable[[object], bytes]]
) -> Callable[[object], bytes] | None:
    """Return the function that writes results of the described type; see `hawkapi.codec.writer`."""
    # Loaded for whoever has such results, and not by `import hawkapi`.
    generated: Any = importlib.import_module("hawkapi.codec._generated_writers")
    if not generated.has_code(description):
        return None
    writer: Callable[[object], bytes] = generated.generate_writer(description, exact, part)
    return writer
