"""How one request is answered once its endpoint is known.

A plain endpoint, a coroutine function whose arguments come from the path, the query, header fields, cookies and a body,
is answered in `HawkAPI` itself, in as few steps as there can be. What needs objects of its own per request, a worker
thread, or something done after the response, is answered here.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine
from typing import Any, Final, final

from hawkapi._plan import EndpointPlan
from hawkapi._workers import WorkerPool
from hawkapi.background import BackgroundTasks
from hawkapi.exceptions import HandlerTimeoutError
from hawkapi.params._signature import Source
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.requests import Request
from hawkapi.requests.body import read_request_body
from hawkapi.requests.request import close_request
from hawkapi.responses.base import Response, has_body
from hawkapi.types import HeaderPairs, Message, Receive, Scope, Send


async def call_in_worker(handler: Any, workers: WorkerPool, *arguments: object, **named: object) -> object:
    """Call a handler that is a plain function in a worker thread."""
    result = await workers.run(handler, *arguments, **named)
    # A plain function may return the coroutine of another, a decorator's wrapper for example.
    return await result if inspect.isawaitable(result) else result


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


@final
class EndpointCall:
    """One request to an endpoint that is not plain. Request-bound."""

    __slots__ = ("_max_body_size", "_plan", "_receive", "_request", "_response", "_scope", "_tasks", "_values")

    def __init__(
        self, plan: EndpointPlan, values: list[object], scope: Scope, receive: Receive, max_body_size: int
    ) -> None:
        self._max_body_size = max_body_size
        self._plan = plan
        self._values = values
        self._scope = scope
        self._receive = receive
        self._request: Request | None = None
        self._response: Response | None = None
        self._tasks: BackgroundTasks | None = None
        scope["path_params"] = dict(zip(plan.path_names, values, strict=True))

    async def result(self, workers: WorkerPool, limit_s: float | None) -> object:
        """Fill the arguments and call the handler.

        Raises:
            Exception: whatever the request or the handler gives reason for.
        """
        plan = self._plan
        arguments = await self._arguments()
        named = plan.named(arguments)
        if not plan.is_async:
            return await call_in_worker(plan.handler, workers, *arguments, **named)
        if limit_s is None:
            return await plan.handler(*arguments, **named)
        return await within(limit_s, plan.handler(*arguments, **named))

    async def _arguments(self) -> list[object]:
        plan, scope = self._plan, self._scope
        content = b""
        if plan.reads_body:
            content = await read_request_body(scope, self._receive, self._max_body_size)
        errors: list[ValidationErrorDetail] = []
        arguments = plan.read(self._values, scope.get("query_string", b""), scope.get("headers", []), content, errors)
        if plan.form is not None:
            await self._fill_form(arguments, errors)
        if errors:
            raise RequestValidationError(errors)
        for position, source, annotation in plan.objects:
            arguments[position] = self._make(source, annotation)
        return arguments

    async def _fill_form(self, arguments: list[object], errors: list[ValidationErrorDetail]) -> None:
        assert self._plan.form is not None
        request = self._shared_request()
        await self._plan.form.fill(arguments, request, self._scope.get("headers", []), errors)

    def _make(self, source: Source, annotation: Any) -> object:
        """Return what a handler asked for that is made for this request: one of each kind, however many ask."""
        if source is Source.SCOPE:
            return self._scope
        if source is Source.REQUEST:
            return self._shared_request()
        if source is Source.RESPONSE:
            if self._response is None:
                self._response = Response(status_code=self._plan.status_code)
            return self._response
        if self._tasks is None:
            self._tasks = annotation()
        return self._tasks

    def _shared_request(self) -> Request:
        if self._request is None:
            self._request = Request(self._scope, self._receive, max_body_size=self._max_body_size)
        return self._request

    def additions(self, result: object) -> tuple[int | None, HeaderPairs]:
        """Return the status that the handler set on its `Response` parameter, if it did, and the fields to add."""
        own = self._response
        if own is None or own is result:
            return None, self._plan.headers
        status_code = own.status_code if own.status_code != self._plan.status_code else None
        return status_code, [*own.headers.to_pairs(), *self._plan.headers]

    async def finish(self) -> None:
        """Run the background tasks, after the response has been sent."""
        if self._tasks is not None:
            await self._tasks.run(self._scope)

    async def close(self) -> None:
        """Let go of what the request holds: the files of uploads."""
        await close_request(self._scope)


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


FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
"""What follows from a body (RFC 9112 section 6), and is nobody's to add."""


@final
class Started:
    """A `send` that knows whether a response has begun: after that, no other can be sent."""

    __slots__ = ("_send", "begun")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False

    async def __call__(self, message: Message) -> None:
        """Send a message on."""
        self.begun = True
        await self._send(message)


@final
class Written:
    """A response that is nothing but its two messages."""

    __slots__ = ("_body", "_start")

    def __init__(self, start: Message, body: Message) -> None:
        self._start = start
        self._body = body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        await send(self._start)
        await send(self._body)
