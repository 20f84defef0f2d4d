"""The operations of a document: what goes in, and what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, final

from hawkapi.http.media_types import MULTIPART, URLENCODED, essence_of, is_json
from hawkapi.openapi._walk import PARAMETER
from hawkapi.openapi.codegen._document import Document, below, object_at, sequence_at, text_at
from hawkapi.openapi.codegen._names import pascal_case
from hawkapi.openapi.codegen._schemas import Schemas, Spelled, spelled
from hawkapi.openapi.codegen._types import NONE, Named, Type, union_of
from hawkapi.openapi.codegen.errors import UnusableSpecError
from hawkapi.openapi.codegen.ir import SENTINEL, BodyKind, Encoding, OperationIR, ParamIR, ResponseKind

__all__ = ["METHODS", "Operations"]

METHODS: Final = ("get", "post", "put", "patch", "delete", "head", "options")
"""What is generated; no client sends TRACE."""
JSON: Final = "application/json"
PLACES: Final = ("path", "query", "header", "cookie")
_ORDER: Final[dict[BodyKind, int]] = {"json": 0, "form": 1, "multipart": 1, "text": 2, "bytes": 3}
_ENCODINGS: Final[dict[str, Encoding]] = {
    "form": "comma",
    "simple": "comma",
    "spaceDelimited": "space",
    "pipeDelimited": "pipe",
    "deepObject": "deep",
}


class Content(NamedTuple):
    """What a body consists of."""

    kind: BodyKind
    media_type: str
    type: Type


@final
class Operations:
    """Reads the operations of one document."""

    def __init__(self, document: Document, schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas

    def all(self) -> Iterator[OperationIR]:
        """Yield every operation, in the order of the document."""
        for path, written in object_at(self._document.root.get("paths"), "#/paths").items():
            if path.startswith("x-"):
                continue
            item, place = self._document.resolve(written, below("#/paths", path))
            for method, operation in item.items():
                if method in METHODS:
                    yield self._operation(path, method, item, place, object_at(operation, below(place, method)))

    def _operation(self, path: str, method: str, item: dict[str, Any], place: str, here: dict[str, Any]) -> OperationIR:
        at = below(place, method)
        name = text_at(here.get("operationId"), below(at, "operationId")) or _name_of(method, path)
        params = self._params(path, name, [(item, place), (here, at)])
        body, body_required = self._body(here, at, name)
        kind, accept, result = self._response(here, at, name)
        body_type = spelled(body.type) if body else Spelled("", "")
        response_type = _answered(result) if result else Spelled("", "")
        return OperationIR(
            operation_id=name,
            method=method,
            path=path,
            path_params=params["path"],
            query_params=params["query"],
            header_params=params["header"],
            cookie_params=params["cookie"],
            body_type=body_type.type_str or None,
            exact_body=body_type.exact,
            body_kind=body.kind if body else "json",
            body_media_type=body.media_type if body else JSON,
            body_required=body_required,
            response_type=response_type.type_str or None,
            exact_response=response_type.exact,
            response_kind=kind,
            accept=accept,
            summary=text_at(here.get("summary"), below(at, "summary")),
            description=text_at(here.get("description"), below(at, "description")),
            deprecated=here.get("deprecated") is True,
        )

    def _params(
        self, path: str, operation: str, holders: list[tuple[dict[str, Any], str]]
    ) -> dict[str, tuple[ParamIR, ...]]:
        """Return the parameters by where they are; those of an operation come before those of its path."""
        found: dict[tuple[str, str], ParamIR] = {}
        for holder, place in holders:
            key = below(place, "parameters")
            for number, written in enumerate(sequence_at(holder.get("parameters"), key)):
                here, at = self._document.resolve(written, below(key, number))
                name, where = here.get("name"), here.get("in")
                if not isinstance(name, str) or where not in PLACES:
                    raise UnusableSpecError(f"a parameter needs a name and a place ({', '.join(PLACES)})", at)
                found[name, str(where)] = self._param(here, at, operation, name, str(where))
        in_path = dict.fromkeys(PARAMETER.findall(path))
        text = ParamIR("", "str", True, encoding="comma")
        groups = {where: tuple(param for (_, at), param in found.items() if at == where) for where in PLACES}
        # In the order of the path, and also those that the document forgot: without them there is no path.
        groups["path"] = tuple(found.get((name, "path")) or _named(text, name) for name in in_path)
        return groups

    def _param(self, here: dict[str, Any], place: str, operation: str, name: str, where: str) -> ParamIR:
        schema, at, encoding = here.get("schema"), below(place, "schema"), _encoding_of(here, where)
        content = object_at(here.get("content"), below(place, "content"))
        if content:
            media_type, media = next(iter(content.items()))
            schema = object_at(media, below(place, "content", media_type)).get("schema")
            at, encoding = below(place, "content", media_type, "schema"), "json"
        of = self._schemas.type_of(schema, at, pascal_case(operation, "Operation") + pascal_case(name, "Param"))
        required = where == "path" or here.get("required") is True
        type_str, exact = spelled(of)
        words = text_at(here.get("description"), below(place, "description"))
        return ParamIR(name, type_str, required, SENTINEL if required else None, words, exact, encoding)

    def _body(self, operation: dict[str, Any], place: str, name: str) -> tuple[Content | None, bool]:
        if not operation.get("requestBody"):
            return None, False
        here, at = self._document.resolve(operation["requestBody"], below(place, "requestBody"))
        content = object_at(here.get("content"), below(at, "content"))
        media_type = _preferred(content)
        if media_type is None:
            return None, False
        found = self._content(content[media_type], below(at, "content", media_type), media_type, f"{name}_body")
        return found, here.get("required") is True

    def _content(self, media: Any, place: str, media_type: str, hint: str) -> Content:
        schema, at = object_at(media, place).get("schema"), below(place, "schema")
        kind = _kind_of(media_type)
        essence = essence_of(media_type)
        if kind == "json":
            return Content(kind, essence, self._schemas.type_of(schema, at, pascal_case(hint, "Body")))
        if kind in {"form", "multipart"}:
            return Content(kind, essence, self._schemas.form(schema, at, hint, has_files=kind == "multipart"))
        # A range of types, as `*/*`, cannot be sent.
        named = "application/octet-stream" if "*" in essence else essence
        return Content(kind, named, Named("str" if kind == "text" else "bytes"))

    def _response(self, operation: dict[str, Any], place: str, name: str) -> tuple[ResponseKind, str, list[Type]]:
        """Return what a successful response has in it, first what is likeliest: of 200, 201, then others below 300."""
        found: list[Content | None] = []
        written = object_at(operation.get("responses"), below(place, "responses"))
        for status in sorted(filter(_is_success, written), key=_rank):
            here, at = self._document.resolve(written[status], below(place, "responses", status))
            content = object_at(here.get("content"), below(at, "content"))
            media_type = _preferred(content)
            hint, inside = f"{name}_response", below(at, "content", media_type or "")
            found.append(self._answer(content[media_type], inside, media_type, hint) if media_type else None)
        first = next((content for content in found if content), None)
        if first is None:
            return "none", "", []
        kind: ResponseKind = "json" if first.kind == "json" else "text" if first.kind == "text" else "bytes"
        types = [content.type for content in found if content and content.kind == first.kind]
        return kind, first.media_type, [*types, NONE] if None in found else types

    def _answer(self, media: Any, place: str, media_type: str, hint: str) -> Content:
        found = self._content(media, place, media_type, hint)
        is_form = found.kind in {"form", "multipart"}
        return Content("bytes", found.media_type, Named("bytes")) if is_form else found


def _answered(types: list[Type]) -> Spelled:
    """Write the type of a response: as the contract has it, that of the likeliest status; exactly, all of them."""
    likeliest = union_of([types[0], *(of for of in types[1:] if of == NONE)])
    exact = spelled(union_of(types))
    short = spelled(likeliest).type_str
    return Spelled(short, exact.exact or ("" if exact.type_str == short else exact.type_str))


def _named(param: ParamIR, name: str) -> ParamIR:
    return ParamIR(name, param.type_str, param.required, encoding=param.encoding)


def _name_of(method: str, path: str) -> str:
    """Return the name of an operation that has none: `GET /items/{id}` is `get_items__id`."""
    return f"{method}_{re.sub('[^A-Za-z0-9_]', '_', path).strip('_')}"


def _encoding_of(parameter: dict[str, Any], where: str) -> Encoding:
    in_query = where == "query"
    style = parameter.get("style", "form" if in_query else "simple")
    if style == "form" and in_query and parameter.get("explode", True) is not False:
        return "repeat"
    return _ENCODINGS.get(str(style), "comma")


def _kind_of(media_type: str) -> BodyKind:
    essence = essence_of(media_type)
    if is_json(essence):
        return "json"
    if essence == MULTIPART:
        return "multipart"
    if essence == URLENCODED:
        return "form"
    return "text" if essence.startswith("text/") else "bytes"


def _preferred(content: dict[str, Any]) -> str | None:
    """Return the media type to use: JSON, then forms, text, anything; the first of those that are alike."""
    exact = [media_type for media_type in content if essence_of(media_type) == JSON]
    return next(iter(exact), None) or min(content, key=lambda name: _ORDER[_kind_of(name)], default=None)


def _is_success(status: str) -> bool:
    return status.upper() == "2XX" or (len(status) == 3 and status.startswith("2") and status.isdecimal())


def _rank(status: str) -> tuple[int, str]:
    return ({"200": 0, "201": 1}.get(status, 2), status)
