"""Types that are not given to msgspec, because it makes other values of them or ends the process.

Each program runs in a process of its own: what went wrong would end that one, without a traceback.
"""

from __future__ import annotations

import importlib.util

import pytest
from subprocesses import output_of

pytestmark = pytest.mark.skipif(importlib.util.find_spec("msgspec") is None, reason="msgspec is not installed")

READ = """
import gc
from typing import Annotated
from hawkapi.codec import describe
from hawkapi.codec._msgspec import Meta, build_decoder

def read(annotation, *bodies):
    decode = build_decoder(describe(annotation))
    gc.collect()
    for body in bodies:
        try:
            print(repr(decode(body)), end=" ")
        except ValueError as exc:
            print(exc.violations[0].message, end=" ")
    del decode
    gc.collect()

"""


@pytest.mark.parametrize(
    ("limited", "bodies", "printed"),
    [
        pytest.param("int, Meta(ge=0)", ["1", "-1"], "1 Expected `int` >= 0", id="least"),
        pytest.param(
            "int, Meta(ge=-9, lt=9, multiple_of=2)", ["-8", "-7"], "-8 Expected `int` that's a multiple of 2", id="int"
        ),
        pytest.param("float, Meta(le=1.5)", ["1.25", "2.5"], "1.25 Expected `float` <= 1.5", id="float"),
        pytest.param("str, Meta(max_length=3)", ['"abc"', '"abcd"'], "'abc' Expected `str` of length <= 3", id="text"),
        pytest.param("str, Meta(pattern='b')", ['"b"', '"a"'], "'b' Expected `str` matching regex 'b'", id="pattern"),
        pytest.param("bytes, Meta(min_length=1)", ['"YQ=="', '""'], "b'a' Expected `bytes` of length >= 1", id="bytes"),
        pytest.param(
            "dict[str, int], Meta(min_length=1)",
            ['{"a":1}', "{}"],
            "{'a': 1} Expected `object` of length >= 1",
            id="object",
        ),
    ],
)
def test_limits_beside_fixed_tuple(limited: str, bodies: list[str], printed: str) -> None:
    """In a union, limits and a tuple of fixed length are both as written, and the decoder can be collected."""
    data = [body.encode() for body in [*bodies, '[1,"a"]', "[]"]]
    union = f"Annotated[{limited}] | tuple[int, str]"
    expected = f"{printed} (1, 'a') Expected `array` of length 2"
    program = f"read({union}, *{data}); read({union} | None, *{data}, b'null')"
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec") == f"{expected} {expected} None"


@pytest.mark.parametrize(
    "other", ["list[int]", "set[int]", "tuple[int, ...]", "dict[str, int]", "dict[str, int] | list[int] | None"]
)
def test_pattern_beside_container(other: str) -> None:
    """A pattern outlives the decoders of its type."""
    program = f"""
limit = Meta(pattern="^[ab]+$")
for _ in range(50):
    read(Annotated[str, limit] | {other}, b'"ab"')
    kept = [bytes(size) for size in range(0, 400, 8)]
"""
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec").split() == ["'ab'"] * 50


def test_limits_of_two_floats() -> None:
    """Each choice of a union has its own limits."""
    program = "read(Annotated[float, Meta(gt=0)] | Annotated[float, Meta(ge=-5, le=-1)], b'0.5', b'-2.0', b'-0.5')"
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec").startswith("0.5 -2.0 Expected")


@pytest.mark.parametrize("item", ["Json", "tuple[Json, Json]", "dict[str, Json]", "Annotated[Json, Meta(title='J')]"])
def test_recursive_alias_in_small_stack(item: str) -> None:
    """An alias that holds itself is understood in a thread that has a small stack."""
    program = f"""
import threading
type Json = str | list[{item}]
threading.stack_size(256 * 1024)
thread = threading.Thread(target=read, args=(Json, b'"a"', b'[]', b'1'))
thread.start()
thread.join()
"""
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec") == "'a' [] Expected `str | array`, got `int`"


def test_keys_keep_their_sign() -> None:
    """A key of digits is read like every other text of a number."""
    program = "read(dict[float, int], b'{\"-0\":1}', b'{\"-0.0\":1}', b'{\"1\":1}')"
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec") == "{-0.0: 1} {-0.0: 1} {1.0: 1}"


def test_long_flags_beside_float() -> None:
    """An integer of more than 64 bits may be flags."""
    program = """
import enum
class Flags(enum.IntFlag):
    A = 1
read(Flags | float, b"1", b"18446744073709551616", b"1.5")
"""
    expected = "<Flags.A: 1> <Flags: 18446744073709551616> 1.5"
    assert output_of(READ + program, HAWKAPI_CODEC="msgspec") == expected
