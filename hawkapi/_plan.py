"""The plan of an endpoint: everything about its requests that can be known before one comes.

Where each argument comes from and how it is read, how results are written, the status: a request only walks it. Every
route is planned once when it is registered, which is what refuses it if it cannot be served; that plan is dropped,
because without the GIL each thread makes its own at its first request: the readers and writers in it then belong to
one thread, and their reference counts with them. Handlers and defaults stay shared.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import logging
from collections.abc import Callable
from typing import Any, final

import hawkapi.codec as codec
from hawkapi._workers import WorkerPool
from hawkapi.codec import CodecError, Kind, MalformedError
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.params._extract import ABSENT, TextArgument, TextArguments, add_violations
from hawkapi.params._signature import (
    HandlerParameter,
    Source,
    read_signature,
    refusal,
    resolve_annotation,
    signature_of,
    unwrap_handler,
)
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.responses._projection import build_projection
from hawkapi.responses.base import Response, has_body
from hawkapi.routing._parse import parse_template
from hawkapi.routing._tree import Endpoint
from hawkapi.routing.route import Route
from hawkapi.types import Message

type Encode = Callable[[object], bytes]

logger = logging.getLogger("hawkapi")


@final
class BodyArgument:
    """The argument that the JSON body becomes."""

    __slots__ = ("copies_default", "decode", "default", "position")

    def __init__(self, parameter: HandlerParameter, position: int) -> None:
        self.position = position
        self.decode = codec.decoder(parameter.description)
        self.default = parameter.default
        self.copies_default = isinstance(parameter.default, (list, dict)) or dataclasses.is_dataclass(parameter.default)

    def read(self, body: bytes, errors: list[ValidationErrorDetail]) -> object:
        """Return the decoded body, or add to `errors` and return `ABSENT`."""
        if not body:
            if self.default is ABSENT:
                errors.append(ValidationErrorDetail("body", "Request body is required"))
            # A default that can be changed is not shared by requests, which may run in several threads.
            return copy.deepcopy(self.default) if self.copies_default else self.default
        try:
            return self.decode(body)
        except MalformedError as exc:
            add_violations(exc, "body", errors)
        except CodecError as exc:
            add_violations(exc, "", errors)
        return ABSENT


@final
class EndpointPlan:
    """How the requests of one endpoint are answered."""

    __slots__ = (
        "body",
        "encode",
        "handler",
        "is_async",
        "keywords",
        "positional",
        "size",
        "status_code",
        "texts",
    )

    def __init__(self, route: Route) -> None:
        template = parse_template(route.path)
        parameters = read_signature(route, template)
        self.handler = route.handler
        self.is_async = is_coroutine_handler(route.handler)
        self.size = len(parameters)
        self.positional = sum(not parameter.keyword_only for parameter in parameters)
        self.keywords = tuple(parameter.name for parameter in parameters if parameter.keyword_only)
        self.texts = _plan_texts(parameters, template.names)
        self.body = next(
            (BodyArgument(item, index) for index, item in enumerate(parameters) if item.source is Source.BODY), None
        )
        self.encode = build_result_encoder(route)
        self.status_code = route.status_code

    def arguments(self, values: list[object], query_string: bytes, body: bytes) -> list[object]:
        """Return the handler's arguments in the order of its signature.

        Raises:
            RequestValidationError: the request does not fit; every problem of path, query and body is in it.
        """
        arguments: list[object] = [ABSENT] * self.size
        errors: list[ValidationErrorDetail] = []
        if self.texts is not None:
            self.texts.fill(arguments, values, query_string, errors)
        if self.body is not None:
            arguments[self.body.position] = self.body.read(body, errors)
        if errors:
            raise RequestValidationError(errors)
        return arguments

    def named(self, arguments: list[object]) -> dict[str, object]:
        """Take the keyword-only arguments off the end of the arguments."""
        named = dict(zip(self.keywords, arguments[self.positional :], strict=True))
        del arguments[self.positional :]
        return named

    def messages(self, result: object, method: str) -> tuple[Message, Message]:
        """Turn what the handler returned into the two messages of its response."""
        if isinstance(result, Response):
            return result.messages(method)
        status_code = self.status_code
        if result is None:
            return Response(b"", status_code=204 if status_code == 200 else status_code).messages(method)
        if not has_body(status_code):
            return Response(b"", status_code=status_code).messages(method)
        body = self.encode(result)
        # A list and a pair of this request's own: a server may add to the one, threads would contend for the other.
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        return (
            {"type": "http.response.start", "status": status_code, "headers": headers},
            {"type": "http.response.body", "body": b"" if method == "HEAD" else body},
        )


def plan_of(endpoint: Endpoint) -> EndpointPlan:
    """Return the plan of an endpoint, compiling it at the first request."""
    plan: EndpointPlan | None = endpoint.plan
    if plan is None:
        plan = endpoint.plan = EndpointPlan(endpoint.route)
    return plan


async def call_in_worker(plan: EndpointPlan, workers: WorkerPool, *arguments: object, **named: object) -> object:
    """Call a handler that is a plain function in a worker thread."""
    result = await workers.run(plan.handler, *arguments, **named)
    # A plain function may return the coroutine of another, a decorator's wrapper for example.
    return await result if inspect.isawaitable(result) else result


def _plan_texts(parameters: tuple[HandlerParameter, ...], names: tuple[str, ...]) -> TextArguments | None:
    path: list[TextArgument] = []
    query: list[TextArgument] = []
    for position, parameter in enumerate(parameters):
        if parameter.source is Source.BODY:
            continue
        as_it_comes = parameter.converted or parameter.description.kind in {Kind.STR, Kind.ANY}
        argument = TextArgument(
            name=parameter.name,
            place=f"{parameter.source.value}.{parameter.name}",
            position=position,
            index=names.index(parameter.name) if parameter.source is Source.PATH else -1,
            convert=None if as_it_comes else codec.converter(parameter.description),
            default=parameter.default,
        )
        (path if parameter.source is Source.PATH else query).append(argument)
    return TextArguments(path, query) if path or query else None


def is_coroutine_handler(handler: Callable[..., Any]) -> bool:
    """Whether calling a handler gives a coroutine: also for partials and objects with an async `__call__`.

    What a decorator has wrapped does not count: a plain wrapper of a coroutine function may return anything.
    """
    while isinstance(handler, functools.partial):
        handler = handler.func
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(type(handler).__call__)


def check_route(route: Route) -> None:
    """Refuse a route that could not be served.

    Raises:
        UnsupportedTypeError: the handler is of a kind that is not supported yet, or a parameter or the result cannot
            be handled; the message names the route and the part.
    """
    function = unwrap_handler(route.handler)
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise refusal(route, "generators as handlers (streaming) are not supported yet")
    if inspect.isclass(route.handler):
        raise refusal(route, "classes as handlers are not supported; register a function")
    EndpointPlan(route)
    try:
        _read_return_annotation(route)
    except UnsupportedTypeError as exc:
        # COMPAT: such a handler has always been accepted. It must not be silent: a model keeps members from leaking.
        logger.warning("%s; results are sent as they are, without a response model", exc)


def build_result_encoder(route: Route) -> Encode:
    """Return what writes a handler's results as JSON.

    A return annotation with structure (a dataclass, `list[Item]`, `dict[str, int]`) is the response's model: results
    are written as it says, members it does not have are left out, also those that a subclass adds.

    Raises:
        UnsupportedTypeError: the annotation names a type that is not supported.
    """
    encode = codec.encoder()
    annotation = _result_annotation(route)
    try:
        description = codec.describe(annotation)
    except UnsupportedTypeError as exc:
        raise refusal(route, f"return annotation: {exc}; leave it out, or return a Response") from exc
    if description.is_scalar or description.kind is Kind.ANY or annotation is list or annotation is dict:
        return encode
    project = build_projection(description)
    return lambda result: encode(project(result))


def _read_return_annotation(route: Route) -> Any:
    """Return the annotation of a handler's results.

    Raises:
        UnsupportedTypeError: a name in it cannot be found.
    """
    written = signature_of(route.handler).return_annotation
    return resolve_annotation(written, route.handler, lambda why: refusal(route, f"return annotation: {why}"))


def _result_annotation(route: Route) -> Any:
    """Return the annotation that describes results; `Any` where there is none or where it is about responses."""
    try:
        annotation = _read_return_annotation(route)
    except UnsupportedTypeError:
        return Any
    choices = getattr(annotation, "__args__", ()) if not isinstance(annotation, type) else (annotation,)
    if any(isinstance(choice, type) and issubclass(choice, Response) for choice in choices):
        return Any
    return annotation
