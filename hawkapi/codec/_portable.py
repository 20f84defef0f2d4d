"""The portable codec's reading half: pure Python over the C-accelerated `json`, no dependency.

It is what free-threaded 3.13 runs, what any interpreter runs without msgspec, and the judge of every body that msgspec
refuses: whatever it says of a body is what the client reads. The readers themselves are in `_reader` (scalars),
`_containers`, `_objects` and `_checks`; this file puts them together for a type, and drives them.

It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures.
"""

from __future__ import annotations

import decimal
import enum
import importlib
import json
import math
from collections.abc import Callable
from json.decoder import JSONDecodeError
from typing import Any, Final, final

from hawkapi.codec._checks import Limit, LimitedReader
from hawkapi.codec._containers import (
    ARRAY,
    BOOL,
    FLOAT,
    FORM_NAMES,
    INT,
    OBJECT,
    STR,
    ArrayReader,
    DictReader,
    FixedTupleReader,
    OptionalReader,
    UnionReader,
)
from hawkapi.codec._encoder import build_encoder, build_writer
from hawkapi.codec._limits import check_limits
from hawkapi.codec._model import Description, Kind, parts_of
from hawkapi.codec._objects import ArrayLikeReader, MemberReader, ObjectReader
from hawkapi.codec._reader import (
    INVALID,
    AnyReader,
    BoolReader,
    ChoiceReader,
    DecimalReader,
    FloatReader,
    IntReader,
    NoneReader,
    Reader,
    StrReader,
    spelled_reader,
)
from hawkapi.codec._text import read_int
from hawkapi.codec.errors import CodecError, MalformedError, Violation

_NO_MISSING: Final[Any] = enum.Enum.__dict__["_missing_"].__func__

_TEXTS: Final = frozenset(
    {Kind.STR, Kind.BYTES, Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.TIMEDELTA, Kind.UUID, Kind.DECIMAL}
)
_SPELLED: Final = frozenset({Kind.BYTES, Kind.DATETIME, Kind.DATE, Kind.TIME, Kind.TIMEDELTA, Kind.UUID})
_MADE: Final[dict[Kind, Any]] = {Kind.SET: set, Kind.FROZENSET: frozenset, Kind.TUPLE: tuple}
_SPECIFIC: Final[dict[Kind, int]] = {Kind.STR: 2, Kind.DICT: 2, Kind.FLOAT: 2, Kind.DECIMAL: 1, Kind.INT: 1}
"""The order in which choices of a union that have one form are tried; those that accept the least come first."""


def build_reader(description: Description) -> Reader:
    """Make the reader of a described type."""
    return _Builder(has_decimals(description)).build(description)


def has_decimals(description: Description) -> bool:
    """Whether the digits of numbers must be kept: somewhere in the type is a decimal."""
    for part in parts_of(description):
        if part.kind is Kind.DECIMAL:
            return True
    return False


