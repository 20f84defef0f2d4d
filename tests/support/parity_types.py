"""Types and inputs for tests/parity: every kind that is described, and documents that fit, nearly fit, or do not."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import enum
import json
import types
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Optional, TypedDict, TypeVar, Union
from uuid import UUID

import annotated_types as at
from hypothesis import strategies as st

from hawkapi.codec import Description, Kind
from hawkapi.codec.struct import UNSET, Meta, Struct, UnsetType, field

T = TypeVar("T")


@dataclasses.dataclass
class Tree:
    value: int
    children: list[Tree] = dataclasses.field(default_factory=list)
    twin: Tree | None = None


@dataclasses.dataclass
class Checked:
    """A class that refuses some of its values."""

    size: int
    rest: str = "rest"

    def __post_init__(self) -> None:
        if self.size % 2:
            raise ValueError(f"{self.size} is odd")


@dataclasses.dataclass
class Box(Generic[T]):  # noqa: UP046 - both spellings are supported
    content: T
    more: list[T] = dataclasses.field(default_factory=list)
    count: int = 1


class Colour(enum.Enum):
    RED = "red"
    BLUE = "b"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 7


class Flags(enum.IntFlag):
    A = 1
    B = 2


class Point(NamedTuple):
    x: int
    y: float = 0.5


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Plain(Struct):
    value: int
    name: str = "n"
    tags: list[int] = []  # noqa: RUF012 - made anew for each object


class Strict(Struct, forbid_unknown_fields=True, rename="camel", frozen=True):
    first_value: int
    second_value: str | None = None


class Unset(Struct, omit_defaults=True, kw_only=True):
    a: int | UnsetType = UNSET
    b: int = 5
    value: str = field(name="v-value")


class Cat(Struct, tag="cat", tag_field="kind"):
    value: int


class Dog(Struct, tag="dog", tag_field="kind"):
    value: str
    size: int = 3


class Row(Struct, array_like=True):
    value: int
    name: str = "x"


class GenericStruct[U](Struct):
    items: list[U]
    total: int = 0


class Checker(Struct):
    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("size must not be negative")


type Json = bool | int | str | list[Json] | dict[str, Json] | None
type Alias = list[int]

SCALARS: list[Any] = [
    Any,
    None,
    bool,
    int,
    float,
    str,
    bytes,
    bytearray,
    UUID,
    dt.datetime,
    dt.date,
    dt.time,
    dt.timedelta,
    Decimal,
    Colour,
    Size,
    Flags,
    Literal["a", "b", 1],
    Literal["a", None],
]
LIMITED: list[Any] = [
    Annotated[int, Meta(ge=0)],
    Annotated[int, Meta(gt=0, lt=100)],
    Annotated[int, Meta(multiple_of=3)],
    Annotated[float, Meta(le=1.5)],
    Annotated[float, at.Gt(0)],
    Annotated[str, Meta(min_length=1, max_length=3)],
    Annotated[str, Meta(pattern="^[a-c]+$")],
    Annotated[str, at.Len(2, 4)],
    Annotated[list[int], Meta(max_length=1)],
    Annotated[set[int], Meta(min_length=1)],
    Annotated[dict[str, int], Meta(min_length=1)],
    Annotated[bytes, Meta(max_length=2)],
    Annotated[dt.datetime, Meta(tz=True)],
    Annotated[dt.time, Meta(tz=False)],
    Annotated[Decimal, at.Ge(0)],
    Annotated[int | None, Meta(ge=0)],
]
CLASSES: list[Any] = [
    Tree,
    Checked,
    Box[int],
    Box[str],
    Point,
    Movie,
    Plain,
    Strict,
    Unset,
    Cat | Dog,
    Cat,
    Row,
    GenericStruct[int],
    Checker,
    Json,
    Alias,
    int | str,
    int | float | None,
    list[int] | int,
    Plain | list[str] | None,
    dt.datetime | int,
    UUID | str,
    Tree | Checked,
    Colour | int,
]
NAMES = [
    "a",
    "b",
    "value",
    "children",
    "twin",
    "é",
    "size",
    "name",
    "v-value",
    "firstValue",
    "kind",
    "title",
    "content",
]
KEY_TYPES: list[Any] = [
    str,
    int,
    float,
    UUID,
    dt.date,
    Colour,
    Size,
    Literal["a", "b"],
    bytes,
    Annotated[str, Meta(min_length=2)],
]


@st.composite
def dataclass_types(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> type:
    """Make a class with a few members, some of them with defaults."""
    members: list[Any] = []
    names = [name for name in NAMES if name.isascii() and name.isidentifier()]
    for name in draw(st.lists(st.sampled_from(names), max_size=4, unique=True)):
        default: Any = draw(
            st.sampled_from(
                [dataclasses.field(), dataclasses.field(default=None), dataclasses.field(default_factory=list)]
            )
        )
        members.append((name, draw(inner), default))
    frozen, slots = draw(st.booleans()), draw(st.booleans())
    return dataclasses.make_dataclass("Made", members, kw_only=True, module=__name__, frozen=frozen, slots=slots)


def structured(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return the types that are made of others."""
    return st.one_of(
        inner.map(lambda item: types.GenericAlias(list, (item,))),
        st.builds(lambda key, item: types.GenericAlias(dict, (key, item)), st.sampled_from(KEY_TYPES), inner),
        inner.map(lambda item: Optional[item]),  # noqa: UP045 - `None | None` is no type
        inner.map(lambda item: types.GenericAlias(tuple, (item, ...))),
        st.builds(lambda one, two: types.GenericAlias(tuple, (one, two)), inner, inner),
        inner.map(lambda item: Sequence[item]),  # type: ignore[valid-type]  # made while running
        inner.map(lambda item: Mapping[str, item]),  # type: ignore[valid-type]  # made while running
        st.builds(lambda one, two: Union[one, two], inner, inner),  # noqa: UP007 - also of None
        st.sampled_from([set[int], frozenset[str], set[UUID], set[Any], frozenset[int | str]]),
        dataclass_types(inner),
    )


