"""Both codecs, on the same types and the same inputs: equal values or equal violations, and equal bytes.

The number of cases is `HAWKAPI_PARITY_CASES`, default 2000; `HAWKAPI_PARITY_SEED` repeats a run.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import os
import random
import types
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any, Optional
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from hawkapi.codec import CodecError, Description, describe
from hawkapi.codec._portable import build_decoder, build_encoder

pytest.importorskip("msgspec", reason="msgspec is not installed, so there is only one codec")

import hawkapi.codec._msgspec as fast

CASES = int(os.environ.get("HAWKAPI_PARITY_CASES", "2000"))
SEED = int(os.environ.get("HAWKAPI_PARITY_SEED", random.SystemRandom().randrange(2**32)))
DOCUMENTS = 4
"""Inputs for each generated type."""


def budget(examples: int) -> Callable[[Any], Any]:
    """Return a decorator that gives a property its number of examples and the seed of the run."""

    def decorate(function: Any) -> Any:
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        limits = settings(max_examples=max(1, examples), deadline=None, database=None, suppress_health_check=checks)
        return seed(SEED)(limits(function))

    return decorate


@dataclasses.dataclass
class Tree:
    value: int
    children: list[Tree] = dataclasses.field(default_factory=list)
    twin: Tree | None = None


@dataclasses.dataclass
class Checked:
    """A class that refuses some of its values."""

    size: int

    def __post_init__(self) -> None:
        if self.size % 2:
            raise ValueError(f"{self.size} is odd")


# Types

SCALARS = [Any, None, bool, int, float, str, UUID]
NAMES = ["a", "b", "value", "children", "twin", "é", "size"]
UUID_TEXT = "12345678-1234-5678-1234-567812345678"


@st.composite
def dataclass_types(draw: st.DrawFn, inner: st.SearchStrategy[Any]) -> type:
    """Make a class with a few members, some of them with defaults."""
    members: list[Any] = []
    for name in draw(st.lists(st.sampled_from([name for name in NAMES if name.isascii()]), max_size=4, unique=True)):
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
        inner.map(lambda item: types.GenericAlias(dict, (str, item))),
        inner.map(lambda item: Optional[item]),  # noqa: UP045 - `None | None` is no type
        dataclass_types(inner),
    )


TYPES: st.SearchStrategy[Any] = st.recursive(st.sampled_from([*SCALARS, Tree, Checked]), structured, max_leaves=5)

# Inputs

NUMBERS = st.one_of(
    st.integers(),
    st.sampled_from([0, -1, 2**63, 2**64, -(2**63) - 1, 10**400]),
    st.floats(-1e99, 1e99),
    st.sampled_from([-0.0, 1e16, 5e-324, 0.1, 1.5e-7]),
)
TEXTS = st.one_of(
    st.text(max_size=6), st.sampled_from([UUID_TEXT, UUID_TEXT.replace("-", ""), f"{{{UUID_TEXT}}}", "null"])
)
ATOMS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
KEYS = st.one_of(st.sampled_from(NAMES), st.text(max_size=3))
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    ATOMS, lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)), max_leaves=5
)


def fitting(description: Description, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return JSON values that nearly always fit a type."""
    if depth > 5:
        return st.sampled_from([[], {}, None])
    atoms = {
        "null": st.none(),
        "bool": st.booleans(),
        "int": st.integers(),
        "float": NUMBERS,
        "str": TEXTS,
        "uuid": st.uuids().map(str),
        "any": ANYTHING,
    }
    kind = description.kind.value
    if kind in atoms:
        return atoms[kind]
    if kind == "dataclass":
        members = {field.name: fitting(field.description, depth + 1) for field in description.fields}
        optional = {field.name for field in description.fields if not field.required}
        required = {name: value for name, value in members.items() if name not in optional}
        extra = {"extra": ANYTHING, **{name: members[name] for name in optional}}
        return st.fixed_dictionaries(required, optional=extra)
    assert description.item is not None
    item = fitting(description.item, depth + 1)
    if kind == "optional":
        return st.one_of(st.none(), item)
    return st.lists(item, max_size=3) if kind == "array" else st.dictionaries(KEYS, item, max_size=3)


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
        return (type(value), [plain(getattr(value, field.name)) for field in dataclasses.fields(value)])
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return [(key, plain(item)) for key, item in value.items()]
    return (type(value), repr(value))


def outcome(function: Callable[[Any], object], argument: object) -> object:
    """Return what a function makes of something: a value with types, or what is wrong with it."""
    try:
        return plain(function(argument))
    except CodecError as exc:
        return (type(exc), exc.violations)


@budget(CASES * 3 // 4 // DOCUMENTS)
@given(data=st.data())
def test_decoders_agree(data: st.DataObject) -> None:
    """A document has the same value under both codecs, or the same violations at the same places."""
    print(f"HAWKAPI_PARITY_SEED={SEED}")
    description = describe(data.draw(TYPES, label="type"))
    portable, quick = build_decoder(description), fast.build_decoder(description)
    for _ in range(DOCUMENTS):
        document = data.draw(documents(description), label="document")
        assert outcome(quick, document) == outcome(portable, document)


class Colour(enum.Enum):
    RED = "red"
    ONE = 1


@dataclasses.dataclass
class Record:
    first: Any
    second: Any = None


ZONES = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=-5, minutes=-30))])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        ATOMS,
        st.floats(),
        st.binary(max_size=4),
        st.uuids(),
        st.decimals(),
        st.dates(),
        st.timedeltas(),
        st.datetimes(timezones=ZONES),
        st.times(timezones=ZONES),
        st.sampled_from([*Colour, PurePosixPath("/a/b"), object(), 1j]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.sets(st.one_of(st.integers(), st.text(max_size=2)), max_size=3),
        st.dictionaries(
            st.one_of(
                KEYS,
                st.integers(),
                st.floats(allow_nan=False, allow_infinity=False),
                st.booleans(),
                st.uuids(),
                st.dates(),
                st.none(),
            ),
            inner,
            max_size=3,
        ),
        st.builds(Record, inner, inner),
    ),
    max_leaves=6,
)


def written(encode: Callable[[object], bytes], value: object) -> object:
    """Return the bytes of a value, or the kind of error."""
    try:
        return encode(value)
    except (TypeError, ValueError) as exc:
        return type(exc)


@budget(CASES // 4)
@given(value=VALUES)
def test_encoders_agree(value: object) -> None:
    """A value is written in the same bytes by both codecs, or refused by both."""
    print(f"HAWKAPI_PARITY_SEED={SEED}")
    assert written(fast.build_encoder(), value) == written(build_encoder(), value)
