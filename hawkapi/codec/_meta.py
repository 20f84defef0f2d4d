"""The portable `Meta`: limits and words for a type, given in `Annotated`."""

from __future__ import annotations

import re
from typing import Any, Final, final

_ATTRIBUTES: Final = (
    "gt",
    "ge",
    "lt",
    "le",
    "multiple_of",
    "pattern",
    "min_length",
    "max_length",
    "tz",
    "title",
    "description",
    "examples",
    "extra_json_schema",
    "extra",
)
_NUMERIC: Final = ("gt", "ge", "lt", "le", "multiple_of")
_OTHER: Final = ("pattern", "min_length", "max_length", "tz")


@final
class Meta:
    """Limits that values of a type keep, and what its documentation says.

    Args:
        gt: values are greater.
        ge: values are greater or equal.
        lt: values are less.
        le: values are less or equal.
        multiple_of: values are multiples of this positive number.
        pattern: a regular expression that is found in the text; not anchored.
        min_length: characters, bytes, items or members, at least.
        max_length: characters, bytes, items or members, at most.
        tz: whether a datetime or time must have an offset (true) or must have none (false).
        title: for the JSON Schema.
        description: for the JSON Schema.
        examples: for the JSON Schema.
        extra_json_schema: members to merge into the JSON Schema.
        extra: anything of the application's own.

    Raises:
        TypeError: an argument has the wrong type.
        ValueError: arguments contradict each other, or the pattern is no regular expression.
    """

    __slots__ = _ATTRIBUTES

    def __init__(
        self,
        *,
        gt: float | None = None,
        ge: float | None = None,
        lt: float | None = None,
        le: float | None = None,
        multiple_of: float | None = None,
        pattern: str | None = None,
        min_length: int | None = None,
        max_length: int | None = None,
        tz: bool | None = None,
        title: str | None = None,
        description: str | None = None,
        examples: list[Any] | None = None,
        extra_json_schema: dict[str, Any] | None = None,
        extra: dict[Any, Any] | None = None,
    ) -> None:
        given = dict(locals())
        for name in _ATTRIBUTES:
            object.__setattr__(self, name, given[name])
        _check_types(given)
        _check_values(given)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"Meta objects cannot be changed, so {name} cannot be set")

    def __repr__(self) -> str:
        return f"hawkapi.Meta({', '.join(f'{name}={value!r}' for name, value in self._given())})"

    def __eq__(self, other: object) -> bool:
        return self._given() == other._given() if isinstance(other, Meta) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(name for name, _ in self._given()))

    def _given(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in _ATTRIBUTES if getattr(self, name) is not None]


_TYPES: Final[tuple[tuple[tuple[str, ...], tuple[type, ...], str], ...]] = (
    (_NUMERIC, (int, float), "an int or float"),
    (("min_length", "max_length"), (int,), "an int"),
    (("pattern", "title", "description"), (str,), "a str"),
    (("tz",), (bool,), "a bool"),
    (("examples",), (list,), "a list"),
    (("extra_json_schema", "extra"), (dict,), "a dict"),
)


def _check_types(given: dict[str, Any]) -> None:
    for names, allowed, wording in _TYPES:
        for name in names:
            value: object = given[name]
            wrong = not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed)
            if value is not None and wrong:
                raise TypeError(f"`{name}` must be {wording}, got {type(given[name]).__name__}")


def _check_values(given: dict[str, Any]) -> None:
    for one, other in (("gt", "ge"), ("lt", "le")):
        if given[one] is not None and given[other] is not None:
            raise ValueError(f"Cannot specify both `{one}` and `{other}`")
    numeric = [name for name in _NUMERIC if given[name] is not None]
    if numeric and any(given[name] is not None for name in _OTHER):
        raise ValueError("Cannot mix numeric constraints (gt, lt, ...) with others (pattern, min_length, tz, ...)")
    if given["multiple_of"] is not None and given["multiple_of"] <= 0:
        raise ValueError("`multiple_of` must be > 0")
    for name in ("min_length", "max_length"):
        if given[name] is not None and given[name] < 0:
            raise ValueError(f"`{name}` must be >= 0, got {given[name]}")
    if given["pattern"] is not None:
        try:
            re.compile(given["pattern"])
        except re.error as exc:
            raise ValueError(f"`pattern` is no regular expression: {exc}") from exc
