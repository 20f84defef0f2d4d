"""What a handler may ask for, and the words in which the rest is refused."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

import pytest
from apps import NO_PROBES

from hawkapi import Depends, HawkAPI, Query, Response
from hawkapi._callables import unwrap_callable
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params._annotations import refusal
from hawkapi.params._extract import ABSENT
from hawkapi.params._signature import Consumer, HandlerParameter, Source, read_signature
from hawkapi.routing._parse import parse_template
from hawkapi.routing.route import Route


@dataclass
class Item:
    name: str


class Opaque:
    """Stands for a class that no request can be read as."""


class UnreadableSignature:
    """A callable whose signature cannot be read."""

    __signature__ = "nonsense"

    async def __call__(self) -> None:
        """Do nothing."""


async def scalars(  # type: ignore[no-untyped-def]  # an annotation may be missing
    text: str,
    number: int,
    ratio: float,
    flag: bool,
    key: UUID,
    anything,
    maybe: int | None = None,
) -> None:
    """Ask for every scalar."""


async def structures(one: Item) -> None:
    """Ask for a body."""


async def optional_body(one: Item | None = None) -> None:
    """Ask for a body that may be absent."""


async def list_body(many: list[Item]) -> None:
    """Ask for a list."""


async def dict_body(table: dict[str, int]) -> None:
    """Ask for an object."""


async def path_and_query(item_id: int, q: str = "x", *, limit: Annotated[int, "documented"] = 5) -> None:
    """Ask for a path value, a query value and a keyword-only one."""


async def without_future_annotations(item: Item) -> None:
    """Have annotations that are types, not text."""


without_future_annotations.__annotations__ = {"item": Item, "return": None}


async def generic[T: int](value: T, other: list[T]) -> None:
    """Have type parameters, which are read as what they may be."""


def routed(handler: Callable[..., Any], path: str = "/things", method: str = "GET") -> Route:
    """Return a route for a handler."""
    return Route(path, handler, frozenset({method}), name="things")


def parameters_of(handler: Callable[..., Any], path: str = "/things") -> tuple[HandlerParameter, ...]:
    """Return what a handler asks for."""
    route = routed(handler, path)
    return read_signature(Consumer(handler, parse_template(path), lambda why: refusal(route, why)))


def sources(handler: Callable[..., Any], path: str = "/things") -> list[tuple[str, str, object]]:
    """Return name, source and default of a handler's parameters."""
    parameters = parameters_of(handler, path)
    return [(parameter.name, parameter.source.value, parameter.default.value) for parameter in parameters]


def test_scalars_come_from_the_query() -> None:
    """What one piece of text can hold comes from the query string."""
    names = ["text", "number", "ratio", "flag", "key", "anything"]
    assert sources(scalars) == [*((name, "query", ABSENT) for name in names), ("maybe", "query", None)]


@pytest.mark.parametrize("handler", [structures, optional_body, list_body, dict_body, without_future_annotations])
def test_structures_come_from_the_body(handler: Callable[..., Any]) -> None:
    """What has structure comes from the body."""
    (parameter,) = parameters_of(handler)
    assert parameter.source is Source.BODY


def test_type_parameters_are_read_as_their_bounds() -> None:
    """A type parameter is what it is bound to."""
    assert [(name, source) for name, source, _ in sources(generic)] == [("value", "query"), ("other", "body")]


def test_names_in_the_template_come_from_the_path() -> None:
    """A parameter that the template names comes from the path, whatever its position."""
    assert sources(path_and_query, "/{item_id:int}/{q}") == [
        ("item_id", "path", ABSENT),
        ("q", "path", "x"),
        ("limit", "query", 5),
    ]


def test_keyword_only_is_noted() -> None:
    """The plan must know which arguments are passed by name."""
    parameters = parameters_of(path_and_query)
    assert [parameter.keyword_only for parameter in parameters] == [False, False, True]


async def takes_int(x: int) -> None: ...
async def takes_optional_int(x: int | None) -> None: ...
async def takes_float(x: float) -> None: ...
async def takes_uuid(x: UUID) -> None: ...
async def takes_text(x: str) -> None: ...
async def takes_any(x: Any) -> None: ...


@pytest.mark.parametrize(
    ("handler", "path", "converted"),
    [
        pytest.param(takes_int, "/{x:int}", True, id="int"),
        pytest.param(takes_optional_int, "/{x:int}", True, id="optional"),
        pytest.param(takes_float, "/{x:float}", True, id="float"),
        pytest.param(takes_uuid, "/{x:uuid}", True, id="uuid"),
        pytest.param(takes_any, "/{x:int}", True, id="any"),
        pytest.param(takes_text, "/{x}", True, id="text"),
        pytest.param(takes_text, "/{x:path}", True, id="rest"),
        pytest.param(takes_int, "/{x}", False, id="text-for-int"),
        pytest.param(takes_uuid, "/{x:str}", False, id="text-for-uuid"),
    ],
)
def test_path_parameter_is_converted_once(handler: Callable[..., Any], path: str, converted: bool) -> None:
    """What the template's type has made is not read again; a text still is."""
    (parameter,) = parameters_of(handler, path)
    assert (parameter.source, parameter.converted) == (Source.PATH, converted)