TYPES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.sampled_from(SCALARS), st.sampled_from(LIMITED), st.sampled_from(CLASSES)), structured, max_leaves=4
)

NUMBERS = st.one_of(
    st.integers(-3, 120),
    st.integers(),
    st.sampled_from([0, -1, 2**63, 2**64, -(2**63) - 1, 10**400]),
    st.floats(-1e99, 1e99),
    st.sampled_from([-0.0, 1e16, 5e-324, 0.1, 1.5e-7]),
)
UUID_TEXT = "12345678-1234-5678-1234-567812345678"
SPELLINGS = [
    UUID_TEXT,
    UUID_TEXT.replace("-", ""),
    f"{{{UUID_TEXT}}}",
    "null",
    "true",
    "1",
    "-0",
    "01",
    "1e3",
    "1.50",
    "NaN",
    "2020-01-01",
    "2020-02-30",
    "2020-01-01T00:00:00Z",
    "2020-01-01 00:00:00.1234567+0530",
    "0001-01-01t00:00:00.9999999-23:59",
    "9999-12-31T23:59:59.9999999",
    "2020-01-01T24:00:00",
    "23:59:59.9999995",
    "00:00:00z",
    "P1DT2H3M4.5S",
    "-PT0.0000005S",
    "PT0.0000015S",
    "P1.5D",
    "PT1.1H",
    "P999999999DT86399.9999999S",
    "P1000000000D",
    "PT",
    "aGk=",
    "aGl=",
    "aGk",
    "====",
    "YQ==",
    "red",
    "b",
    "a",
    "cat",
    "dog",
]
TEXTS = st.one_of(st.text(max_size=6), st.sampled_from(SPELLINGS))
ATOMS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
KEYS = st.one_of(st.sampled_from(NAMES), st.sampled_from(SPELLINGS), st.text(max_size=3))
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=5
)
_OFFSETS = st.sampled_from(["", "Z", "+05:30", "-0800", "z"])
_FRACTIONS = st.one_of(st.just(""), st.integers(0, 10**9).map(lambda digits: f".{digits}"))


def _stamped(moments: st.SearchStrategy[Any]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda moment, fraction, offset: moment.replace(microsecond=0).isoformat() + fraction + offset,
        moments,
        _FRACTIONS,
        _OFFSETS,
    )


