"""How one request is answered once its endpoint is known.

A plain endpoint, a coroutine function whose arguments come from the path, the query, header fields, cookies and a body,
is answered in `Serving.__call__`, in as few steps as there can be. For the others the arguments are found by a
`Resolution`, and the pieces of the rest are here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any, Final, TypeGuard, final

from hawkapi._binding import Binding, named_arguments
from hawkapi._plan import Calls, EndpointPlan
from hawkapi._resolution import NO_HEADERS
from hawkapi._workers import WorkerPool, call_in_worker
from hawkapi.exceptions import ClientDisconnect, HandlerTimeoutError
from hawkapi.params._extract import ABSENT
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.requests.body import read_request_body
from hawkapi.responses.base import FRAMING, Response, has_body
from hawkapi.types import HeaderPairs, Message, Receive, Scope, Send

GONE: Final = "the client disconnected before its response was complete"


async def within[T](limit_s: float, work: Coroutine[Any, Any, T]) -> T:
    """Wait for a handler, at most so long.

    Raises:
        HandlerTimeoutError: the time is over (504). A `TimeoutError` of the handler's own passes through.
    """
    deadline = asyncio.timeout(limit_s)
    try:
        async with deadline:
            return await work
    except TimeoutError:
        if deadline.expired():
            raise HandlerTimeoutError(limit_s) from None
        raise


async def call_handler(
    plan: EndpointPlan, arguments: list[object], workers: WorkerPool, limit_s: float | None
) -> object:
    """Call the handler of an endpoint.

    Args:
        plan: that of the endpoint.
        arguments: the handler's, and whatever else was found for its dependencies.
        workers: the threads for a plain function.
        limit_s: seconds that a coroutine function may take.

    Raises:
        HandlerTimeoutError: the time is over (504).
        Exception: whatever the handler raises.
    """
    binding = plan.binding
    positional = arguments[: binding.end]
    named = named_arguments(arguments, binding.end, binding.keywords) if binding.keywords else {}
    if not plan.is_async:
        return await call_in_worker(plan.handler, workers, *positional, **named)
    if limit_s is None:
        return await plan.handler(*positional, **named)
    return await within(limit_s, plan.handler(*positional, **named))


async def called_arguments(
    binding: Binding, calls: Calls, values: list[object], scope: Scope, receive: Receive, max_body_size: int
) -> list[object]:
    """Return the arguments of a handler and all that it depends on, as `Resolution.arguments` does.

    Raises:
        RequestValidationError: the request does not fit; every problem is in it.
        Exception: whatever a dependency raises.
    """
    errors: list[ValidationErrorDetail] = []
    headers: HeaderPairs = scope.get("headers", NO_HEADERS)
    arguments = binding.read_texts(values, scope.get("query_string", b""), headers, errors)
    for function, first, end, targets in calls:
        if function is None:
            binding.read_body(arguments, await read_request_body(scope, receive, max_body_size), headers, errors)
        elif not errors or ABSENT not in arguments[first:end]:
            value = await (function() if first == end else function(*arguments[first:end]))
            for place in targets:
                arguments[place] = value
    if errors:
        raise RequestValidationError(errors)
    return arguments


def additions(plan: EndpointPlan, own: Response | None, result: object) -> tuple[int | None, HeaderPairs]:
    """Return the status to set, if one, and the header fields to add to the response to a request.

    Args:
        plan: that of the endpoint.
        own: the response that the handler or a dependency has asked for to set them on, if one has.
        result: what the handler has returned, which may be that response.
    """
    if own is None or own is result:
        return None, plan.headers
    status_code = own.status_code if own.status_code != plan.status_code else None
    return status_code, [*own.headers.to_pairs(), *plan.headers]


def adding(send: Send, status_code: int | None, fields: HeaderPairs) -> Send:
    """Return a `send` that adds header fields to the response, and sets its status unless that is `None`.

    A content type that is added takes the place of the response's own; the length is the body's. A status that has no
    body takes it away.
    """
    if status_code is None and not fields:
        return send
    bodiless = status_code is not None and not has_body(status_code)
    added = [pair for pair in fields if pair[0] not in FRAMING and not (bodiless and pair[0] == b"content-type")]
    replaced = {b"content-type"} if any(name == b"content-type" for name, _ in added) else set[bytes]()
    if bodiless:
        replaced |= {b"content-type", b"content-length"}

    async def send_with_additions(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0] not in replaced]
            message = {**message, "headers": [*kept, *added]}
            if status_code is not None:
                message["status"] = status_code
        elif bodiless:
            message = {**message, "body": b""}
        await send(message)

    return send_with_additions


@final
class Started:
    """Knows whether a response has begun: after that, no other can be sent.

    PERF: `send` is a method, and no `__call__`, which the interpreter would look up for each message.
    """

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message on."""
        self.begun = True
        return self._send(message)


@final
class Written:
    """A response that is nothing but its two messages."""

    __slots__ = ("_body", "_start")

    def __init__(self, start: Message, body: Message) -> None:
        self._start = start
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them.

        Raises:
            ClientDisconnect: the client has gone.
        """
        try:
            await send(self._start)
            await send(self._body)
        except OSError as exc:  # SPEC: how a server says that the client has gone (ASGI HTTP 2.4).
            raise ClientDisconnect(GONE) from exc


@final
class Delivered:
    """A response without what runs in the background, which has to wait until dependencies are closed."""

    __slots__ = ("_response",)

    def __init__(self, response: Response) -> None:
        self._response = response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Raises:
            ClientDisconnect: the client went before its end.
        """
        if not await self._response.deliver(scope, receive, send):
            raise ClientDisconnect("the client left before the response was complete")


def is_deliverable(result: object) -> TypeGuard[Response]:
    """Whether a result is a response that is sent as ours are, and then runs what it has for the background."""
    return isinstance(result, Response) and type(result).__call__ is Response.__call__