async def any_number(*values: int) -> None: ...
async def any_names(**values: int) -> None: ...
async def opaque(x: Opaque) -> None: ...
async def opaque_items(x: list[Opaque]) -> None: ...
async def uncalled_marker(x: Any = Query) -> None: ...
async def uncalled_depends(x: Any = Depends) -> None: ...
async def body_in_path(x: Item) -> None: ...
async def list_in_path(x: list[str]) -> None: ...
async def unknown_name(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
async def broken_annotation(x: 1 / 0) -> None: ...  # type: ignore[valid-type]
async def result_opaque() -> list[Opaque]:
    return []


def generator() -> Iterator[bytes]:
    """Stream."""
    yield b""


async def async_generator() -> AsyncIterator[bytes]:
    """Stream."""
    yield b""


REFUSALS = [
    pytest.param(any_number, "/", r"parameter \*values: 'int' takes any number of arguments; name each", id="args"),
    pytest.param(any_names, "/", r"parameter \*\*values: 'int' takes any number of arguments", id="kwargs"),
    pytest.param(opaque, "/", r"parameter x: type Opaque is not supported; mark a dependency with Depends", id="class"),
    pytest.param(opaque_items, "/", r"parameter x: type Opaque is not supported$", id="class-inside"),
    pytest.param(uncalled_marker, "/", r"parameter x: the default is a class; write Query\(\.\.\.\)", id="marker"),
    pytest.param(uncalled_depends, "/", r"parameter x: the default is a class; write Depends\(", id="depends"),
    pytest.param(body_in_path, "/{x}", "parameter x comes from the path, which cannot hold .*Item", id="body-in-path"),
    pytest.param(list_in_path, "/{x}", r"parameter x comes from the path, which cannot hold list\[str\]", id="list"),
    pytest.param(takes_int, "/{x:uuid}", "parameter x is uuid in the path but .*int.* in the handler", id="types"),
    pytest.param(takes_text, "/{x:int}", "parameter x is int in the path but .*str.* in the handler", id="text"),
    pytest.param(
        unknown_name, "/", "parameter x: name 'Nowhere' is not defined; define the type at the top", id="name"
    ),
    pytest.param(broken_annotation, "/", "parameter x: annotation '1 / 0' cannot be read: division", id="annotation"),
    pytest.param(generator, "/", "a generator as handler is not supported; return a StreamingResponse", id="generator"),
    pytest.param(async_generator, "/", "a generator as handler is not supported", id="async-generator"),
    pytest.param(functools.partial(generator), "/", "a generator as handler", id="partial-of-generator"),
    pytest.param(Opaque, "/", "classes as handlers are not supported; register a function", id="class-as-handler"),
]


@pytest.mark.parametrize(("handler", "path", "message"), REFUSALS)
def test_refused_at_registration(handler: Callable[..., Any], path: str, message: str) -> None:
    """What cannot be served is refused with method, path, name and parameter, and nothing is registered."""
    app = HawkAPI(**NO_PROBES)
    path = "/r" + path.removesuffix("/")
    with pytest.raises(UnsupportedTypeError, match=message) as caught:
        app.add_route(path, handler, methods=["get"], name="reader")
    assert str(caught.value).startswith(f"GET {path} (reader): ")
    assert app.routes == []


def test_refused_names_every_method() -> None:
    """A route with several methods is named with all of them, without the HEAD that nobody wrote."""
    with pytest.raises(UnsupportedTypeError, match=r"^GET,POST /r \(opaque\): "):
        HawkAPI().add_route("/r", opaque, methods=["POST", "GET"])


def test_refused_without_signature() -> None:
    """A callable whose signature cannot be read is refused."""
    with pytest.raises(UnsupportedTypeError, match="has no signature to read"):
        HawkAPI().add_route("/", UnreadableSignature(), methods=["GET"])


def test_unresolvable_return_annotation_is_no_model(caplog: pytest.LogCaptureFixture) -> None:
    """A return annotation that cannot be found means no model, and one warning that names the route."""

    async def handler() -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        """Return anything."""

    assert HawkAPI().add_route("/", handler, methods=["GET"]).handler is handler
    (record,) = caplog.records
    assert record.getMessage() == (
        "return annotation of test_unresolvable_return_annotation_is_no_model.<locals>.handler: name 'Nowhere' is not "
        "defined; results are sent as they are, without a response model"
    )


async def responds() -> Response:
    return Response()


async def responds_or_not() -> Response | dict[str, int]:
    return {}


@pytest.mark.parametrize("handler", [responds, responds_or_not])
def test_return_annotation_with_a_response_is_no_model(handler: Callable[..., Any]) -> None:
    """A handler that makes its responses itself has no model."""
    assert HawkAPI().add_route("/", handler, methods=["GET"]).handler is handler


class Service:
    """Holds handlers."""

    async def method(self) -> None:
        """Be a method."""

    async def __call__(self) -> None:
        """Be callable."""


@functools.wraps(responds)
def wrapped() -> Any:
    """Wrap a handler."""
    return responds()


@pytest.mark.parametrize(
    ("handler", "function"),
    [
        pytest.param(responds, responds, id="function"),
        pytest.param(functools.partial(functools.partial(responds)), responds, id="partials"),
        pytest.param(Service().method, Service.method, id="method"),
        pytest.param(Service(), Service.__call__, id="object"),
        pytest.param(wrapped, responds, id="wrapper"),
        pytest.param(Service, Service, id="class"),
    ],
)
def test_unwrap_callable(handler: Any, function: Any) -> None:
    """The function whose source holds the annotations is found below partials, methods, objects and wrappers."""
    assert unwrap_callable(handler) is function


async def unhashable_metadata(items: list[Annotated[int, {}]]) -> list[Annotated[int, {}]]:
    return items


def test_metadata_that_cannot_be_hashed_changes_nothing() -> None:
    """What `Annotated` says besides the type may be anything."""
    assert HawkAPI().add_route("/", unhashable_metadata, methods=["POST"]).path == "/"
