"""Reading JSON as a type outside a handler, and msgspec's errors in hawkapi's form."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import Item

from hawkapi.requests.request import RequestEntityTooLarge
from hawkapi.validation import RequestValidationError, ValidationErrorDetail, format_msgspec_error
from hawkapi.validation.decoder import decode_body, decode_bytes, get_decoder


def receiver(*parts: bytes) -> Any:
    """Return a `receive` that brings a body in parts."""
    messages = [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1} for index, part in enumerate(parts)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    return receive


def test_decode() -> None:
    """Bytes and bodies are read as the type; the decoder of a type is made once."""
    assert decode_bytes(b'{"name":"x"}', Item) == Item("x")
    assert asyncio.run(decode_body(receiver(b'{"name"', b':"x"}'), Item)) == Item("x")
    assert get_decoder(Item) is get_decoder(Item)


@pytest.mark.parametrize(
    ("data", "errors"),
    [
        (b'{"name":1}', [ValidationErrorDetail("name", "Expected `str`, got `int`")]),
        (b"{}", [ValidationErrorDetail("$", "Object missing required field `name`")]),
    ],
)
def test_decode_what_does_not_fit(data: bytes, errors: list[ValidationErrorDetail]) -> None:
    """What does not fit is the error that a handler's request would have."""
    with pytest.raises(RequestValidationError) as caught:
        decode_bytes(data, Item)
    assert caught.value.errors == errors


def test_decode_malformed() -> None:
    """What is no JSON is an error of the body."""
    with pytest.raises(RequestValidationError) as caught:
        decode_bytes(b"{", Item)
    assert [error.field for error in caught.value.errors] == ["body"]


def test_decode_body_empty_and_too_large() -> None:
    """A body has to be there, and to keep the limit."""
    with pytest.raises(RequestValidationError) as caught:
        asyncio.run(decode_body(receiver(b""), Item))
    assert caught.value.errors == [ValidationErrorDetail("$", "Request body is empty")]
    with pytest.raises(RequestEntityTooLarge):
        asyncio.run(decode_body(receiver(b" " * (10 * 1024 * 1024 + 1)), Item))


@pytest.mark.parametrize(
    ("text", "field", "message"),
    [
        ("Expected `str`, got `int` - at `$.items[0].name`", "items[0].name", "Expected `str`, got `int`"),
        ("Object missing required field `name`", "$", "Object missing required field `name`"),
        ("Expected `str`, got `int` - at `$[0]`", "[0]", "Expected `str`, got `int`"),
        ("Expected `int`, got `str` - at `key in $.a`", "a", "Expected `int`, got `str`"),
        ("Expected `int`, got `str` - at `$`", "$", "Expected `int`, got `str`"),
    ],
)
def test_format_msgspec_error(text: str, field: str, message: str) -> None:
    """The place that msgspec writes into its message becomes the field."""
    assert format_msgspec_error(ValueError(text)) == [ValidationErrorDetail(field, message)]
