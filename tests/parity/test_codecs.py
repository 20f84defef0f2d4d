"""Both codecs, on the same types and the same inputs: equal values or equal violations, and equal bytes.

The number of cases is `HAWKAPI_PARITY_CASES`, default 2000; `HAWKAPI_PARITY_SEED` repeats a run. A case is one input
read, or one value written, by every codec there is. In a compiled wheel the portable codec is compiled here, and the
same inputs are read by its source as well.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import importlib.util
import os
import random
import sys
import types
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

pytest.importorskip("annotated_types", reason="annotated-types is not installed; types with its limits are compared")

from parity_types import ANYTHING, ATOMS, KEYS, SPELLINGS, TYPES, Colour, Dog, Plain, Row, Unset, documents, outcome

import hawkapi.codec._portable as portable
from hawkapi.codec import CODEC, CodecError, Description, describe
from hawkapi.codec._generated_writers import generate_writer
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.responses._projection import build_projection

fast: Any = None
if CODEC == "msgspec":
    import hawkapi.codec._msgspec as fast  # Where it is not the codec, Struct is portable, and msgspec knows none.

CASES = int(os.environ.get("HAWKAPI_PARITY_CASES", "2000"))
SEED = int(os.environ.get("HAWKAPI_PARITY_SEED", random.SystemRandom().randrange(2**32)))
INPUTS = 10
"""Inputs for each generated type."""
INTERPRETED = ("_text", "_reader", "_checks", "_containers", "_objects", "_encoder", "_portable")
"""The compiled modules of the portable codec, lowest first."""


def interpreted() -> Any:
    """Return the portable codec made of its source files, whatever the installed one is made of."""
    home = Path(portable.__file__).parent
    package = types.ModuleType("parity_interpreted")
    kept = {name: sys.modules.get(f"hawkapi.codec.{name}") for name in INTERPRETED}
    try:
        for name in INTERPRETED:
            spec = importlib.util.spec_from_file_location(f"hawkapi.codec.{name}", home / f"{name}.py")
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            setattr(package, name, module)
    finally:
        for name, module_before in kept.items():
            if module_before is not None:
                sys.modules[f"hawkapi.codec.{name}"] = module_before
    return package._portable


class Readers:
    """The portable codec without generated code."""

    build_decoder = staticmethod(portable.build_exact_decoder)
    build_converter = staticmethod(portable.build_converter)
    build_encoder = staticmethod(portable.build_encoder)


IS_COMPILED = not str(portable.__file__).endswith(".py")
READERS: list[Any] = [
    portable,
    Readers,
    *([fast] if fast is not None else []),
    *([interpreted()] if IS_COMPILED else []),
]


def budget(cases: int) -> Callable[[Any], Any]:
    """Return a decorator that gives a property its number of examples and the seed of the run."""

    def decorate(function: Any) -> Any:
        checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
        limits = settings(max_examples=max(1, cases), deadline=None, database=None, suppress_health_check=checks)
        return seed(SEED)(limits(function))

    return decorate


class Count:
    """How many cases a test has seen."""

    def __init__(self) -> None:
        self.cases = 0


def check_count(count: Count, least: int) -> None:
    """Fail when a run was smaller than it says."""
    print(f"HAWKAPI_PARITY_SEED={SEED}, {count.cases} cases")
    assert count.cases >= least


def drawn_type(data: st.DataObject) -> Any:
    """Return a described type; a type that no codec supports is drawn again."""
    for _ in range(20):
        try:
            return describe(data.draw(TYPES, label="type"))
        except UnsupportedTypeError:
            continue
    return describe(int)


def test_decoders_agree() -> None:
    """A document has the same value under all codecs, or the same violations at the same places."""
    count = Count()

    @budget(CASES * 6 // 10 // INPUTS)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        description = drawn_type(data)
        decoders = [codec.build_decoder(description) for codec in READERS]
        for _ in range(INPUTS):
            document = data.draw(documents(description), label="document")
            expected, *others = [outcome(decode, document) for decode in decoders]
            assert others == [expected] * len(others)
            count.cases += 1

    check()
    check_count(count, CASES * 6 // 10 // INPUTS * INPUTS)


def _convert(convert: Callable[[object, bool], object], lax: bool, value: object) -> object:
    return convert(value, lax)


def test_converters_agree() -> None:
    """A text, or a structure of texts, has the same value under all codecs; the portable one never raises otherwise."""
    count = Count()

    @budget(CASES * 2 // 10 // INPUTS)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        description = drawn_type(data)
        converters = [codec.build_converter(description) for codec in READERS]
        for _ in range(INPUTS):
            value = data.draw(st.one_of(st.sampled_from(SPELLINGS), ANYTHING, st.lists(st.text(max_size=3))))
            for lax in (False, True):
                expected, *others = [outcome(functools.partial(_convert, to, lax), value) for to in converters]
                assert others == [expected] * len(others)
            count.cases += 1

    check()
    check_count(count, CASES * 2 // 10 // INPUTS * INPUTS)


@dataclasses.dataclass
class Record:
    first: Any
    second: Any = None


ZONES = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=-5, minutes=-30))])
LEAVES: st.SearchStrategy[Any] = st.one_of(
    ATOMS,
    st.floats(),
    st.binary(max_size=4),
    st.uuids(),
    st.decimals(),
    st.dates(),
    st.timedeltas(),
    st.datetimes(timezones=ZONES),
    st.times(timezones=ZONES),
    st.sampled_from([*Colour, PurePosixPath("/a/b"), object(), 1j, Unset(value="x"), Unset(value="y", a=1, b=2)]),
)
VALUE_KEYS: st.SearchStrategy[Any] = st.one_of(
    KEYS,
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.uuids(),
    st.dates(),
    st.none(),
)


def containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return values that are made of others."""
    return st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.sets(st.one_of(st.integers(), st.text(max_size=2)), max_size=3),
        st.dictionaries(VALUE_KEYS, inner, max_size=3),
        st.builds(Record, inner, inner),
        st.builds(Plain, inner, inner),
        st.builds(Row, inner, inner),
        st.builds(Dog, inner, inner),
    )


