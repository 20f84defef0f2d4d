"""Decoders as generated code: see `_generated` for how, and for what it must keep to.

PERF: the readers look up what to do for each member, and make a dict of arguments; written out, a body of three scalars
is read in 4.0 us, not 13.2, without the GIL, and in 3.4 us, not 7.1, with it (the compiled readers: 7.6); 10 KB of
nested dataclasses in 55 % of the time without, 80 % with. The parser alone takes half of what is left.
"""

from __future__ import annotations

import enum
import json
import math
import re
from collections.abc import Callable
from typing import Any, Final, final

from hawkapi.codec._checks import is_multiple
from hawkapi.codec._constraints import Constraints
from hawkapi.codec._generated import Code, Function, Misfit, is_plain_name, later
from hawkapi.codec._limits import MAX_DEPTH, check_limits
from hawkapi.codec._model import MISSING, Description, Kind
from hawkapi.codec._reader import Reader
from hawkapi.codec._text import read_base64, read_date, read_datetime, read_duration, read_time, read_uuid
from hawkapi.codec.errors import Violation

type Decode = Callable[[bytes], object]

_FAILURES: Final = (Misfit, ValueError, TypeError, KeyError, StopIteration, RecursionError, OverflowError)
"""What generated code, the parser, and a class that is called may raise for a body that does not fit."""

_PARSERS: Final[dict[Kind, Function]] = {
    Kind.DATETIME: read_datetime,
    Kind.DATE: read_date,
    Kind.TIME: read_time,
    Kind.TIMEDELTA: read_duration,
    Kind.UUID: read_uuid,
}
_EXACT: Final = {Kind.STR: "str", Kind.INT: "int", Kind.BOOL: "bool"}
"""Scalars that are what the parser has made of them; the name is that of their class."""

_MADE: Final = {Kind.SET: "set", Kind.FROZENSET: "frozenset", Kind.TUPLE: "tuple"}
_COMPARISONS: Final = {"ge": ">=", "le": "<=", "gt": ">", "lt": "<"}
_LENGTHS: Final = {"min_length": ">=", "max_length": "<="}
_NO_MISSING: Final[Any] = enum.Enum.__dict__["_missing_"].__func__


def generate_decoder(description: Description, parser: json.JSONDecoder, exact: Decode, readers: Any) -> Decode:
    """Return the function that reads bytes as the described type.

    Args:
        description: the type; nothing in it may be a decimal, whose digits the parser would have to keep.
        parser: parses JSON.
        exact: reads the bytes of which generated code makes nothing.
        readers: returns the reader of a description, for parts that have no code.
    """
    code = Code("decode", "data")
    code.use("len")
    code.bind("failures", _FAILURES)
    code.bind("exact", exact)
    code.bind("check_limits", check_limits)
    code.bind("parse", parser.scan_once)  # type: ignore[attr-defined]  # typeshed does not know it
    code.open("try:")
    code.add("text = data.decode()")
    # A body that is short and has no escapes breaks no limit but that of UTF-8, which was looked at by then.
    code.add(f"if len(data) > {MAX_DEPTH} or '\\\\u' in text:", "    check_limits(data)")
    code.add("raw, end = parse(text, 0)")
    code.refuse_if("end != len(text)")
    result = _Emitter(code, _Functions(readers), description).value(description, "raw")
    code.add(f"return {result}")
    code.close()
    code.add("except failures:", "    return exact(data)")
    return code.finish()


@final
class _Functions:
    """The functions for parts of a type, each made once."""

    def __init__(self, readers: Callable[[Description], Reader]) -> None:
        self._readers = readers
        self._made: dict[int, Function] = {}
        self._open: dict[int, list[Function]] = {}

    def reader(self, description: Description) -> Function:
        """Return the function that reads a part."""
        known = self._made.get(id(description))
        if known is not None:
            return known
        promised = self._open.get(id(description))
        if promised is not None:
            return later(promised)
        promise = self._open[id(description)] = []
        code = Code("read", "raw")
        result = _Emitter(code, self, description).value(description, "raw")
        code.add(f"return {result}")
        function = code.finish()
        promise.append(function)
        self._made[id(description)] = function
        return function

    def general(self, description: Description) -> Function:
        """Return a function around the reader of a part that has no code."""
        reader = self._readers(description)

        def read(value: object) -> object:
            errors: list[Violation] = []
            found = reader.read(value, errors, False)
            if errors:
                raise Misfit
            return found

        return read


