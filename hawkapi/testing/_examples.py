"""Values that fit a JSON Schema: what its author gives as an example, else the plainest there is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, final

from hawkapi.openapi._schema_reading import Schema, SchemaReader, enumerated, is_number, merge
from hawkapi.openapi._walk import list_of, mapping_of

__all__ = ["Examples", "NoExampleError"]

MAX_DEPTH: Final = 12
"""Objects in objects: a schema that needs more needs itself."""
MAX_TRIES: Final = 20
"""Of the values that a schema may have, how many are tried."""

FORMATS: Final = {
    "date-time": "2024-02-29T12:30:45Z",
    "date": "2024-02-29",
    "time": "12:30:45Z",
    "duration": "PT1H",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "email": "ada@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/a",
    "uri-reference": "/a",
    "byte": "YWJj",
    "decimal": "1.5",
}
TEXTS: Final = (
    "a",
    "A",
    "1",
    "abc",
    "ABC",
    "a1",
    "A1",
    "12",
    "123",
    "a-b",
    "a_b",
    "Abc",
    "1.0",
    "1.0.0",
    "#aabbcc",
    "+12025550123",
    "12345",
    "AB-12",
    "AB-1234",
    *FORMATS.values(),
)
"""What is tried where a pattern is asked for. Written for it, a generator would still not know what a pattern means."""
TYPES: Final = ("object", "array", "string", "integer", "number", "boolean", "null")


class NoExampleError(Exception):
    """No value was found that fits a schema."""


@final
class Examples:
    """The values of one document. For one thread.

    Args:
        document: the OpenAPI document that schemas refer into.
        fits: whether a value fits a schema as it is written; what does not is not used.
    """

    def __init__(self, document: dict[str, Any], fits: Callable[[Any, Any], bool]) -> None:
        self._reader = SchemaReader(document)
        self._fits = fits

    def of(self, schema: Any, *, with_optional: bool = False) -> Any:
        """Return a value that fits.

        Args:
            schema: as it stands in the document.
            with_optional: give objects all their members, not only those that they need.

        Raises:
            NoExampleError: none was found.
        """
        try:
            return self._one(schema, 0, with_optional=with_optional)
        except NoExampleError:
            raise NoExampleError("no value is known that fits its schema; give it an example") from None

    def _one(self, schema: Any, depth: int, *, with_optional: bool) -> Any:
        """Return the first value that fits a part of a schema."""
        for index, value in enumerate(self._candidates(schema, depth, with_optional=with_optional)):
            if index >= MAX_TRIES:
                break
            if self._fits(schema, value):
                return value
        raise NoExampleError

    def _candidates(self, written: Any, depth: int, *, with_optional: bool) -> Iterator[Any]:
        schema = self._reader.read(written)
        for holder in (mapping_of(written), schema):
            yield from _given(holder)
            # Who sends everything sends what is not there anyway.
            if "default" in holder and not with_optional:
                yield holder["default"]
        yield from enumerated(schema) or ()
        if depth > MAX_DEPTH:
            return
        choices = self._reader.alternatives(schema)
        if choices is not None:
            base = {name: value for name, value in schema.items() if name not in {"anyOf", "oneOf"}}
            for choice in choices:
                yield from self._candidates(merge(base, choice), depth + 1, with_optional=with_optional)
        kinds = self._reader.types(schema)
        for kind in TYPES:
            if (kinds is None and kind == "string") or (kinds is not None and kind in kinds):
                yield from self._of_type(kind, schema, depth, with_optional=with_optional)

    def _of_type(self, kind: str, schema: Schema, depth: int, *, with_optional: bool) -> Iterator[Any]:
        try:
            if kind == "object":
                yield self._object(schema, depth, with_optional=with_optional)
            elif kind == "array":
                yield self._array(schema, depth, with_optional=with_optional)
            elif kind == "string":
                yield from _texts(schema)
            elif kind in {"integer", "number"}:
                yield from _numbers(schema)
            else:
                yield from (True, False) if kind == "boolean" else (None,)
        except NoExampleError:
            return

    def _object(self, schema: Schema, depth: int, *, with_optional: bool) -> dict[str, Any]:
        required = list(map(str, list_of(schema.get("required"))))
        properties = mapping_of(schema.get("properties"))
        found: dict[str, Any] = {}
        for name in [*required, *properties]:
            is_needed = name in required
            member = properties.get(name, schema.get("additionalProperties", {}))
            if name in found or not (is_needed or with_optional) or mapping_of(member).get("readOnly"):
                continue
            try:
                found[name] = self._one(member, depth + 1, with_optional=with_optional)
            except NoExampleError:
                if is_needed:
                    raise
        least = schema.get("minProperties")
        wanted = min(least, 100) if isinstance(least, int) else 0
        for index in range(wanted):
            if len(found) < wanted:
                found[f"member{index}"] = self._one(
                    schema.get("additionalProperties", {}), depth + 1, with_optional=False
                )
        return found

    def _array(self, schema: Schema, depth: int, *, with_optional: bool) -> list[Any]:
        found = [self._one(item, depth + 1, with_optional=with_optional) for item in list_of(schema.get("prefixItems"))]
        least, most = schema.get("minItems", 0), schema.get("maxItems", 1)
        items = schema.get("items", {})
        wanted = max(least, min(1, most)) if is_number(least) and is_number(most) else 1
        if len(found) >= wanted or items is False:
            return found
        try:
            self._fill(found, int(min(wanted, 100)), items, depth, is_set=schema.get("uniqueItems") is True)
        except NoExampleError:
            if len(found) < least:
                raise
        return found

    def _fill(self, found: list[Any], wanted: int, items: Any, depth: int, *, is_set: bool) -> None:
        for value in _repeated(self._one(items, depth + 1, with_optional=False), is_set=is_set):
            if len(found) >= wanted:
                return
            if not is_set or (value not in found and self._fits(items, value)):
                found.append(value)
        for value in self._candidates(items, depth + 1, with_optional=False):
            if len(found) >= wanted:
                return
            if value not in found and self._fits(items, value):
                found.append(value)
        if len(found) < wanted:
            raise NoExampleError


def _given(holder: Schema) -> Iterator[Any]:
    if "example" in holder:
        yield holder["example"]
    yield from list_of(holder.get("examples"))


def _repeated(value: Any, *, is_set: bool) -> Iterator[Any]:
    """Yield a value again and again, for a set others that are like it."""
    for index in range(100):
        if not is_set:
            yield value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield value + index
        elif isinstance(value, str):
            yield value + "abcdefghij"[index % 10] * (index // 10 + 1) if index else value
        elif index == 0:
            yield value


def _texts(schema: Schema) -> Iterator[str]:
    if schema.get("contentEncoding") == "base64":
        yield FORMATS["byte"]
    if schema.get("format") in FORMATS:
        yield FORMATS[schema["format"]]
    least, most = schema.get("minLength"), schema.get("maxLength")
    low = min(least, 100_000) if isinstance(least, int) else 0
    high = most if isinstance(most, int) else 100_000
    pattern = schema.get("pattern")
    for text in TEXTS if isinstance(pattern, str) else TEXTS[:1]:
        sized = (text * (math.ceil(low / len(text)) or 1))[: max(low, min(high, len(text)))]
        if not isinstance(pattern, str) or _matches(pattern, sized):
            yield sized


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False  # Patterns are ECMAScript's (JSON Schema 2020-12 validation, section 6.3.3).


def _numbers(schema: Schema) -> Iterator[float]:
    low = max((schema[name] for name in ("minimum", "exclusiveMinimum") if is_number(schema.get(name))), default=None)
    high = min((schema[name] for name in ("maximum", "exclusiveMaximum") if is_number(schema.get(name))), default=None)
    step = schema.get("multipleOf")
    if is_number(step) and step > 0:
        first = math.ceil((low if low is not None else min(step, high if high is not None else step)) / step)
        yield from (first * step, (first + 1) * step, (first - 1) * step)
    yield 1
    for bound in (low, high):
        if bound is not None:
            yield from (bound, math.floor(bound) + 1, math.ceil(bound) - 1)
    if low is not None and high is not None:
        yield (low + high) / 2
    yield 0