@final
class _Builder:
    """Makes readers, each class's once, so that a type that mentions itself finds itself."""

    def __init__(self, keeps_digits: bool) -> None:
        self._keeps_digits = keeps_digits
        self._seen: dict[int, Reader] = {}

    def build(self, description: Description) -> Reader:
        """Return the reader of a described type, with its limits."""
        known = self._seen.get(id(description))
        if known is not None:
            return known
        reader = self._build(description)
        constraints = description.constraints
        if constraints is not None:
            name = _limit_name(description.kind)
            limits = [Limit(test, getattr(constraints, test), name) for test in sorted(constraints.names)]
            reader = LimitedReader(reader, limits)
            self._seen[id(description)] = reader
        return reader

    def _build(self, description: Description) -> Reader:
        kind = description.kind
        if kind is Kind.DATACLASS or kind is Kind.ATTRS or kind is Kind.TYPED_DICT:
            return self._object(description)
        if kind is Kind.STRUCT:
            return self._array_like(description) if description.array_like else self._object(description)
        if kind is Kind.OPTIONAL:
            return OptionalReader(self._item(description))
        if kind is Kind.LIST or kind in _MADE:
            return ArrayReader(self._item(description), _MADE.get(kind))
        if kind is Kind.DICT:
            key = description.key
            plain = key is None or (key.kind is Kind.STR and key.constraints is None)
            return DictReader(self._item(description), None if plain or key is None else self.build(key))
        if kind is Kind.UNION:
            return self._union(description)
        if kind is Kind.FIXED_TUPLE or kind is Kind.NAMED_TUPLE:
            return self._fixed_tuple(description)
        return self._scalar(description)

    def _item(self, description: Description) -> Reader:
        item = description.item
        assert item is not None
        return self.build(item)

    def _scalar(self, description: Description) -> Reader:
        kind = description.kind
        if kind is Kind.STR:
            return StrReader()
        if kind is Kind.INT:
            return IntReader()
        if kind is Kind.FLOAT:
            return FloatReader()
        if kind is Kind.BOOL:
            return BoolReader()
        if kind is Kind.DECIMAL:
            return DecimalReader()
        if kind in _SPELLED:
            return spelled_reader(description.type)
        if kind is Kind.ENUM or kind is Kind.LITERAL:
            return _choice_reader(description)
        if kind is Kind.PYDANTIC:
            return _pydantic_reader(description)
        return NoneReader() if kind is Kind.NONE else AnyReader(self._keeps_digits)

    def _members(self, description: Description) -> list[MemberReader]:
        return [
            MemberReader(
                field.encoded,
                field.name if description.kind is Kind.TYPED_DICT else field.argument,
                self.build(field.description),
                field.required,
            )
            for field in description.fields
        ]

    def _object(self, description: Description) -> Reader:
        cls = None if description.kind is Kind.TYPED_DICT else description.cls
        reader = ObjectReader(cls, description.forbid_unknown_fields)
        self._seen[id(description)] = reader
        if description.tag_field is not None:
            reader.set_tag(description.tag_field, description.tag)
        reader.set_members(self._members(description))
        return reader

    def _array_like(self, description: Description) -> Reader:
        reader = ArrayLikeReader(description.cls, description.forbid_unknown_fields)
        self._seen[id(description)] = reader
        if description.tag_field is not None:
            reader.set_tag(description.tag)
        reader.set_members(self._members(description))
        return reader

    def _fixed_tuple(self, description: Description) -> Reader:
        reader = FixedTupleReader()
        self._seen[id(description)] = reader
        if description.kind is Kind.FIXED_TUPLE:
            reader.set_items([self.build(item) for item in description.items], len(description.items), None)
            return reader
        required = 0
        for field in description.fields:
            if field.required:
                required += 1
        reader.set_items([self.build(field.description) for field in description.fields], required, description.cls)
        return reader

    def _union(self, description: Description) -> Reader:
        reader = UnionReader(_union_name(description))
        self._seen[id(description)] = reader
        by_form: list[list[Reader]] = [[], [], [], [], [], [], []]
        choices = sorted(description.items, key=_specific)
        for choice in choices:
            for form in forms_of(choice):
                by_form[form].append(self.build(choice))
        # FLOAT and DECIMAL take integers too, but the number that was written is nearer to an int.
        reader.set_choices(by_form, [self.build(choice) for choice in _text_choices(choices)])
        tags = _tags_of(description)
        if tags:
            by_tag = {tag: self.build(choice) for tag, choice in tags.items()}
            reader.set_tags(str(next(iter(tags.values())).tag_field), by_tag)
        return reader


def _specific(choice: Description) -> int:
    return _SPECIFIC.get(choice.kind, 0)


def _limit_name(kind: Kind) -> str:
    if kind in {Kind.LIST, Kind.SET, Kind.FROZENSET, Kind.TUPLE}:
        return "array"
    name: str = kind.value
    return name