@final
class _Emitter:
    """Adds the code that reads a part of a type from a variable to a function."""

    def __init__(self, code: Code, functions: _Functions, root: Description) -> None:
        self._code = code
        self._functions = functions
        self._root: Description | None = root
        """What the function is for, until it was met. Other classes, and tuples, have their own, as they may hold
        themselves."""

    def value(self, description: Description, name: str) -> str:
        """Read a variable; return the expression of the result: the variable itself where it was only looked at."""
        write = self._choose(description)
        found = self._call(self._functions.general(description), "read_part", name) if write is None else write(name)
        if write is not None and description.constraints is not None:
            found = self._named(found, name)
            self._limits(description.constraints, name)
        return found

    def _choose(self, description: Description) -> Callable[[str], str] | None:
        """Return what adds the code for a kind, if there is any."""
        kind = description.kind
        if kind in _EXACT:
            return lambda name: self._exact(name, _EXACT[kind])
        if kind is Kind.FLOAT:
            return self._float
        if kind is Kind.ANY:
            return self._any
        if kind in _PARSERS or (kind is Kind.BYTES and description.type is bytes):
            return lambda name: self._spelled(name, _PARSERS.get(kind, read_base64))
        if kind is Kind.ENUM or kind is Kind.LITERAL:
            return self._choice(description)
        if kind is Kind.OPTIONAL:
            return lambda name: self._optional(description, name)
        if kind is Kind.LIST or kind in _MADE:
            return lambda name: self._array(description, name)
        if kind is Kind.DICT:
            return self._dict(description)
        if kind is Kind.FIXED_TUPLE or _is_plain_class(description):
            return lambda name: self._whole(description, name)
        return None

    def _whole(self, description: Description, name: str) -> str:
        """Read what may hold itself: here, if the function is for it, else by calling its own."""
        if description is not self._root:
            return self._call(self._functions.reader(description), "read_part", name)
        self._root = None
        if description.kind is Kind.FIXED_TUPLE:
            return self._positions(description, name)
        return self._object(description, name)

    def _named(self, expression: str, name: str) -> str:
        if expression != name:
            self._code.add(f"{name} = {expression}")
        return name

    def _call(self, function: Function, stem: str, name: str) -> str:
        return f"{self._code.bind(stem, function)}({name})"

    def _exact(self, name: str, cls: str) -> str:
        if cls == "bool":
            self._code.refuse_if(f"{name} is not True and {name} is not False")
        else:
            self._code.use("type", cls)
            self._code.refuse_if(f"type({name}) is not {cls}")
        return name

    def _float(self, name: str) -> str:
        code = self._code
        code.use("type", "float", "int")
        low, high = code.bind("low", -math.inf), code.bind("high", math.inf)
        code.add(f"if type({name}) is float:", f"    if not {low} < {name} < {high}:", "        raise Misfit")
        code.add(f"elif type({name}) is int:", f"    {name} = float({name})", "else:", "    raise Misfit")
        return name

    def _any(self, name: str) -> str:
        plain = self._code.bind("plain", frozenset({str, int, bool, type(None)}))
        general = self._functions.general(Description(Kind.ANY, Any))
        self._code.use("type")
        self._code.add(f"if type({name}) not in {plain}:", f"    {name} = {self._call(general, 'read_part', name)}")
        return name

    def _spelled(self, name: str, parse: Function) -> str:
        self._exact(name, "str")
        self._code.add(f"{name} = {self._call(parse, 'parse_text', name)}")
        self._code.refuse_if(f"{name} is None")
        return name

    def _choice(self, description: Description) -> Callable[[str], str] | None:
        is_enum = description.kind is Kind.ENUM
        kinds = {type(value) for value in description.values}
        if kinds not in ({str}, {int}) or (is_enum and description.cls._missing_.__func__ is not _NO_MISSING):
            return None
        members: Any = description.cls.__members__.values() if is_enum else ()
        table = {member.value: member for member in members} or {value: value for value in description.values}

        def emit(name: str) -> str:
            self._exact(name, "str" if str in kinds else "int")
            return f"{self._code.bind('choices', table)}[{name}]"

        return emit

    def _optional(self, description: Description, name: str) -> str:
        assert description.item is not None
        self._code.open(f"if {name} is not None:")
        self._block(description.item, name)
        return name

    def _block(self, description: Description, name: str) -> None:
        """Read a variable, in a block that was opened, and leave the result in it."""
        self._named(self.value(description, name), name)
        self._code.close()

    def _array(self, description: Description, name: str) -> str:
        assert description.item is not None
        self._exact(name, "list")
        found = self._items(description.item, name, name)
        if found is None:
            found = f"[{self._call(self._functions.reader(description.item), 'read_part', 'item')} for item in {name}]"
        made = _MADE.get(description.kind)
        if made is None:
            return found
        self._code.use(made)
        return f"{made}({found})"

    def _items(self, item: Description, name: str, items: str) -> str | None:
        """Look at the items of an array, or the values of a map, together, if they are what the parser makes."""
        if item.kind not in _EXACT or item.constraints is not None:
            return None
        self._code.use("type", "set", "map")
        types = self._code.bind("only", frozenset({{"str": str, "int": int, "bool": bool}[_EXACT[item.kind]]}))
        self._code.refuse_if(f"not {types}.issuperset(map(type, {items}))")
        return name

    def _dict(self, description: Description) -> Callable[[str], str] | None:
        key, item = description.key, description.item
        if item is None or not (key is None or (key.kind is Kind.STR and key.constraints is None)):
            return None
        described = item

        def emit(name: str) -> str:
            self._exact(name, "dict")
            found = self._items(described, name, f"{name}.values()")
            if found is not None:
                return found
            read = self._call(self._functions.reader(described), "read_part", "item")
            return f"{{key: {read} for key, item in {name}.items()}}"

        return emit

    def _positions(self, description: Description, name: str) -> str:
        self._exact(name, "list")
        names = [self._code.variable() for _ in description.items]
        if not names:
            self._code.refuse_if(name)
            return "()"
        self._code.add(f"{', '.join(names)}, = {name}")
        found = [self._named(self.value(item, each), each) for item, each in zip(description.items, names, strict=True)]
        return f"({', '.join(found)},)"

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
            elif test == "tz":
                code.refuse_if(f"{name}.tzinfo is {'' if limit else 'not '}None")
            else:
                code.refuse_if(f"not {code.bind('is_multiple', is_multiple)}({name}, {code.bind('step', limit)})")

    def _object(self, description: Description, name: str) -> str:
        named = not _takes_positions(description)
        self._exact(name, "dict")
        self._object_wide(description, name)
        arguments: list[str] = []
        for field in description.fields:
            variable = self._code.variable()
            self._code.mention(field.encoded)
            if field.required:
                self._code.add(f"{variable} = {name}[{field.encoded!r}]")
                found = self.value(field.description, variable)
            else:
                self._member_with_default(field, name, variable)
                found = variable
            arguments.append(f"{field.argument}={found}" if named else found)
        return f"{self._code.bind('cls', description.cls)}({', '.join(arguments)})"

    def _member_with_default(self, field: Any, name: str, variable: str) -> None:
        code = self._code
        code.open(f"if {field.encoded!r} in {name}:")
        code.add(f"{variable} = {name}[{field.encoded!r}]")
        self._named(self.value(field.description, variable), variable)
        code.close()
        if field.default_factory is not MISSING:
            default = code.bind("factory", field.default_factory) + "()"
        else:
            default = "None" if field.default is None else code.bind("default", field.default)
        code.add("else:", f"    {variable} = {default}")

    def _object_wide(self, description: Description, name: str) -> None:
        """Look at what concerns an object as a whole: its tag, and members that nobody knows."""
        code = self._code
        known = {field.encoded for field in description.fields}
        if description.tag_field is not None:
            known.add(description.tag_field)
            code.open(f"if {description.tag_field!r} in {name}:")
            tag = code.variable()
            code.add(f"{tag} = {name}[{description.tag_field!r}]")
            self._exact(tag, type(description.tag).__name__)
            code.refuse_if(f"{tag} != {description.tag!r}")
            code.close()
        if description.forbid_unknown_fields:
            code.refuse_if(f"not {code.bind('known', frozenset(known))}.issuperset({name})")


def _is_plain_class(description: Description) -> bool:
    """Whether objects of a class are made by calling it, with arguments that code can name."""
    kind, fields = description.kind, description.fields
    if kind not in {Kind.DATACLASS, Kind.STRUCT, Kind.ATTRS} or description.array_like:
        return False
    if not (_takes_positions(description) or all(is_plain_name(field.argument) for field in fields)):
        return False
    if kind is Kind.ATTRS:
        return all(field.required for field in fields)
    return not any(field.may_be_absent and field.default is MISSING for field in fields)


def _takes_positions(description: Description) -> bool:
    """Whether a class takes its members by position, in the order of the description."""
    cls = description.cls
    if description.kind is Kind.ATTRS or type(cls).__call__ is not type.__call__:
        return False
    # What an application has written itself is called by name, as the readers do.
    generated = getattr(getattr(cls.__init__, "__code__", None), "co_filename", "<string>") == "<string>"
    made_plainly = description.kind is Kind.STRUCT or cls.__new__ is object.__new__
    names = tuple(field.name for field in description.fields)
    return generated and made_plainly and getattr(cls, "__match_args__", None) == names
