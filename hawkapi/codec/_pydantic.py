"""Types that pydantic describes: pydantic reads them, its errors become violations.

Loaded only when an annotation is one of pydantic's, so pydantic stays optional and costs nothing at start-up.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from hawkapi.codec._reader import is_finite
from hawkapi.codec.errors import ROOT, CodecError, Violation

_MAY_BE_TOO_LARGE: Final = re.compile(rb"[0-9][eE]|[0-9]{300}")


def build_validator(annotation: Any) -> Callable[[object, bool], object]:
    """Return a function `(value, lax)` that reads a value of a parsed document, or texts.

    The function raises `CodecError`.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def validate(value: object, lax: bool) -> object:
        if not is_finite(value):
            raise CodecError([Violation(ROOT, "Number out of range")])
        try:
            # A strict model takes a date from JSON's text, but not from Python's, so JSON is given as JSON.
            return adapter.validate_python(value) if lax else adapter.validate_json(json.dumps(value, default=str))
        except ValidationError as exc:
            raise CodecError(violations_of(exc)) from None

    return validate


def build_decoder(annotation: Any, parse: Callable[[bytes], object]) -> Callable[[bytes], object]:
    """Return a function that reads a JSON document.

    Args:
        annotation: pydantic's type.
        parse: the portable parser, which judges what is JSON and keeps the limits.
    """
    adapter: TypeAdapter[Any] = TypeAdapter(annotation)

    def decode(data: bytes) -> object:
        parsed = parse(data)
        if _MAY_BE_TOO_LARGE.search(data) is not None and not is_finite(parsed):
            # Without a type there is no telling which member it is in, and pydantic would make an infinity of it.
            raise CodecError([Violation(ROOT, "Number out of range")])
        try:
            return adapter.validate_json(data)
        except ValidationError as exc:
            raise CodecError(violations_of(exc)) from None

    return decode


def violations_of(error: ValidationError) -> list[Violation]:
    """Return pydantic's errors with places in our form (`items[0].name`)."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return [Violation(_place(detail["loc"]), detail["msg"]) for detail in details]


def _place(location: tuple[int | str, ...]) -> str:
    place = ""
    for step in location:
        if isinstance(step, int):
            place += f"[{step}]"
        else:
            place += f".{step}" if place else step
    return place or ROOT
