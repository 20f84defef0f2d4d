"""The types that a path template may name."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from hawkapi.codec._text import MAX_DIGITS
from hawkapi.exceptions import InvalidPathError
from hawkapi.routing.param_converters import CONVERTERS, get_converter

UUID_TEXT = "12345678-1234-5678-1234-56781234abcd"
VALUE = UUID(UUID_TEXT)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param("int", "0", 0, id="int-zero"),
        pytest.param("int", "-5", -5, id="int-negative"),
        pytest.param("int", "007", 7, id="int-leading-zeros"),
        pytest.param("int", "+5", None, id="int-plus"),
        pytest.param("int", "--5", None, id="int-two-signs"),
        pytest.param("int", "-", None, id="int-sign-only"),
        pytest.param("int", "", None, id="int-empty"),
        pytest.param("int", "1_0", None, id="int-underscore"),
        pytest.param("int", " 5", None, id="int-space"),
        pytest.param("int", "5\n", None, id="int-newline"),
        pytest.param("int", "٣", None, id="int-other-script"),
        pytest.param("int", "5.0", None, id="int-fraction"),
        pytest.param("int", "1" * (MAX_DIGITS - 1), int("1" * (MAX_DIGITS - 1)), id="int-below-limit"),
        pytest.param("int", "1" * MAX_DIGITS, int("1" * MAX_DIGITS), id="int-at-limit"),
        pytest.param("int", "1" * (MAX_DIGITS + 1), None, id="int-above-limit"),
        pytest.param("float", "1", 1.0, id="float-integer"),
        pytest.param("float", "-1.5", -1.5, id="float-fraction"),
        pytest.param("float", "1e3", 1000.0, id="float-exponent"),
        pytest.param("float", "1E+3", 1000.0, id="float-signed-exponent"),
        pytest.param("float", "1.7976931348623157e308", 1.7976931348623157e308, id="float-largest"),
        pytest.param("float", "1.8e308", None, id="float-overflow"),
        pytest.param("float", "1e-400", 0.0, id="float-underflow"),
        pytest.param("float", ".5", None, id="float-without-integer"),
        pytest.param("float", "5.", None, id="float-without-fraction"),
        pytest.param("float", "nan", None, id="float-nan"),
        pytest.param("float", "inf", None, id="float-inf"),
        pytest.param("float", "1_0.0", None, id="float-underscore"),
        pytest.param("float", "", None, id="float-empty"),
        pytest.param("uuid", UUID_TEXT, VALUE, id="uuid-canonical"),
        pytest.param("uuid", UUID_TEXT.upper(), VALUE, id="uuid-upper-case"),
        pytest.param("uuid", UUID_TEXT.replace("-", ""), VALUE, id="uuid-hex"),
        pytest.param("uuid", UUID_TEXT.replace("-", "", 1), None, id="uuid-some-hyphens"),
        pytest.param("uuid", f"{{{UUID_TEXT}}}", None, id="uuid-braces"),
        pytest.param("uuid", f"urn:uuid:{UUID_TEXT}", None, id="uuid-urn"),
        pytest.param("uuid", UUID_TEXT[:-1], None, id="uuid-short"),
        pytest.param("uuid", UUID_TEXT + "0", None, id="uuid-long"),
    ],
)
def test_convert(kind: str, text: str, value: Any) -> None:
    """A converter gives the value that a text spells plainly, or `None`."""
    convert = get_converter(kind).convert
    assert convert is not None
    assert convert(text) == value


@pytest.mark.parametrize("kind", ["str", "path"])
def test_convert_text(kind: str) -> None:
    """The types whose value is the text itself have no function."""
    assert get_converter(kind).convert is None


def test_takes_rest() -> None:
    """Only `path` goes over slashes."""
    assert [name for name, converter in CONVERTERS.items() if converter.takes_rest] == ["path"]


def test_get_converter_unknown() -> None:
    """An unknown type is refused with the names of the known ones."""
    with pytest.raises(InvalidPathError, match="Unknown path parameter type 'date'; use one of: str, int, float"):
        get_converter("date")


def test_converters_are_read_only() -> None:
    """The table of converters is shared by all applications, so it cannot be changed."""
    with pytest.raises(TypeError):
        CONVERTERS["date"] = get_converter("str")  # type: ignore[index]
