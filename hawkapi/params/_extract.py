"""Takes paths, query strings, header fields, cookies and forms apart and fills a handler's arguments from them.

Whatever the source, its values arrive as texts by name, several for a name that is repeated. It is compiled by mypyc
where there is a GIL: final classes with typed attributes, plain functions, no closures. What it reads is made at
registration, or per thread where threads do not share a GIL, and never changed.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Final, final

from hawkapi.codec.errors import CodecError, join_place
from hawkapi.http._query import parse_query
from hawkapi.http.cookies import parse_cookies
from hawkapi.params.errors import ValidationErrorDetail

type Texts = dict[str, list[str]]
type Convert = Callable[[object, bool], object]
type Read = Callable[[str], object]


@final
class Absent:
    """The type of `ABSENT`."""


ABSENT: Final = Absent()
"""In place of a default: the argument has none, so the request must bring a value."""


@final
class Default:
    """What an argument is when the request brings nothing for it."""

    def __init__(self, value: object, factory: Callable[[], object] | None = None) -> None:
        self.value = value
        self.factory = factory
        # A default that can be changed is not shared by requests, which may run in several threads.
        self.copies = isinstance(value, (list, dict, set)) or hasattr(value, "__dataclass_fields__")

    def get(self) -> object:
        """Return the default, or `ABSENT` where there is none."""
        factory = self.factory
        if factory is not None:
            return factory()
        return copy.deepcopy(self.value) if self.copies else self.value


@final
class PathArgument:
    """An argument that is a parameter of the path, which is always there."""

    def __init__(self, place: str, position: int, index: int, convert: Convert | None) -> None:
        self.place = place
        """What an error names: `path.id`."""
        self.position = position
        """Among the handler's arguments."""
        self.index = index
        """Among the values of the path."""
        self.convert = convert
        """Absent where the value is taken as it comes."""


@final
class TextArgument:
    """An argument made of one text, or of every text under one name."""

    def __init__(
        self,
        *,
        name: str,
        place: str,
        position: int,
        convert: Convert | None,
        many: bool,
        last: bool,
        default: Default,
        missing: str,
        read: Read | None = None,
    ) -> None:
        self.name = name
        """What the client calls it."""
        self.place = place
        """Where a client is told to look: `query.limit`."""
        self.position = position
        self.convert = convert
        self.many = many
        """Whether it takes all texts."""
        self.last = last
        """Whether the last of several texts counts, not the first."""
        self.default = default
        self.missing = missing
        """What a client is told that sends nothing."""
        self.read = read
        """What gives the value of one text that is a number, and `None` for another, which `convert` then refuses."""
        self.at_hand = convert is None and not many and not last
        """Whether the first text is the value."""

    def take(self, values: Texts, errors: list[ValidationErrorDetail]) -> object:
        """Return the value, or add to `errors` and return `ABSENT`."""
        texts = values.get(self.name)
        if texts is None:
            value = self.default.get()
            if value is ABSENT:
                errors.append(ValidationErrorDetail(self.place, self.missing))
            return value
        if self.many:
            return converted(self.convert, texts, self.place, errors)
        text = texts[-1] if self.last else texts[0]
        if self.read is not None:
            value = self.read(text)
            if value is not None:
                return value
        return converted(self.convert, text, self.place, errors)


@final
class ModelArgument:
    """An argument with members, each made of the texts under its name."""

    def __init__(
        self,
        *,
        place: str,
        position: int,
        members: list[tuple[str, str, bool]],
        convert: Convert,
        default: Default,
        others: bool,
    ) -> None:
        self.place = place
        self.position = position
        self.members = members
        """For each: what the client calls it, what the model calls it, whether it takes all texts."""
        self.convert = convert
        self.default = default
        self.others = others
        """Whether the model is shown names it does not have, because it refuses them or keeps them."""

    def take(self, values: Texts, errors: list[ValidationErrorDetail]) -> object:
        """Return the value, or add to `errors` and return `ABSENT`."""
        found: dict[str, object] = {}
        if self.others:
            for name, texts in values.items():
                found[name] = texts[0]
        for name, key, many in self.members:
            member = values.get(name)
            if member is not None:
                found.pop(name, None)
                found[key] = member if many else member[0]
        if not found:
            value = self.default.get()
            if value is not ABSENT:
                return value
        return converted(self.convert, found, self.place, errors)