FITTING: dict[Kind, st.SearchStrategy[Any]] = {
    Kind.NONE: st.none(),
    Kind.BOOL: st.booleans(),
    Kind.INT: NUMBERS,
    Kind.FLOAT: NUMBERS,
    Kind.STR: TEXTS,
    Kind.UUID: st.uuids().map(str),
    Kind.BYTES: st.binary(max_size=4).map(lambda data: base64.b64encode(data).decode()),
    Kind.DATETIME: _stamped(st.datetimes()),
    Kind.DATE: st.dates().map(str),
    Kind.TIME: _stamped(st.times()),
    Kind.TIMEDELTA: st.builds(
        lambda days, seconds, fraction: f"P{days}DT{seconds}{fraction}S",
        st.integers(0, 9),
        st.integers(0, 10**6),
        _FRACTIONS,
    ),
    Kind.DECIMAL: st.one_of(NUMBERS, st.decimals(allow_nan=False, allow_infinity=False).map(str)),
    Kind.ANY: ANYTHING,
}


def fitting(description: Description, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return JSON values that nearly always fit a type."""
    if depth > 5:
        return st.sampled_from([[], {}, None])
    kind = description.kind
    if kind in FITTING:
        return FITTING[kind]
    if kind in {Kind.ENUM, Kind.LITERAL}:
        return st.sampled_from(description.values)
    if description.array_like or kind is Kind.NAMED_TUPLE:
        return st.tuples(*(fitting(field.description, depth + 1) for field in description.fields)).map(list)
    if description.fields:
        return _members(description, depth)
    if kind is Kind.UNION:
        return st.one_of([fitting(choice, depth + 1) for choice in description.items])
    if kind is Kind.FIXED_TUPLE:
        return st.tuples(*(fitting(item, depth + 1) for item in description.items)).map(list)
    if description.item is None:
        return st.just({})
    item = fitting(description.item, depth + 1)
    if kind is Kind.OPTIONAL:
        return st.one_of(st.none(), item)
    if kind is Kind.DICT:
        assert description.key is not None
        keys = st.one_of(KEYS, fitting(description.key, depth + 1).map(str))
        return st.dictionaries(keys, item, max_size=3)
    return st.lists(item, max_size=3)


def _members(description: Description, depth: int) -> st.SearchStrategy[Any]:
    members = {member.encoded: fitting(member.description, depth + 1) for member in description.fields}
    optional = {member.encoded for member in description.fields if not member.required}
    required = {name: value for name, value in members.items() if name not in optional}
    extra = {"extra": ANYTHING, **{name: members[name] for name in optional}}
    if description.tag_field is not None:
        required[description.tag_field] = st.just(description.tag)
    return st.fixed_dictionaries(required, optional=extra)


@st.composite
def documents(draw: st.DrawFn, description: Description) -> bytes:
    """Write a value that fits, or any value, as JSON; then perhaps damage the text."""
    value = draw(st.one_of(fitting(description), fitting(description), ANYTHING))
    layout: Any = draw(st.sampled_from([None, 1]))
    data = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=layout).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
        place = draw(st.integers(0, len(data)))
        inserted = draw(
            st.sampled_from([b"", b"0", b"-", b".", b'"', b",", b"]", b"{", b"\\", b"\xff", b"\\ud800", b" ", b"e999"])
        )
        data = data[:place] + inserted + data[place + draw(st.integers(0, 2)) :]
    return data


def plain(value: object) -> object:
    """Return a value with its types, so that 1, 1.0 and True differ, and -0.0 differs from 0.0."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        own = sorted(vars(value)) if hasattr(value, "__dict__") else None
        return (type(value), own, [plain(getattr(value, field.name)) for field in dataclasses.fields(value)])
    if hasattr(value, "__struct_fields__"):
        return (type(value), [plain(getattr(value, name)) for name in value.__struct_fields__])
    if isinstance(value, (list, tuple)):
        return (type(value), [plain(item) for item in value])
    if isinstance(value, (set, frozenset)):
        return (type(value), sorted(repr(plain(item)) for item in value))
    if isinstance(value, dict):
        return (type(value), [(plain(key), plain(item)) for key, item in value.items()])
    return (type(value), repr(value))


def outcome(function: Callable[[Any], object], argument: object) -> object:
    """Return what a function makes of something: a value with types, or what is wrong with it."""
    from hawkapi.codec import CodecError  # Compared by class, so taken when it is needed.

    try:
        return plain(function(argument))
    except CodecError as exc:
        return (type(exc), exc.violations)
