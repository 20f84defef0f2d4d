"""What a handler returns, as its annotation or its response model says: the content of the successful response."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple, NewType, Union, get_args, get_origin

from hawkapi._callables import evaluate_annotation, unwrap_callable
from hawkapi.codec._annotations import expand_alias, is_alias
from hawkapi.codec._msgpack import CONTENT_TYPE as MSGPACK
from hawkapi.exceptions import reason_phrase
from hawkapi.http.media_types import essence_of, is_json
from hawkapi.openapi._schemas import Schemas
from hawkapi.openapi._variants import Use
from hawkapi.responses import RedirectResponse
from hawkapi.responses.base import Response, has_body
from hawkapi.routing.route import Route

DESCRIPTION: Final = "Successful response"
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"


class Result(NamedTuple):
    """What an annotation says of results."""

    values: tuple[Any, ...]
    """The types of what is written as JSON."""
    responses: tuple[type[Any], ...]
    """The classes of responses that a handler makes itself."""
    may_be_none: bool


def build_successes(route: Route, schemas: Schemas) -> dict[str, dict[str, Any]]:
    """Return the responses of a route that works, by status."""
    result = result_of(route)
    found: dict[str, dict[str, Any]] = {}
    redirects = [cls for cls in result.responses if issubclass(cls, RedirectResponse)]
    contents = _contents(route, result, schemas)
    # What a handler without annotation returns is not known; `None` alone is nothing but the empty response.
    if result.values or len(redirects) < len(result.responses):
        _add(found, route.status_code, contents)
    if redirects:
        _add(found, route.status_code if 300 <= route.status_code <= 399 else 307, {})
    if result.may_be_none:
        _add(found, 204 if route.status_code == 200 else route.status_code, {})
    return found


def with_described(
    successes: dict[str, Any], problems: dict[str, Any], described: Mapping[int | str, dict[str, Any]], schemas: Schemas
) -> dict[str, Any]:
    """Return all responses: those of a route that works, then the others by status.

    What the route describes itself comes before what is known of it: its model before the content, its words and
    header fields before ours.
    """
    found = {**successes, **problems}
    for key, response in described.items():
        more = {name: value for name, value in response.items() if name != "model"}
        base: dict[str, Any] = {"description": phrase_of(key), **found.get(str(key), {})}
        if response.get("model") is not None:
            base["content"] = {JSON: {"schema": schemas.of_annotation(response["model"])}}
        if "content" in more:
            more["content"] = base.get("content", {}) | dict(more["content"])
        found[str(key)] = base | more
    return {key: found[key] for key in [*successes, *sorted(found.keys() - successes.keys())]}


def phrase_of(key: int | str) -> str:
    """Return what a response is called that nobody describes."""
    return reason_phrase(int(key)) if str(key).isdecimal() else "Other responses"


def _add(found: dict[str, dict[str, Any]], status_code: int, content: dict[str, Any]) -> None:
    # A route may also redirect, or answer with an error on purpose.
    description = DESCRIPTION if status_code < 300 else reason_phrase(status_code)
    response = found.setdefault(str(status_code), {"description": description})
    if content and has_body(status_code):
        response.setdefault("content", {}).update(content)


def result_of(route: Route) -> Result:
    annotation = route.response_model if route.response_model is not None else _return_annotation(route)
    values: list[Any] = []
    responses: list[type[Any]] = []
    may_be_none = False
    for choice in choices_of(annotation):
        if choice is None or choice is types.NoneType:
            may_be_none = True
        elif _is_response_class(choice):
            responses.append(choice)
        else:
            values.append(choice)
    return Result(tuple(values), tuple(responses), may_be_none)


def _is_response_class(choice: Any) -> bool:
    """Whether a type is one of responses: ours, or another framework's, whose instances can be called."""
    if not isinstance(choice, type) or get_origin(choice) is not None:
        return False
    return issubclass(choice, Response) or any("__call__" in vars(cls) for cls in choice.__mro__)


def _return_annotation(route: Route) -> Any:
    """Return what a handler says it returns; anything where it says nothing, or nothing that can be read."""
    function = unwrap_callable(route.handler)
    try:
        annotations = inspect.get_annotations(function)
        return evaluate_annotation(annotations["return"], function) if "return" in annotations else Any
    except Exception:  # noqa: BLE001 - evaluating what a user wrote may raise anything; registration has warned of it
        return Any


def choices_of(annotation: Any) -> Iterator[Any]:
    """Yield the types that a union is made of; any other type is its only one."""
    bare: Any = annotation
    while True:
        if is_alias(bare):
            bare = expand_alias(bare)
        elif get_origin(bare) is Annotated:
            bare = get_args(bare)[0]
        elif isinstance(bare, NewType):
            bare = bare.__supertype__
        else:
            break
    if get_origin(bare) in {Union, types.UnionType}:
        for choice in get_args(bare):
            yield from choices_of(choice)
    else:
        # As it was written: limits and words around a type belong to its schema.
        yield annotation if bare is not types.NoneType else None


def _contents(route: Route, result: Result, schemas: Schemas) -> dict[str, Any]:
    contents: dict[str, Any] = {}
    if not has_body(route.status_code):
        return contents
    for cls in result.responses:
        contents.update(_content_of(cls))
    if result.values:
        # SPEC: a schema of several types is `anyOf` them, in order; Union makes one of one.
        use = Use.WITHOUT_NONE if route.response_model_exclude_none else Use.RESULT
        schema = schemas.of_annotation(Union[result.values], use)  # noqa: UP007 - made of a tuple
        contents[JSON] = {"schema": schema}
        contents.setdefault(MSGPACK, {"schema": schema})
    return contents


def _content_of(cls: type[Any]) -> dict[str, Any]:
    """Return the content of a response that a handler makes itself, as far as its class says what that is."""
    declared = getattr(cls, "default_content_type", None) or getattr(cls, "media_type", None)
    # `Response` itself stands for any response.
    if cls is Response or issubclass(cls, RedirectResponse) or not isinstance(declared, str):
        return {}
    essence = essence_of(declared)
    content: dict[str, Any] = {essence: _raw_content(essence)}
    # A name that ends in `.pdf` makes it another type than that of the class.
    return content | ({"*/*": {}} if cls.__name__ == "FileResponse" else {})


def _raw_content(essence: str) -> dict[str, Any]:
    if essence == EVENTS:
        return {}  # SPEC: OpenAPI 3.1 cannot describe one event of a stream, and tools take a schema for that.
    if is_json(essence):
        return {"schema": {}}
    return {"schema": {"type": "string"} if essence.startswith("text/") else {"type": "string", "format": "binary"}}
