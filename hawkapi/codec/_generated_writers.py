"""Encoders of results as generated code: see `_generated` for how, and for what it must keep to.

A result of a described type is written as a text at once: `f'{{"name":{quote(item_0)},"price":{item_1}}}'`. What the
text must be is what the encoder writes of the projection of the result (`hawkapi.responses._projection`).

PERF: neither the dict of a projection nor a generator of its parts is made. A result of three scalars is written in
2.4 us, not 5.5, without the GIL, and in 1.8 us, not 4.2, with it (compiled: 4.6); 10 KB of nested dataclasses in 60 %
of the time.
"""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import re
from collections.abc import Callable
from json.encoder import encode_basestring
from typing import Any, Final, final
from uuid import UUID

from hawkapi.codec._constraints import Constraints
from hawkapi.codec._encoder import iso_duration, number_text, rfc3339
from hawkapi.codec._generated import Code, Function, Misfit, is_plain_name, later
from hawkapi.codec._model import Description, Kind

type Encode = Callable[[object], bytes]
type General = Callable[[Description], Encode]
"""Returns what writes a part of a type that has no code."""

_FAILURES: Final = (Misfit, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What generated code may raise for a result that is not exactly of the type, or has no form in JSON."""

_ARRAYS: Final = {Kind.LIST: "list", Kind.SET: "set", Kind.FROZENSET: "frozenset", Kind.TUPLE: "tuple"}
_CLASSES: Final = frozenset({Kind.DATACLASS, Kind.STRUCT, Kind.ATTRS, Kind.TYPED_DICT})
_COMPARISONS: Final = {"ge": ">=", "le": "<=", "gt": ">", "lt": "<"}
_LENGTHS: Final = {"min_length": ">=", "max_length": "<="}


def _uuid_text(value: UUID) -> str:
    # PERF: `str(value)` takes three times as long, for it asks a property.
    digits = f"{value.int:032x}"
    return f'"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"'


def _moment_text(value: dt.datetime) -> str:
    if value.tzinfo is dt.UTC:
        return f'"{value.isoformat()[:-6]}Z"'
    return f'"{rfc3339(value)}"'


def _time_text(value: dt.time) -> str:
    return f'"{rfc3339(value)}"'


def _date_text(value: dt.date) -> str:
    return f'"{value.isoformat()}"'


def _duration_text(value: dt.timedelta) -> str:
    return f'"{iso_duration(value)}"'


def _decimal_text(value: decimal.Decimal) -> str:
    return f'"{value}"'


def _bytes_text(value: bytes) -> str:
    return f'"{base64.b64encode(value).decode("ascii")}"'


_TEXTS: Final[dict[Kind, tuple[type, str, Function]]] = {
    Kind.UUID: (UUID, "write_uuid", _uuid_text),
    Kind.DATETIME: (dt.datetime, "write_datetime", _moment_text),
    Kind.DATE: (dt.date, "write_date", _date_text),
    Kind.TIME: (dt.time, "write_time", _time_text),
    Kind.TIMEDELTA: (dt.timedelta, "write_duration", _duration_text),
    Kind.DECIMAL: (decimal.Decimal, "write_decimal", _decimal_text),
    Kind.BYTES: (bytes, "write_bytes", _bytes_text),
}
"""The class of which values are written as texts, and the function for one."""


def generate_writer(description: Description, exact: Encode, general: General) -> Encode:
    """Return the function that writes a result of the described type as JSON.

    Args:
        description: the type.
        exact: writes the results of which generated code makes nothing.
        general: returns what writes a part of a type that has no code.
    """
    code = Code("encode", "value")
    code.bind("failures", _FAILURES)
    code.bind("exact", exact)
    code.open("try:")
    text = _Emitter(code, _Functions(general), description).value(description, "value")
    code.add(f"return {_joined(text)}.encode()")
    code.close()
    code.add("except failures:", "    return exact(value)")
    return code.finish()


@final
class _Text(str):
    """A piece of a text, beside the expressions, which are plain strings."""


type Pieces = list[str]
"""What stands side by side in a text: `_Text`, and expressions of a str or an int."""


def _joined(pieces: Pieces) -> str:
    """Return an f-string of pieces."""
    parts: list[str] = []
    for piece in pieces:
        if isinstance(piece, _Text):
            doubled = piece.replace("{", "{{").replace("}", "}}")
            parts.append(doubled.encode("unicode_escape").decode("ascii").replace("'", "\\'"))
        else:
            parts.append(f"{{{piece}}}")
    return f"f'{''.join(parts)}'"


@final
class _Functions:
    """The functions for parts of a type, each made once."""

    def __init__(self, general: General) -> None:
        self._general = general
        self._made: dict[int, Function] = {}
        self._open: dict[int, list[Function]] = {}

    def writer(self, description: Description) -> Function:
        """Return the function that writes a part as a text."""
        known = self._made.get(id(description))
        if known is not None:
            return known
        promised = self._open.get(id(description))
        if promised is not None:
            return later(promised)
        promise = self._open[id(description)] = []
        code = Code("write", "value")
        text = _Emitter(code, self, description).value(description, "value")
        code.add(f"return {_joined(text)}")
        function = code.finish()
        promise.append(function)
        self._made[id(description)] = function
        return function

    def general(self, description: Description) -> Function:
        """Return a function that writes a part that has no code as a text."""
        encode = self._general(description)

        def write(value: object) -> str:
            return encode(value).decode()

        return write


@final
class _Emitter:
    """Adds the code that writes a part of a type from a variable to a function."""

    def __init__(self, code: Code, functions: _Functions, root: Description) -> None:
        self._code = code
        self._functions = functions
        self._root: Description | None = root
        """What the function is for, until it was met. Other classes have their own: they may hold themselves."""

    def value(self, description: Description, name: str) -> Pieces:
        """Look at a variable, which is left as it is; return the pieces of its text."""
        write = self._choose(description)
        constraints = description.constraints
        if write is None or (constraints is not None and constraints.multiple_of is not None):
            return [self._call("write_part", self._functions.general(description), name)]
        pieces = write(name)
        if constraints is not None:
            self._limits(constraints, name)
        return pieces

    def _choose(self, description: Description) -> Callable[[str], Pieces] | None:
        """Return what adds the code for a kind, if there is any."""
        kind = description.kind
        if kind is Kind.STR:
            return self._str
        if kind is Kind.INT:
            return lambda name: self._exact(name, "int")
        if kind is Kind.FLOAT:
            return self._float
        if kind is Kind.BOOL:
            return self._bool
        if kind in _TEXTS and description.type is not bytearray:
            return lambda name: self._spelled(name, *_TEXTS[kind])
        if kind is Kind.OPTIONAL:
            return lambda name: self._optional(description, name)
        if (kind is Kind.DICT or kind in _ARRAYS) and not has_code(description):
            return None
        if kind is Kind.DICT:
            return lambda name: self._dict(description, name)
        if kind in _ARRAYS:
            return lambda name: self._array(description, name)
        if _is_plain_class(description):
            return lambda name: self._whole(description, name)
        return self._choice(description) if kind is Kind.ENUM or kind is Kind.LITERAL else None

    def _call(self, stem: str, function: object, argument: str) -> str:
        return f"{self._code.bind(stem, function)}({argument})"

    def _exact(self, name: str, cls: str) -> Pieces:
        self._code.use("type", cls)
        self._code.refuse_if(f"type({name}) is not {cls}")
        return [name]

    def _str(self, name: str) -> Pieces:
        self._exact(name, "str")
        return [self._call("quote", encode_basestring, name)]

    def _float(self, name: str) -> Pieces:
        code = self._code
        code.use("type", "float", "int", "repr")
        # Where `repr` needs no exponent.
        low, high = code.number("low", "1e-4"), code.number("high", "1e16")
        text = code.variable()
        code.open(f"if type({name}) is float:")
        code.add(f"if {low} <= {name} < {high} or -{high} < {name} <= -{low} or not {name}:")
        code.add(f"    {text} = repr({name})", "else:")
        code.add(f"    {text} = {self._call('number_text', number_text, name)}")
        code.close()
        code.add(f"elif type({name}) is int:", f"    {text} = {name}", "else:", "    raise Misfit")
        return [text]

    def _bool(self, name: str) -> Pieces:
        text = self._code.variable()
        self._code.add(f"if {name} is True:", f"    {text} = 'true'", f"elif {name} is False:")
        self._code.add(f"    {text} = 'false'", "else:", "    raise Misfit")
        return [text]

    def _spelled(self, name: str, cls: type, stem: str, write: Function) -> Pieces:
        self._code.use("type")
        self._code.refuse_if(f"type({name}) is not {self._code.bind(cls.__name__, cls)}")
        return [self._call(stem, write, name)]

    def _choice(self, description: Description) -> Callable[[str], Pieces] | None:
        if description.kind is Kind.ENUM:
            return lambda name: self._member(description.cls, name)
        kinds: set[type[object]] = {type(value) for value in description.values}
        if kinds not in ({str}, {int}):
            return None
        texts = {value: _scalar_text(value) for value in description.values}

        def emit(name: str) -> Pieces:
            self._exact(name, "str" if str in kinds else "int")
            return [f"{self._code.bind('texts', texts)}[{name}]"]

        return emit

    def _member(self, cls: Any, name: str) -> Pieces:
        texts = {
            member.name: encode_basestring(member.value)
            if isinstance(member.value, str)
            else int.__repr__(member.value)
            for member in cls
        }
        self._code.use("type")
        self._code.refuse_if(f"type({name}) is not {self._code.bind('cls', cls)}")
        # PERF: a member is hashed by a method in Python, its name is not.
        return [f"{self._code.bind('texts', texts)}[{name}._name_]"]

    def _optional(self, description: Description, name: str) -> Pieces:
        assert description.item is not None
        text = self._code.variable()
        self._code.add(f"if {name} is None:", f"    {text} = 'null'")
        self._code.open("else:")
        pieces = self.value(description.item, name)
        self._code.add(f"{text} = {_joined(pieces)}")
        self._code.close()
        return [text]

    def _array(self, description: Description, name: str) -> Pieces:
        assert description.item is not None
        self._exact(name, _ARRAYS[description.kind])
        if description.kind is Kind.LIST and _is_plain(description.item, Kind.INT):
            # PERF: what Python says of such a list is JSON but for the spaces: a sixth of the cost.
            self._code.use("map", "repr")
            self._code.refuse_if(f"not {self._code.bind('only', frozenset({int}))}.issuperset(map(type, {name}))")
            return [f"repr({name}).replace(' ', '')"]
        texts = self._together(description.item, name) or f"[{self._each(description.item)} for item in {name}]"
        return [_Text("["), self._call("join", ",".join, texts), _Text("]")]

    def _each(self, item: Description) -> str:
        return self._call("write_item", self._functions.writer(item), "item")

    def _together(self, item: Description, items: str) -> str | None:
        """Return the texts of items that are looked at together."""
        if not _is_plain(item, Kind.STR):
            return None
        self._code.use("type", "map")
        self._code.refuse_if(f"not {self._code.bind('only', frozenset({str}))}.issuperset(map(type, {items}))")
        return f"map({self._code.bind('quote', encode_basestring)}, {items})"

    def _dict(self, description: Description, name: str) -> Pieces:
        assert description.item is not None
        code = self._code
        self._exact(name, "dict")
        code.use("map", "str")
        code.refuse_if(f"not {code.bind('only_str', frozenset({str}))}.issuperset(map(type, {name}))")
        quote = code.bind("quote", encode_basestring)
        texts = f"[{quote}(key) + ':' + {self._each(description.item)} for key, item in {name}.items()]"
        return [_Text("{"), self._call("join", ",".join, texts), _Text("}")]

    def _whole(self, description: Description, name: str) -> Pieces:
        """Write what may hold itself: here, if the function is for it, else by calling its own."""
        if description is not self._root:
            return [self._call("write_part", self._functions.writer(description), name)]
        self._root = None
        return self._object(description, name)

    def _object(self, description: Description, name: str) -> Pieces:
        code = self._code
        code.use("type", "dict")
        keyed = description.kind is Kind.TYPED_DICT
        code.refuse_if(f"type({name}) is not {'dict' if keyed else code.bind('cls', description.cls)}")
        pieces: Pieces = []
        if description.tag_field is not None:
            pieces = [_key(description.tag_field), _Text(_scalar_text(description.tag))]
        for field in description.fields:
            variable = code.variable()
            code.mention(field.encoded)
            code.add(f"{variable} = {name}[{field.encoded!r}]" if keyed else f"{variable} = {name}.{field.name}")
            pieces += [_Text(","), _key(field.encoded)] if pieces else [_key(field.encoded)]
            pieces += self.value(field.description, variable)
        return [_Text("{"), *pieces, _Text("}")]

    def _limits(self, constraints: Constraints, name: str) -> None:
        code = self._code
        for test in sorted(constraints.names):
            limit: Any = getattr(constraints, test)
            if test in _COMPARISONS:
                code.refuse_if(f"not {name} {_COMPARISONS[test]} {code.bind(test, limit)}")
            elif test in _LENGTHS:
                code.use("len")
                code.refuse_if(f"not len({name}) {_LENGTHS[test]} {int(limit)}")
            elif test == "pattern":
                code.refuse_if(f"{code.bind('search', re.compile(limit).search)}({name}) is None")
            else:
                code.refuse_if(f"{name}.tzinfo is {'' if limit else 'not '}None")


def has_code(description: Description) -> bool:
    """Whether code writes a type faster than json's encoder, which is in C, writes its projection: a class is in it."""
    seen: set[int] = set()
    while description.item is not None and id(description) not in seen:
        seen.add(id(description))  # An alias may hold itself with no class in between.
        item = description.item
        if description.kind in _ARRAYS and (_is_plain(item, Kind.STR) or _is_plain(item, Kind.INT)):
            return True
        description = item
    return _is_plain_class(description)


def _is_plain(description: Description, kind: Kind) -> bool:
    return description.kind is kind and description.constraints is None


def _scalar_text(value: Any) -> str:
    return encode_basestring(value) if isinstance(value, str) else repr(int(value))


def _key(name: str) -> _Text:
    return _Text(encode_basestring(name) + ":")


def _is_plain_class(description: Description) -> bool:
    """Whether all members of a class are written, and code can name them."""
    kind, fields = description.kind, description.fields
    if kind not in _CLASSES or description.array_like or description.omit_defaults:
        return False
    if any(field.may_be_absent for field in fields):
        return False
    return kind is Kind.TYPED_DICT or all(is_plain_name(field.name) for field in fields)
