"""`HawkAPIObservabilityInterceptor`: gives each RPC an id, logs it and counts it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import TracebackType
from typing import Any, Final, final

from hawkapi._callables import is_async_callable, is_async_generator_callable
from hawkapi.grpc._library import load_aio, load_grpc
from hawkapi.grpc._metrics import Collectors, collectors

__all__ = ["HawkAPIObservabilityInterceptor"]

logger: Final = logging.getLogger("hawkapi.grpc")

type Behaviour = Callable[[Any, Any], Any]
"""What answers an RPC: gets the request, or an iterator of requests, and the context."""


class HawkAPIObservabilityInterceptor:
    """A server interceptor for `grpc.aio.server`, which `mount_grpc` puts around those of the user.

    The context that servicers get has `hawkapi_app`, the application, and `hawkapi_request_id`, 32 hexadecimal digits,
    besides what it has anyway. The logger `hawkapi.grpc` says `grpc.request` with `method`, `peer` and `request_id`
    when an RPC begins, and `grpc.response` with `method`, `request_id`, `code` and `duration_ms` when it ends, both
    with level INFO. With prometheus_client installed the counter `hawkapi_grpc_requests_total` by `method` and `code`,
    and the histogram `hawkapi_grpc_request_duration_seconds` by `method`, are kept in its global registry. Only methods
    that a servicer has are told of, so there are as many series as these. What a servicer raises passes unchanged.

    Args:
        app: what servicers find as `hawkapi_app`.

    Raises:
        ImportError: grpcio is not installed.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: Any) -> None:
        # Not a base class: the name is to be there without grpcio too. Servers ask `isinstance` (PEP 3119).
        load_aio().ServerInterceptor.register(type(self))
        self._app = app
        self._collectors = collectors()

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """Return the handler of a method with what tells of it around; `None` where no servicer has the method."""
        handler = await continuation(handler_call_details)
        if handler is None:
            return None
        method: str = handler_call_details.method

        def begin(context: Any) -> _Call:
            return _Call(self._app, method, context, self._collectors)

        requests = "stream" if handler.request_streaming else "unary"
        responses = "stream" if handler.response_streaming else "unary"
        watch = watched_stream if handler.response_streaming else watched
        make = getattr(load_grpc(), f"{requests}_{responses}_rpc_method_handler")
        behaviour = getattr(handler, f"{requests}_{responses}")
        return make(watch(behaviour, begin), handler.request_deserializer, handler.response_serializer)


class ServicerContext:
    """The context of an RPC with what hawkapi adds; everything else is that of grpcio, which takes no attributes.

    It remembers the status that is set, because the context of plain methods does not tell. Bound to the RPC.
    """

    __slots__ = ("_context", "hawkapi_app", "hawkapi_request_id", "status")

    def __init__(self, context: Any, app: Any) -> None:
        self._context = context
        self.hawkapi_app = app
        self.hawkapi_request_id = uuid.uuid4().hex
        self.status: Any = None
        """What the method has set, or aborted with: a `grpc.StatusCode` or its number."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def set_code(self, code: Any) -> None:
        """Set the status of the RPC."""
        self.status = code
        self._context.set_code(code)

    def abort(self, code: Any, *arguments: Any, **keywords: Any) -> Any:
        """End the RPC with a status; this raises, in async methods when it is awaited."""
        self.status = code
        return self._context.abort(code, *arguments, **keywords)

    def abort_with_status(self, status: Any) -> Any:
        """End the RPC with a status that has its details; this raises as `abort` does."""
        self.status = status.code
        return self._context.abort_with_status(status)


@final
class _Call:
    """One RPC, from its beginning to its end, as a context manager."""

    __slots__ = ("_began", "_collectors", "_context", "_method")

    def __init__(self, app: Any, method: str, context: Any, counted: Collectors | None) -> None:
        self._context = ServicerContext(context, app)
        self._method = method
        self._collectors = counted
        self._began = time.perf_counter()

    def __enter__(self) -> ServicerContext:
        self._log("grpc.request", peer=self._context.peer())
        return self._context

    def __exit__(self, kind: object, exc: BaseException | None, traceback: TracebackType | None) -> None:
        seconds = time.perf_counter() - self._began
        code = code_of(self._context.status, exc)
        if self._collectors is not None:
            self._collectors.requests.labels(self._method, code).inc()
            self._collectors.duration.labels(self._method).observe(seconds)
        self._log("grpc.response", code=code, duration_ms=round(seconds * 1000, 3))

    def _log(self, event: str, **values: object) -> None:
        request_id = self._context.hawkapi_request_id
        logger.info(event, extra={"event": event, "method": self._method, "request_id": request_id, **values})


def code_of(status: Any, exc: BaseException | None) -> str:
    """Return the name of the status that the client sees: `OK`, `NOT_FOUND`, ...

    Args:
        status: what the method has set, a `grpc.StatusCode` or its number; `None` for nothing.
        exc: what it raised. A status that was set before is sent then too; `abort` raises.
    """
    if isinstance(exc, asyncio.CancelledError | GeneratorExit):
        return "CANCELLED"
    statuses = load_grpc().StatusCode
    found = next((each for each in statuses if status is each or status == each.value[0]), statuses.OK)
    name: str = statuses.UNKNOWN.name if exc is not None and found is statuses.OK else found.name
    return name


def watched(behaviour: Behaviour, begin: Callable[[Any], _Call]) -> Behaviour:
    """Return what answers with one message, watched; as async or plain as it was, for grpcio asks for that."""
    if is_async_callable(behaviour):

        async def answer(request: Any, context: Any) -> Any:
            with begin(context) as known:
                return await behaviour(request, known)

        return answer

    def answer_in_thread(request: Any, context: Any) -> Any:
        with begin(context) as known:
            return behaviour(request, known)

    return answer_in_thread


def watched_stream(behaviour: Behaviour, begin: Callable[[Any], _Call]) -> Behaviour:
    """Return what answers with a stream, watched: an async generator, a coroutine that writes, or plain."""
    if is_async_generator_callable(behaviour):

        async def stream(request: Any, context: Any) -> AsyncIterator[Any]:
            with begin(context) as known:
                async with contextlib.aclosing(behaviour(request, known)) as messages:
                    async for message in messages:
                        yield message

        return stream
    if is_async_callable(behaviour):
        return watched(behaviour, begin)

    def stream_in_thread(request: Any, context: Any) -> Iterator[Any]:
        with begin(context) as known:
            yield from behaviour(request, known)

    return stream_in_thread