VALUES = st.one_of(LEAVES, containers(st.one_of(LEAVES, containers(LEAVES))))


def written(encode: Callable[[object], bytes], value: object) -> object:
    """Return the bytes of a value, or the kind of error."""
    try:
        return encode(value)
    except (TypeError, ValueError) as exc:
        return type(exc)


def test_encoders_agree() -> None:
    """A value is written in the same bytes by all codecs, or refused by all."""
    count = Count()
    encoders = [codec.build_encoder() for codec in READERS]

    @budget(CASES * 2 // 10)
    @given(value=VALUES)
    def check(value: object) -> None:
        outcomes = [written(encode, value) for encode in encoders]
        assert all(other == outcomes[0] for other in outcomes[1:])
        count.cases += 1

    check()
    check_count(count, CASES * 2 // 10)


def test_writers_agree() -> None:
    """A result of a described type is written as the encoder writes its projection, or refused as that is."""
    count = Count()
    encode = portable.build_encoder()

    def projected(part: Description) -> Callable[[object], bytes]:
        project = build_projection(part)
        return lambda value: encode(project(value))

    @budget(CASES * 4 // 10 // INPUTS)
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        description = drawn_type(data)
        decode, exact = portable.build_decoder(description), projected(description)
        write = generate_writer(description, exact, projected)
        for _ in range(INPUTS):
            document = data.draw(documents(description), label="document")
            try:
                value = decode(document)
            except CodecError:
                value = data.draw(VALUES, label="value")
            assert written(write, value) == written(exact, value)
            count.cases += 1

    check()
    check_count(count, CASES * 4 // 10 // INPUTS * INPUTS)