def forms_of(choice: Description) -> list[int]:
    """Return JSON's forms that values of a type have."""
    kind = choice.kind
    if kind is Kind.BOOL:
        return [BOOL]
    if kind is Kind.INT:
        return [INT]
    if kind is Kind.FLOAT:
        return [INT, FLOAT]
    if kind is Kind.DECIMAL:
        return [INT, FLOAT, STR]
    if kind in _TEXTS:
        return [STR]
    if kind is Kind.ENUM or kind is Kind.LITERAL:
        texts = [isinstance(value, str) for value in choice.values]
        return [INT] * (not all(texts)) + [STR] * any(texts)
    if kind is Kind.PYDANTIC:
        return [BOOL, INT, FLOAT, STR, OBJECT, ARRAY]
    if kind is Kind.DICT or kind is Kind.TYPED_DICT or kind is Kind.DATACLASS or kind is Kind.ATTRS:
        return [OBJECT]
    return [OBJECT] if kind is Kind.STRUCT and not choice.array_like else [ARRAY]


def _union_name(description: Description) -> str:
    """Return the forms of a union for messages; one text type is named itself."""
    forms: set[int] = set()
    texts: list[str] = []
    for choice in description.items:
        found = forms_of(choice) if choice.kind is not Kind.FLOAT else [FLOAT]
        if choice.kind is Kind.DECIMAL:
            found = [STR]
        if choice.kind is Kind.PYDANTIC:
            found = [OBJECT]
        forms.update(found)
        if STR in found:
            texts.append(choice.kind.value if choice.kind in _TEXTS else "str")
    names = [texts[0] if form == STR and len(texts) == 1 else FORM_NAMES[form] for form in sorted(forms)]
    return " | ".join(names)


def _text_choices(choices: list[Description]) -> list[Description]:
    """Return the choices that a text from a path or a query is read as: itself, where a str is among them."""
    plain = [choice for choice in choices if choice.kind is Kind.STR]
    if not plain:
        return choices
    return [choice for choice in choices if STR in forms_of(choice) and choice.kind is not Kind.STR] + plain


def _tags_of(description: Description) -> dict[tuple[bool, object], Description]:
    """Return the choices of a union by tag, if every one that is an object has one, in the same member."""
    found: dict[tuple[bool, object], Description] = {}
    fields: set[object] = set()
    objects = 0
    for choice in description.items:
        if OBJECT in forms_of(choice):
            objects += 1
            fields.add(choice.tag_field)
            found[(isinstance(choice.tag, str), choice.tag)] = choice
    return found if objects > 1 and len(fields) == 1 and None not in fields and len(found) == objects else {}


def _choice_reader(description: Description) -> Reader:
    members: dict[tuple[bool, object], object] = {}
    missing: Any = None
    if description.kind is Kind.LITERAL:
        for value in description.values:
            members[(isinstance(value, str), value)] = value
    else:
        for member in description.cls.__members__.values():
            members[(isinstance(member.value, str), member.value)] = member
        if description.cls._missing_.__func__ is not _NO_MISSING:
            missing = description.cls
    return ChoiceReader(members, missing)


def _pydantic_reader(description: Description) -> Reader:
    # Loaded only for a user who has pydantic and gives one of its models.
    module: Any = importlib.import_module("hawkapi.codec._pydantic")
    reader: Reader = PydanticReader(module.build_validator(description.type))
    return reader


@final
class PydanticReader(Reader):
    """Reads what pydantic describes by asking pydantic."""

    def __init__(self, validate: Callable[[object, bool], object]) -> None:
        self._validate = validate

    def read(self, value: object, errors: list[Violation], lax: bool) -> object:
        try:
            return self._validate(value, lax)
        except CodecError as exc:
            errors.extend(exc.violations)
            return INVALID


def _refuse_constant(text: str) -> object:
    raise MalformedError(f"JSON is malformed: {text} is not a JSON number")


