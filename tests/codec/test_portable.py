"""Reading values: what fits a type, what does not, and how it is said. Both codecs must say the same."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from hawkapi import codec
from hawkapi.codec import CodecError, MalformedError, Violation, describe
from hawkapi.codec._portable import build_converter, build_decoder

UUID_TEXT = "12345678-1234-5678-1234-567812345678"
VALUE = UUID(UUID_TEXT)


@dataclass
class Item:
    name: str
    price: float = 0.5
    tags: list[str] = field(default_factory=list)


@dataclass
class Order:
    items: list[Item]
    notes: dict[str, Item | None] = field(default_factory=dict)


@dataclass
class Tree:
    value: int
    children: list[Tree]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    age: int

    def __post_init__(self) -> None:
        if self.age < 0:
            raise ValueError("age must not be negative")
        if self.age > 150:
            raise TypeError


def decoders() -> list[Any]:
    """Return the decoder factory of every codec that can be imported."""
    found = [pytest.param(build_decoder, id="portable")]
    if importlib.util.find_spec("msgspec") is not None:
        import hawkapi.codec._msgspec as fast  # Only where msgspec is installed.

        found.append(pytest.param(fast.build_decoder, id="msgspec"))
    return found


both_codecs = pytest.mark.parametrize("build", decoders())
type Build = Callable[[Any], Callable[[bytes], object]]


@both_codecs
@pytest.mark.parametrize(
    ("annotation", "data", "value"),
    [
        pytest.param(Any, b' {"a":[1,2.5,null,true,"x"]}\n', {"a": [1, 2.5, None, True, "x"]}, id="any"),
        pytest.param(None, b"null", None, id="none"),
        pytest.param(bool, b"false", False, id="bool"),
        pytest.param(int, b"-12345678901234567890", -12345678901234567890, id="int-big"),
        pytest.param(int, b"1" * 4300, int("1" * 4300), id="int-digits-at-limit"),
        pytest.param(float, b"1.5e3", 1500.0, id="float"),
        pytest.param(float, b"2", 2.0, id="float-from-int"),
        pytest.param(float, b"1e-400", 0.0, id="float-underflow"),
        pytest.param(str, '"é\\u00e9\\ud83d\\ude00\\n"'.encode(), "éé\U0001f600\n", id="str"),
        pytest.param(UUID, f'"{UUID_TEXT}"'.encode(), VALUE, id="uuid"),
        pytest.param(UUID, f'"{UUID_TEXT.replace("-", "").upper()}"'.encode(), VALUE, id="uuid-hex"),
        pytest.param(int | None, b"null", None, id="optional-null"),
        pytest.param(int | None, b"5", 5, id="optional-value"),
        pytest.param(list[int], b"[]", [], id="list-empty"),
        pytest.param(list[int | None], b"[1,null]", [1, None], id="list"),
        pytest.param(dict[str, int], b'{"a":1,"a":2}', {"a": 2}, id="dict-last-member-wins"),
        pytest.param(Item, b'{"name":"x","more":[1]}', Item("x"), id="defaults-and-unknown-member"),
        pytest.param(Item, b'{"tags":["t"],"price":1,"name":"x"}', Item("x", 1.0, ["t"]), id="members-in-any-order"),
        pytest.param(
            Order, b'{"items":[{"name":"x"}],"notes":{"n":null}}', Order([Item("x")], {"n": None}), id="nested"
        ),
        pytest.param(Tree, b'{"value":1,"children":[{"value":2,"children":[]}]}', Tree(1, [Tree(2, [])]), id="tree"),
        pytest.param(Frozen, b'{"age":3}', Frozen(age=3), id="frozen-slots"),
    ],
)
def test_decode(build: Build, annotation: Any, data: bytes, value: object) -> None:
    """A document that fits becomes a value of exactly the type."""
    decoded = build(describe(annotation))(data)
    assert (decoded, type(decoded)) == (value, type(value))


@both_codecs
def test_decode_makes_a_new_default_each_time(build: Build) -> None:
    """Two decoded objects share no default list."""
    decode = build(describe(Item))
    first, second = decode(b'{"name":"x"}'), decode(b'{"name":"x"}')
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert first.tags is not second.tags


@both_codecs
@pytest.mark.parametrize(
    ("annotation", "data", "violations"),
    [
        pytest.param(None, b"0", [("$", "Expected `null`, got `int`")], id="none"),
        pytest.param(bool, b"1", [("$", "Expected `bool`, got `int`")], id="bool"),
        pytest.param(int, b"true", [("$", "Expected `int`, got `bool`")], id="int-bool"),
        pytest.param(int, b"1.5", [("$", "Expected `int`, got `float`")], id="int-fraction"),
        pytest.param(int, b'"1"', [("$", "Expected `int`, got `str`")], id="int-str"),
        pytest.param(float, b"null", [("$", "Expected `float`, got `null`")], id="float-null"),
        pytest.param(float, b"1" * 400, [("$", "Number out of range")], id="float-int-too-big"),
        pytest.param(str, b"5", [("$", "Expected `str`, got `int`")], id="str"),
        pytest.param(UUID, b'"x"', [("$", "Invalid UUID")], id="uuid"),
        pytest.param(UUID, f'"{{{UUID_TEXT}}}"'.encode(), [("$", "Invalid UUID")], id="uuid-braces"),
        pytest.param(UUID, b"5", [("$", "Expected `uuid`, got `int`")], id="uuid-int"),
        pytest.param(int | None, b'"x"', [("$", "Expected `int | null`, got `str`")], id="optional"),
        pytest.param(Item | None, b"5", [("$", "Expected `object | null`, got `int`")], id="optional-object"),
        pytest.param(Item | None, b"{}", [("$", "Object missing required field `name`")], id="optional-inside"),
        pytest.param(UUID | None, b'"x"', [("$", "Invalid UUID")], id="optional-uuid"),
        pytest.param(list[int], b"{}", [("$", "Expected `array`, got `object`")], id="list"),
        pytest.param(dict[str, int], b"[]", [("$", "Expected `object`, got `array`")], id="dict"),
        pytest.param(Item, b"null", [("$", "Expected `object`, got `null`")], id="dataclass-null"),
        pytest.param(Item, b"{}", [("$", "Object missing required field `name`")], id="missing"),
        pytest.param(
            list[int],
            b'[1,"a",2,null]',
            [("[1]", "Expected `int`, got `str`"), ("[3]", "Expected `int`, got `null`")],
            id="list-all-items",
        ),
        pytest.param(list[list[int]], b"[[1],[2,true]]", [("[1][1]", "Expected `int`, got `bool`")], id="list-in-list"),
        pytest.param(
            dict[str, list[int]],
            b'{"a":["x"],"b":5}',
            [("a[0]", "Expected `int`, got `str`"), ("b", "Expected `array`, got `int`")],
            id="dict-all-members",
        ),
        pytest.param(
            Order,
            b'{"items":[{"name":1,"tags":[2]},{}],"notes":{"n":{"name":3},"m":"x"}}',
            [
                ("items[0].name", "Expected `str`, got `int`"),
                ("items[0].tags[0]", "Expected `str`, got `int`"),
                ("items[1]", "Object missing required field `name`"),
                ("notes.n.name", "Expected `str`, got `int`"),
                ("notes.m", "Expected `object | null`, got `str`"),
            ],
            id="nested-all",
        ),
        pytest.param(Frozen, b'{"age":-1}', [("$", "age must not be negative")], id="post-init-value-error"),
        pytest.param(list[Frozen], b'[{"age":999}]', [("[0]", "TypeError")], id="post-init-type-error"),
    ],
)
def test_decode_violations(build: Build, annotation: Any, data: bytes, violations: list[tuple[str, str]]) -> None:
    """Everything that does not fit is named with its place."""
    with pytest.raises(CodecError) as caught:
        build(describe(annotation))(data)
    assert not isinstance(caught.value, MalformedError)
    assert caught.value.violations == [Violation(*violation) for violation in violations]


@both_codecs
@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "Expecting value (character 0)", id="empty"),
        pytest.param(b"  ", "Expecting value (character 2)", id="blank"),
        pytest.param(b"{", "Expecting property name enclosed in double quotes (character 1)", id="open-object"),
        pytest.param(b'{"a":1,}', "Illegal trailing comma before end of object (character 6)", id="trailing-comma"),
        pytest.param(b"[1 2]", "Expecting ',' delimiter (character 3)", id="no-comma"),
        pytest.param(b"1 2", "Extra data (character 2)", id="two-values"),
        pytest.param(b'"a', "Unterminated string starting at (character 0)", id="open-string"),
        pytest.param(b'"\t"', "Invalid control character at (character 1)", id="control-character"),
        pytest.param(b'"\\x"', "Invalid \\escape (character 1)", id="bad-escape"),
        pytest.param(b"NaN", "NaN is not a JSON number", id="nan"),
        pytest.param(b"[-Infinity]", "-Infinity is not a JSON number", id="infinity"),
        pytest.param(b"\xef\xbb\xbf1", "Expecting value (character 0)", id="byte-order-mark"),
        pytest.param(b"01", "Extra data (character 1)", id="leading-zero"),
    ],
)
def test_decode_malformed(build: Build, data: bytes, message: str) -> None:
    """What is not JSON is malformed, before any type is looked at."""
    with pytest.raises(MalformedError) as caught:
        build(describe(Any))(data)
    (violation,) = caught.value.violations
    assert violation.place == "$"
    assert violation.message.lower().startswith(f"JSON is malformed: {message}".lower())


@both_codecs
@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 4301], ids=["overflow", "negative", "digits"])
@pytest.mark.parametrize("annotation", [float, Any, int | None], ids=["float", "any", "int"])
def test_decode_number_that_nothing_can_hold(build: Build, annotation: Any, number: bytes) -> None:
    """A number out of range is refused at its place where the type looks at it, and ignored where it does not."""
    with pytest.raises(CodecError) as caught:
        build(describe(dict[str, list[annotation]]))(b'{"a":[0,%b]}' % number)
    assert [violation.place for violation in caught.value.violations] == ["a[1]"]
    assert build(describe(Frozen))(b'{"age":1,"unknown":%b}' % number) == Frozen(age=1)


@pytest.mark.parametrize(
    ("annotation", "text", "value"),
    [
        pytest.param(str, "5", "5", id="str"),
        pytest.param(Any, "5", "5", id="any"),
        pytest.param(int, "-5", -5, id="int"),
        pytest.param(int | None, "5", 5, id="optional-int"),
        pytest.param(float, "1e3", 1000.0, id="float"),
        pytest.param(UUID, UUID_TEXT, VALUE, id="uuid"),
        pytest.param(None, "", None, id="none-empty"),
        pytest.param(None, "null", None, id="none-word"),
        *[pytest.param(bool, word, True, id=f"true-{word}") for word in ("true", "True", "1", "yes", "ON", "t", "y")],
        *[pytest.param(bool, word, False, id=f"false-{word}") for word in ("false", "0", "No", "off", "f", "n")],
    ],
)
def test_convert_text(annotation: Any, text: str, value: object) -> None:
    """A text is read as what it spells when reading is lax."""
    converted = codec.converter(annotation)(text, True)
    assert (converted, type(converted)) == (value, type(value))


@pytest.mark.parametrize(
    ("annotation", "text", "message"),
    [
        pytest.param(int, "x", "Expected integer, got 'x'", id="int"),
        pytest.param(int, "", "Expected integer, got ''", id="int-empty"),
        pytest.param(int, "1_000", "Expected integer, got '1_000'", id="int-underscore"),
        pytest.param(int, " 5 ", "Expected integer, got ' 5 '", id="int-spaces"),
        pytest.param(int, "٣", "Expected integer, got '٣'", id="int-other-script"),
        pytest.param(int, "1" * 4301, f"Expected integer, got '{'1' * 4301}'", id="int-digits-above-limit"),
        pytest.param(float, "nan", "Expected number, got 'nan'", id="float-nan"),
        pytest.param(float, "1e999", "Expected number, got '1e999'", id="float-overflow"),
        pytest.param(bool, "banana", "Expected boolean, got 'banana'", id="bool"),
        pytest.param(bool | None, "", "Expected boolean, got ''", id="optional-bool-empty"),
        pytest.param(UUID, "x", "Expected UUID, got 'x'", id="uuid"),
        pytest.param(None, "x", "Expected null, got 'x'", id="none"),
    ],
)
def test_convert_text_violation(annotation: Any, text: str, message: str) -> None:
    """A text that spells no value of the type is named, with the text."""
    with pytest.raises(CodecError) as caught:
        codec.converter(annotation)(text, True)
    assert caught.value.violations == [Violation("$", message, text)]


@pytest.mark.parametrize(
    ("annotation", "value", "lax", "message"),
    [
        pytest.param(int, "5", False, "Expected `int`, got `str`", id="strict-text"),
        pytest.param(list[int], "5", True, "Expected `array`, got `str`", id="text-for-a-structure"),
        pytest.param(int, None, True, "Expected `int`, got `null`", id="lax-but-no-text"),
    ],
)
def test_convert_value(annotation: Any, value: object, lax: bool, message: str) -> None:
    """What is not a text, or not lax, is read as a JSON value."""
    with pytest.raises(CodecError) as caught:
        build_converter(describe(annotation))(value, lax)
    assert [violation.message for violation in caught.value.violations] == [message]


def test_codec_error_text() -> None:
    """The error reads as a list of places and reasons."""
    error = CodecError([Violation("a", "first"), Violation("b[0]", "second")])
    assert str(error) == "a: first; b[0]: second"
    assert isinstance(error, ValueError)


def test_decoded_value_does_not_hide_the_handlers_error() -> None:
    """What a class raises beside ValueError and TypeError is its own failure, not the client's."""

    with pytest.raises(ZeroDivisionError):
        codec.decoder(Broken)(b'{"value":0}')


@dataclass
class Broken:
    value: int

    def __post_init__(self) -> None:
        functools.reduce(lambda total, value: total // value, [1, self.value])
