"""From the text of a variable to a value of a type.

Scalars are read as a query parameter would be; the blanks around one are dropped, but not around text. An array is
separated by commas, or JSON where it begins with `[`; everything else with structure is JSON. `pathlib` classes, which
JSON has no form for, are read as text and made of it afterwards.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from pathlib import PurePath
from typing import Annotated, Any, Final, Union, cast

from hawkapi.codec import CodecError, Description, Kind, MalformedError, converter, decoder, describe
from hawkapi.codec._annotations import expand_alias, is_alias

type Reader = Callable[[str], Any]

_TEXTS: Final = frozenset({Kind.STR, Kind.ENUM, Kind.LITERAL})
"""Kinds for which blanks are text like other."""
_ARRAYS: Final = frozenset({Kind.LIST, Kind.SET, Kind.FROZENSET, Kind.TUPLE, Kind.FIXED_TUPLE})
_UNIONS: Final = frozenset({Union, types.UnionType})
_COLLECTIONS: Final = frozenset({list, set, frozenset})


def build_reader(annotation: Any) -> Reader:
    """Return the function that reads texts as a type; it raises `ValueError` for one that does not fit.

    Raises:
        UnsupportedTypeError: the type, or one it is made of, is not supported.
    """
    readable = _without_paths(annotation)
    read = _reader_of(describe(readable))
    if readable is annotation:
        return read
    return lambda text: _with_paths(annotation, read(text))


def _reader_of(description: Description) -> Reader:
    item = description.item if description.kind is Kind.OPTIONAL else None
    kind = description.kind if item is None else item.kind
    if kind is Kind.ANY:
        return lambda text: text
    if kind in _ARRAYS:
        return _array_reader(description, description if item is None else item)
    if kind is Kind.UNION:
        return _union_reader(description)
    if not description.is_scalar:
        return _json_reader(description)
    return _scalar_reader(description, strips=kind not in _TEXTS, empty_is_none=item is not None)


def _scalar_reader(description: Description, *, strips: bool, empty_is_none: bool) -> Reader:
    convert = converter(description)
    if not strips:
        return lambda text: convert(text, True)
    if not empty_is_none:
        return lambda text: convert(text.strip(), True)
    return lambda text: convert(text.strip() or None, True)


def _array_reader(description: Description, array: Description) -> Reader:
    read_json, convert = _json_reader(description), converter(description)
    by_commas = array.takes_many

    def read(text: str) -> Any:
        if text.lstrip().startswith("[") or not by_commas:
            return read_json(text)
        parts = (part.strip() for part in text.split(","))
        return convert([part for part in parts if part], True)

    return read


def _union_reader(description: Description) -> Reader:
    convert = converter(description)
    if description.is_scalar:
        return lambda text: convert(text, True)
    read_json = _json_reader(description)
    return lambda text: read_json(text) if text.lstrip().startswith(("[", "{")) else convert(text, True)


def _json_reader(description: Description) -> Reader:
    """Return a reader of JSON that takes a text inside for what it spells: templates write `{"port": "$PORT"}`."""
    decode, decode_any, convert = decoder(description), decoder(Any), converter(description)

    def read(text: str) -> Any:
        # What was not UTF-8 in the environment is not UTF-8 here either, and the decoder says so.
        data = text.encode("utf-8", "surrogateescape")
        try:
            return decode(data)
        except MalformedError:
            raise
        except CodecError as exc:
            try:
                return convert(decode_any(data), True)
            except CodecError:
                raise exc from None

    return read


def _is_path(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, PurePath)


def _without_paths(annotation: Any) -> Any:
    """Return a type with text for paths; the same object if there are none in it."""
    if _is_path(annotation):
        return str
    if is_alias(annotation):
        expanded = expand_alias(annotation)
        readable = _without_paths(expanded)
        return annotation if readable is expanded else readable
    arguments = _arguments_of(annotation)
    readable = tuple(_without_paths(argument) for argument in arguments)
    if all(new is old for new, old in zip(readable, arguments, strict=True)):
        return annotation
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return Annotated[readable[0], *annotation.__metadata__]
    return Union[readable] if origin in _UNIONS else origin[readable]  # noqa: UP007 - made of a tuple


def _arguments_of(annotation: Any) -> tuple[Any, ...]:
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return (annotation.__origin__,)
    looked_into = origin in _UNIONS or origin in _COLLECTIONS or origin in {tuple, dict}
    return typing.get_args(annotation) if looked_into else ()


def _with_paths(annotation: Any, value: Any) -> Any:
    """Return a value that was read as `_without_paths` says, with its paths made of their texts."""
    if is_alias(annotation):
        return _with_paths(expand_alias(annotation), value)
    if _is_path(annotation):
        return annotation(value)
    origin, arguments = typing.get_origin(annotation), _arguments_of(annotation)
    if origin is Annotated:
        return _with_paths(arguments[0], value)
    if origin in _UNIONS:
        fitting = [choice for choice in arguments if _may_be(choice, value)]
        return _with_paths(fitting[0], value) if fitting else value
    if origin in _COLLECTIONS:
        return type(value)(_with_paths(arguments[0], item) for item in value)
    if origin is dict:
        key, item_type = arguments
        return {_with_paths(key, name): _with_paths(item_type, item) for name, item in value.items()}
    if origin is tuple:
        kinds = (arguments[0],) * len(value) if arguments[-1] is ... else arguments
        return tuple(_with_paths(kind, item) for kind, item in zip(kinds, value, strict=True))
    return value


def _may_be(choice: Any, value: object) -> bool:
    """Whether a value was read as one choice of a union; paths were read as text."""
    if _is_path(choice):
        return isinstance(value, str)
    kind = cast("object", typing.get_origin(choice) or choice)
    return isinstance(kind, type) and isinstance(value, kind)