def _read_int(text: str) -> object:
    number = read_int(text)
    return math.inf if number is None else number


def _read_digits(text: str) -> object:
    """Keep the digits of a number; one whose exponent is out of all range is an infinity to its reader."""
    try:
        return decimal.Decimal(text)
    except decimal.InvalidOperation:
        return math.inf


@final
class Parser:
    """Bytes in, what JSON makes of them out."""

    def __init__(self, keeps_digits: bool) -> None:
        self._parse_float: Any = _read_digits if keeps_digits else None
        self._json: Any = json.JSONDecoder(parse_float=self._parse_float, parse_constant=_refuse_constant)

    def parse(self, data: bytes) -> object:
        """Parse a JSON document.

        Raises:
            MalformedError: it is not JSON, or goes over a limit of `hawkapi.codec._limits`.
        """
        check_limits(data)
        text = data.decode("utf-8")
        try:
            try:
                value: object = self._json.decode(text)
            except (JSONDecodeError, MalformedError):
                raise
            except ValueError:
                # int() refuses that many digits. Such a number is an infinity to its reader, and nothing to a type
                # that ignores the member it stands in.
                lenient: Any = json.JSONDecoder(
                    parse_float=self._parse_float, parse_constant=_refuse_constant, parse_int=_read_int
                )
                value = lenient.decode(text)
        except JSONDecodeError as exc:
            raise MalformedError(f"JSON is malformed: {exc.msg} (character {exc.pos})") from None
        return value


@final
class Decoder:
    """Bytes in, a value of one described type out."""

    def __init__(self, description: Description) -> None:
        self._reader = build_reader(description)
        self._parser = Parser(has_decimals(description))

    def decode(self, data: bytes) -> object:
        """Read a JSON document.

        Raises:
            MalformedError: it is not JSON, or goes over a limit of `hawkapi.codec._limits`.
            CodecError: it does not fit the type; every reason is given.
        """
        return read_value(self._reader, self._parser.parse(data), False)


@final
class Converter:
    """A value, or the text of one, in; a value of one described type out."""

    def __init__(self, description: Description) -> None:
        self._reader = build_reader(description)

    def convert(self, value: object, lax: bool) -> object:
        """Read a value; with `lax`, a text is read as what it spells, also one in a list or a dict.

        Raises:
            CodecError: it does not fit the type; every reason is given.
        """
        return read_value(self._reader, value, lax)


def read_value(reader: Reader, value: object, lax: bool) -> object:
    """Read a value.

    Raises:
        CodecError: it does not fit the type; every reason is given.
    """
    errors: list[Violation] = []
    try:
        result = reader.read(value, errors, lax)
    except RecursionError:
        raise MalformedError("JSON is malformed: nested too deeply for the stack") from None
    if result is INVALID:
        raise CodecError(errors)
    return result


def build_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type."""
    if description.kind is Kind.PYDANTIC:
        module: Any = importlib.import_module("hawkapi.codec._pydantic")
        decode: Callable[[bytes], object] = module.build_decoder(description.type, Parser(False).parse)
        return decode
    exact = build_exact_decoder(description)
    if has_decimals(description):
        return exact
    # Loaded for whoever decodes, and not by `import hawkapi`.
    generated: Any = importlib.import_module("hawkapi.codec._generated_readers")
    decoder: Callable[[bytes], object] = generated.generate_decoder(
        description, json.JSONDecoder(parse_constant=_refuse_constant), exact, build_reader
    )
    return decoder


def build_exact_decoder(description: Description) -> Callable[[bytes], object]:
    """Return the function that reads bytes as the described type by the readers alone."""
    return Decoder(description).decode


def build_converter(description: Description) -> Callable[[object, bool], object]:
    """Return the function that reads values, or texts, as the described type."""
    return Converter(description).convert


__all__ = ["build_converter", "build_decoder", "build_encoder", "build_writer"]
