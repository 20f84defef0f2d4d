"""Requests that an OpenAPI document says are valid: one for each operation, made of examples and schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, final
from urllib.parse import quote, urlencode

from hawkapi.http.media_types import MULTIPART, URLENCODED, essence_of, is_json
from hawkapi.openapi._walk import list_of, mapping_of, operations_of, parameters_of, resolve
from hawkapi.testing._examples import Examples, NoExampleError

JSON: Final = "application/json"

type Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Prepared:
    """One request."""

    path: str
    query: Pairs
    headers: Pairs
    cookies: Pairs
    body: bytes | None
    data: Pairs | None
    """Fields of a multipart form."""
    files: list[tuple[str, tuple[str, bytes, str]]] | None

    @property
    def target(self) -> str:
        """The path with its query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True, slots=True)
class Variant:
    """One request of an operation, or why there is none."""

    suffix: str
    """What it is called behind the name of its operation."""
    request: Prepared | None
    reason: str = ""
    is_refused: bool = False
    """Whether it lacks what is required."""


@final
class Operation:
    """One operation of a document, and the requests that it takes. For one thread."""

    def __init__(
        self, document: dict[str, Any], path: str, method: str, operation: dict[str, Any], examples: Examples
    ) -> None:
        self.path = path
        self.method = method.upper()
        self._spec = document
        self._examples = examples
        self.parameters = list(parameters_of(document, path, operation).values())
        self.body = mapping_of(resolve(operation.get("requestBody"), document))
        answers = mapping_of(operation.get("responses"))
        self.responses = {str(status).upper(): answer for status, answer in answers.items()}

    def variants(self) -> Iterator[Variant]:
        """Yield requests: with what is needed, with everything, and without each thing that is needed.

        Required header fields and cookies are not left out: a client may send some of its own.
        """
        if any("text/event-stream" in mapping_of(mapping_of(one).get("content")) for one in self.responses.values()):
            yield Variant("", None, "it sends events without end")
            return
        try:
            plain = self.prepare(with_optional=False)
        except NoExampleError as exc:
            yield Variant("", None, str(exc))
            return
        yield Variant("", plain)
        everything = self.prepare(with_optional=True)
        if everything != plain:
            yield Variant(" (everything)", everything)
        for parameter in self.parameters:
            if parameter.get("required") is True and parameter["in"] == "query":
                name = str(parameter["name"])
                request = self.prepare(with_optional=False, without=name)
                if request != plain:
                    yield Variant(f" without query parameter {name!r}", request, is_refused=True)
        if self.body.get("required") is True:
            yield Variant(" without its body", self.prepare(with_optional=False, without=""), is_refused=True)

    def prepare(self, *, with_optional: bool, without: str | None = None) -> Prepared:
        """Return a request.

        Args:
            with_optional: send everything that may be sent, not only what must be.
            without: the query parameter that is left out, or an empty text for the body.

        Raises:
            NoExampleError: nothing is known that fits what must be sent.
        """
        found = Prepared(self.path, [], [], [], None, None, None)
        path = self.path
        for parameter in self.parameters:
            place, name = parameter["in"], str(parameter["name"])
            needed = parameter.get("required") is True or place == "path"
            if not (needed or with_optional) or (place == "query" and name == without):
                continue
            try:
                value = self._value_of(parameter, with_optional=with_optional)
                pairs = list(_written(parameter, value))
            except NoExampleError as exc:
                if not needed:
                    continue
                raise NoExampleError(f"{place} parameter {name!r}: {exc}") from None
            if place == "path":
                path = path.replace(f"{{{name}}}", _segment(name, pairs))
            else:
                {"query": found.query, "header": found.headers, "cookie": found.cookies}.get(place, []).extend(pairs)
        return self._with_body(found, path, with_optional=with_optional, is_sent=without != "")

    def _value_of(self, holder: dict[str, Any], *, with_optional: bool) -> Any:
        """Return the example of a parameter or a media type, or what fits its schema."""
        if "example" in holder:
            return holder["example"]
        for example in mapping_of(holder.get("examples")).values():
            described = mapping_of(resolve(example, self._spec))
            if "value" in described:
                return described["value"]
        if "schema" not in holder and holder.get("content"):
            raise NoExampleError("it is written in a media type; give it an example")
        return self._examples.of(holder.get("schema", {}), with_optional=with_optional)

    def _with_body(self, found: Prepared, path: str, *, with_optional: bool, is_sent: bool) -> Prepared:
        body = files = data = None
        headers = list(found.headers)
        if self.body and is_sent and (self.body.get("required") is True or with_optional):
            try:
                kind, body, data, files = self._body(with_optional=with_optional)
                headers += [("content-type", kind)] if body is not None else []
            except NoExampleError as exc:
                if self.body.get("required") is True:
                    raise NoExampleError(f"body: {exc}") from None
        return Prepared(path, found.query, headers, found.cookies, body, data, files)

    def _body(self, *, with_optional: bool) -> tuple[str, bytes | None, Pairs | None, Any]:
        """Return media type and body, or the fields and the files of a multipart form, whose type the client knows."""
        contents = {essence_of(str(name)): media for name, media in self._contents()}
        for kind in (JSON, *filter(is_json, contents)):
            if kind in contents:
                value = self._value_of(contents[kind], with_optional=with_optional)
                return kind, json.dumps(value).encode(), None, None
        if URLENCODED in contents:
            value = self._value_of(contents[URLENCODED], with_optional=with_optional)
            return URLENCODED, urlencode(list(_fields(mapping_of(value)))).encode(), None, None
        if MULTIPART in contents:
            return self._multipart(contents[MULTIPART], with_optional=with_optional)
        for kind, media in contents.items():
            if kind.startswith("text/") or kind == "application/octet-stream":
                return kind, str(self._value_of(media, with_optional=with_optional)).encode(), None, None
        raise NoExampleError(f"nothing is known of {', '.join(contents) or 'its media type'}")

    def _contents(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, media in mapping_of(self.body.get("content")).items():
            yield name, mapping_of(media)

    def _multipart(self, media: dict[str, Any], *, with_optional: bool) -> tuple[str, None, Pairs, Any]:
        value = mapping_of(self._value_of(media, with_optional=with_optional))
        properties = mapping_of(mapping_of(resolve(media.get("schema"), self._spec)).get("properties"))
        files = [
            (name, (f"{name}.txt", str(one).encode(), "text/plain"))
            for name, item in value.items()
            if _is_file(properties.get(name))
            for one in _each(item)
        ]
        plain = {name: item for name, item in value.items() if not _is_file(properties.get(name))}
        return MULTIPART, None, list(_fields(plain)), files


def operations_in(document: dict[str, Any], examples: Examples) -> Iterator[Operation]:
    """Yield the operations of a document, in its order."""
    for path, method, operation in operations_of(document):
        yield Operation(document, str(path), method, operation, examples)


def _is_file(schema: Any) -> bool:
    members = mapping_of(schema)
    if members.get("type") == "array":
        return _is_file(members.get("items"))
    return members.get("format") == "binary" and "contentEncoding" not in members


def _each(value: Any) -> list[Any]:
    items = list_of(value)
    return items if isinstance(value, list) else [value]


def _fields(value: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, item in value.items():
        for one in _each(item):
            if one is not None:
                yield name, _text(one)


def _text(value: Any) -> str:
    """Return a scalar as it stands in a URL or a header field."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        raise NoExampleError("objects in objects have no form in a URL; give it an example")
    return str(value)


def _written(parameter: dict[str, Any], value: Any) -> Iterator[tuple[str, str]]:
    """Yield what a parameter is written as (OpenAPI 3.1, section 4.8.12.3); `null` is not written."""
    name, place = str(parameter["name"]), parameter["in"]
    style = parameter.get("style", "form" if place in {"query", "cookie"} else "simple")
    is_exploded = parameter.get("explode", style == "form")
    members, items = mapping_of(value), list_of(value)
    if value is None:
        return
    if isinstance(value, dict):
        if style == "deepObject":
            yield from ((f"{name}[{key}]", _text(item)) for key, item in members.items())
        elif style == "form" and is_exploded:
            yield from _fields(members)
        else:
            raise NoExampleError("objects of this style are not written; leave it out of the schema or make it text")
    elif isinstance(value, list) and not (style == "form" and is_exploded):
        separator = {"spaceDelimited": " ", "pipeDelimited": "|"}.get(style, ",")
        yield name, separator.join(map(_text, items))
    elif isinstance(value, list):
        yield from ((name, _text(item)) for item in items)
    else:
        yield name, _text(value)


def _segment(name: str, pairs: Pairs) -> str:
    """Return the value of a path parameter, which cannot be empty: that would be another path."""
    text = pairs[0][1] if pairs else ""
    if text in {"", ".", ".."}:
        raise NoExampleError(f"path parameter {name!r}: it cannot be {text!r}; give it an example")
    return quote(text, safe="")
