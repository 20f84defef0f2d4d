"""Takes path values and query strings apart and fills a handler's arguments from them.

It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions, no closures. What
it reads is made at registration, or per thread where threads do not share a GIL, and never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, final

from hawkapi.codec.errors import ROOT, CodecError
from hawkapi.http._query import parse_query
from hawkapi.params.errors import ValidationErrorDetail


@final
class Absent:
    """The type of `ABSENT`."""


ABSENT: Final = Absent()
"""In place of a default: the argument has none, so the request must bring a value."""


@final
class TextArgument:
    """One argument whose value arrives as text."""

    def __init__(
        self,
        *,
        name: str,
        place: str,
        position: int,
        index: int,
        convert: Callable[[object, bool], object] | None,
        default: object,
    ) -> None:
        self.name = name
        self.place = place
        """Where a client is told to look: `query.limit`, `path.id`."""
        self.position = position
        """Among the handler's arguments."""
        self.index = index
        """Among the values of the path, for those that come from it."""
        self.convert = convert
        """Absent where the value is taken as it comes."""
        self.default = default

    def read(self, value: object, errors: list[ValidationErrorDetail]) -> object:
        """Return the converted value, or add to `errors` and return `ABSENT`."""
        convert = self.convert
        if convert is None:
            return value
        try:
            return convert(value, True)
        except CodecError as exc:
            add_violations(exc, self.place, errors)
            return ABSENT


@final
class TextArguments:
    """Every argument of a handler that comes from the path or the query string."""

    def __init__(self, path: list[TextArgument], query: list[TextArgument]) -> None:
        self._path = path
        self._query = query

    def fill(
        self,
        arguments: list[object],
        values: list[object],
        query_string: bytes,
        errors: list[ValidationErrorDetail],
    ) -> None:
        """Put each value at its argument's position; what is wrong goes to `errors`.

        Args:
            arguments: the handler's arguments, one place for each.
            values: the path parameters from left to right.
            query_string: as it came, percent-encoded, without `?`.
            errors: receives every problem, not only the first.
        """
        for argument in self._path:
            arguments[argument.position] = argument.read(values[argument.index], errors)
        if not self._query:
            return
        query = parse_query(query_string)
        for argument in self._query:
            texts = query.get(argument.name)
            if texts is not None:
                arguments[argument.position] = argument.read(texts[0], errors)
            elif argument.default is ABSENT:
                errors.append(ValidationErrorDetail(argument.place, "Required query parameter is missing"))
            else:
                arguments[argument.position] = argument.default


def add_violations(error: CodecError, place: str, errors: list[ValidationErrorDetail]) -> None:
    """Translate what a codec found into what the client reads, below a place; an empty place is the body's root."""
    for violation in error.violations:
        where = violation.place
        if place:
            where = place if where == ROOT else f"{place}.{where}"
        errors.append(ValidationErrorDetail(where, violation.message, violation.value))
