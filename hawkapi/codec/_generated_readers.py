"""Decoders as generated code: see `_generated` for how, and for what it must keep to.

PERF: the readers look up what to do for each member, and make a dict of arguments; written out, a body of three scalars
is read in 4.0 us, not 13.2, without the GIL, and in 3.4 us, not 7.1, with it (the compiled readers: 7.6); 10 KB of
nested dataclasses in 55 % of the time without, 80 % with. The parser alone takes half of what is left.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Callable
from json.encoder import encode_basestring
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

_USUAL: Final = {
    Kind.STR: r'"([^"\\\x00-\x1f]*+)"',
    # A zero with a sign is an integer to the parser, and so has none when it is read as a float.
    Kind.INT: r"(0|-?[1-9][0-9]{0,17}+)",
    Kind.FLOAT: r"(0|-?[1-9][0-9]{0,17}+(?!\.)|-?(?:0|[1-9][0-9]{0,17}+)\.[0-9]++)",
    Kind.BOOL: r"(true|false)",
}
"""The forms of scalars in JSON that need no parser; others, as numbers with an exponent, are left to it."""
_MOST_USUAL: Final = 16
"""So many members an object may have to be recognised as a whole."""

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
    scanner: Any = parser  # typeshed does not know its attribute.
    code.bind("parse", scanner.scan_once)
    code.open("try:")
    code.add("text = data.decode()")
    emitter = _Emitter(code, _Functions(readers), description)
    emitter.usual_form(description)
    # A body that is short and has no escapes breaks no limit but that of UTF-8, which was looked at by then.
    code.add(f"if len(data) > {MAX_DEPTH} or '\\\\u' in text:", "    check_limits(data)")
    code.add("raw, end = parse(text, 0)")
    code.refuse_if("end != len(text) and text[end:].strip(' \\t\\n\\r')")
    result = emitter.value(description, "raw")
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

    def usual_form(self, description: Description) -> None:
        """Read an object of a few scalars that is written as most programs write it: nothing absent, all in order."""
        pattern = _usual_pattern(description)
        if pattern is None:
            return
        code = self._code
        names = [code.variable() for _ in description.fields]
        # The expression looks at one character after the other, and the parser finds the end of a long text faster.
        code.open(f"if len(data) <= {MAX_DEPTH}:")
        code.add(f"usual = {code.bind('match', re.compile(pattern).fullmatch)}(text)")
        code.open("if usual is not None:")
        code.add(f"{', '.join(names)}, = usual.groups()")
        for field, name in zip(description.fields, names, strict=True):
            self._usual_value(field.description, name)
        code.add(f"return {self._made(description, names)}")
        code.close()
        code.close()

    def _usual_value(self, description: Description, name: str) -> None:
        code, kind = self._code, description.kind
        if kind is Kind.INT or kind is Kind.FLOAT:
            made = _EXACT.get(kind, "float")
            code.use(made)
            code.add(f"{name} = {made}({name})")
        elif kind is Kind.BOOL:
            code.add(f"{name} = {name} == 'true'")
        if description.constraints is not None:
            self._limits(description.constraints, name)

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
        low, high = code.number("low", "-inf"), code.number("high", "inf")
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
        kinds: set[type[object]] = {type(value) for value in description.values}
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
            arguments.append(found)
        return self._made(description, arguments)

    def _made(self, description: Description, arguments: list[str]) -> str:
        """Return the call of a class."""
        if not _takes_positions(description):
            pairs = zip(description.fields, arguments, strict=True)
            arguments = [f"{field.argument}={found}" for field, found in pairs]
        cls = self._code.bind("cls", description.cls)
        if not _is_only_stored(description):
            return f"{cls}({', '.join(arguments)})"
        # PERF: what its generated `__init__` would do, without the call.
        self._code.add(f"made = {self._code.bind('new', object.__new__)}({cls})")
        for field, found in zip(description.fields, arguments, strict=True):
            self._code.add(f"made.{field.name} = {found}")
        return "made"

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


def _usual_pattern(description: Description) -> str | None:
    """Return the regular expression of an object that is written with or without a space after `:` and `,`.

    PERF: it takes less time than the parser alone does, which makes a dict of texts: three scalars are read in 1.6 us,
    not 2.1, without the GIL, and in 1.5, not 1.7, with it. An object in another order costs 0.2 us more for the look.
    """
    fields = description.fields
    if not _is_plain_class(description) or description.tag_field is not None or not 0 < len(fields) <= _MOST_USUAL:
        return None
    if not all(field.required and field.description.kind in _USUAL for field in fields):
        return None
    members = [f"{re.escape(encode_basestring(field.encoded))}: ?{_USUAL[field.description.kind]}" for field in fields]
    return r"\{" + ", ?".join(members) + r"\}"


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


def _is_only_stored(description: Description) -> bool:
    """Whether a class does nothing with the members of a new object but to store them."""
    cls = description.cls
    stores = _takes_positions(description) and cls.__setattr__ is object.__setattr__ and cls.__new__ is object.__new__
    return (
        stores and not hasattr(cls, "__post_init__") and all(is_plain_name(field.name) for field in description.fields)
    )


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