@final
class Group:
    """Every argument from one source."""

    def __init__(self, texts: list[TextArgument], models: list[ModelArgument]) -> None:
        self.texts = texts
        self.models = models

    def fill(self, arguments: list[object], values: Texts, errors: list[ValidationErrorDetail]) -> None:
        """Put each value at its argument's position; every problem goes to `errors`."""
        for argument in self.texts:
            # PERF: a text that is the value itself needs no call.
            if argument.at_hand and argument.name in values:
                arguments[argument.position] = values[argument.name][0]
            else:
                arguments[argument.position] = argument.take(values, errors)
        for model in self.models:
            arguments[model.position] = model.take(values, errors)


@final
class TextArguments:
    """Every argument of a handler that comes from the path, the query string, the header fields or the cookies."""

    def __init__(
        self, path: list[PathArgument], query: Group | None, headers: Group | None, cookies: Group | None
    ) -> None:
        self._path = path
        self._query = query
        self._headers = headers
        self._cookies = cookies

    def fill(
        self,
        arguments: list[object],
        values: list[object],
        query_string: bytes,
        headers: list[tuple[bytes, bytes]],
        errors: list[ValidationErrorDetail],
    ) -> None:
        """Put each value at its argument's position; what is wrong goes to `errors`.

        Args:
            arguments: the handler's arguments, one place for each.
            values: the path parameters from left to right.
            query_string: as it came, percent-encoded, without `?`.
            headers: the fields as ASGI has them, lower-case names.
            errors: receives every problem, not only the first.
        """
        for argument in self._path:
            value = values[argument.index]
            if argument.convert is not None:
                value = converted(argument.convert, value, argument.place, errors)
            arguments[argument.position] = value
        if self._query is not None:
            self._query.fill(arguments, parse_query(query_string), errors)
        if self._headers is not None:
            self._headers.fill(arguments, header_texts(headers), errors)
        if self._cookies is not None:
            self._cookies.fill(arguments, cookie_texts(headers), errors)


def converted(convert: Convert | None, value: object, place: str, errors: list[ValidationErrorDetail]) -> object:
    """Return what a text, or several, spell, or add to `errors` and return `ABSENT`."""
    if convert is None:
        return value
    try:
        return convert(value, True)
    except CodecError as exc:
        add_violations(exc, place, errors)
        return ABSENT


def header_texts(headers: list[tuple[bytes, bytes]]) -> Texts:
    """Return the values of header fields by lower-case name, in order."""
    found: Texts = {}
    for name, value in headers:
        key = name.decode("latin-1").lower()
        texts = found.get(key)
        if texts is None:
            found[key] = [value.decode("latin-1")]
        else:
            texts.append(value.decode("latin-1"))
    return found


def cookie_texts(headers: list[tuple[bytes, bytes]]) -> Texts:
    """Return the values of cookies by name."""
    fields = [value.decode("latin-1") for name, value in headers if name == b"cookie"]
    return {name: [value] for name, value in parse_cookies(fields).items()}


def msgpack_preference(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Return the `Accept` fields, joined, of a client that names MessagePack, or `None` for everybody else."""
    found = ""
    for name, value in headers:
        if name == b"accept" and value != b"*/*":
            found = f"{found}, {value.decode('latin-1')}" if found else value.decode("latin-1")
    return found if "msgpack" in found.lower() else None


def add_violations(error: CodecError, place: str, errors: list[ValidationErrorDetail]) -> None:
    """Translate what a codec found into what the client reads, below a place; an empty place is the body's root."""
    for violation in error.violations:
        where = join_place(place, violation.place) if place else violation.place
        errors.append(ValidationErrorDetail(where, violation.message, violation.value))
