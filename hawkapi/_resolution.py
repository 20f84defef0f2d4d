"""Finding the arguments of one call, and closing afterwards what was opened for them.

When the generators among the dependencies go on after their `yield`:

* a failure, of a dependency, of the handler or of its result, is thrown into them before there is a response, the one
  opened last first; what they raise instead takes its place, and one that swallows it changes nothing;
* otherwise they are closed after the last byte of the response and before background tasks, and what they raise then
  is logged; those with `scope="function"` are closed before the response is sent, so that their failure is one like
  the handler's;
* what ends the sending of a response, a client that leaves or the end of the server, is thrown into them too.

What the container made for this call is closed last.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack
from contextvars import copy_context
from functools import partial
from types import TracebackType
from typing import Any, Final, Self, final

from hawkapi._binding import Binding, Step, StepKind, named_arguments
from hawkapi._callables import callable_name
from hawkapi._workers import OPENING, Lane, WorkerPool, call_in_worker
from hawkapi.background import BackgroundTasks
from hawkapi.di._engine import Everyone
from hawkapi.di.container import Container
from hawkapi.di.errors import ProviderNotFoundError
from hawkapi.di.scopes import Scope as ContainerScope
from hawkapi.params._extract import ABSENT
from hawkapi.params._signature import Source
from hawkapi.params.errors import RequestValidationError, ValidationErrorDetail
from hawkapi.requests import Request
from hawkapi.requests.body import keep_body, read_request_body
from hawkapi.requests.connection import HTTPConnection
from hawkapi.requests.request import close_request
from hawkapi.responses.base import Response
from hawkapi.types import HeaderPairs, Receive, Scope

logger = logging.getLogger("hawkapi")

NO_HEADERS: Final[HeaderPairs] = []


@final
class Resolution:
    """What one call needs of the application, and what was made and opened for it. Request-bound.

    As an async context manager it is closed with whatever has ended the call.

    Args:
        binding: that of the handler.
        values: the parameters of the path from left to right.
        scope: of the connection.
        receive: gives the body.
        workers: the threads for plain functions.
        container: makes what it has providers for.
        everyone: the overrides that count for everyone, as they were when the call began.
        max_body_size: bytes allowed in the body.
        status_code: of the response that a dependency or the handler may ask for.
        connection: the WebSocket; absent for a request.
    """

    __slots__ = (
        "_binding",
        "_connection",
        "_container",
        "_container_scope",
        "_early",
        "_everyone",
        "_failure",
        "_late",
        "_max_body_size",
        "_opened",
        "_receive",
        "_scope",
        "_status_code",
        "_values",
        "_workers",
        "response",
        "tasks",
    )

    def __init__(
        self,
        binding: Binding,
        values: list[object],
        scope: Scope,
        receive: Receive,
        *,
        workers: WorkerPool,
        container: Container,
        everyone: Everyone,
        max_body_size: int,
        status_code: int = 200,
        connection: HTTPConnection | None = None,
    ) -> None:
        self._binding = binding
        self._values = values
        self._scope = scope
        self._receive = receive
        self._workers = workers
        self._container = container
        self._everyone = everyone
        self._max_body_size = max_body_size
        self._status_code = status_code
        self._connection = connection
        self._container_scope: ContainerScope | None = None
        self._early: AsyncExitStack | None = None
        self._late: AsyncExitStack | None = None
        self._opened = 0
        """How many generators were begun."""
        self._failure: BaseException | None = None
        self.response: Response | None = None
        """What the handler or a dependency asked for to set status and header fields on, if one did."""
        self.tasks: BackgroundTasks | None = None

    async def arguments(self) -> list[object]:
        """Return the arguments of the handler and all that it depends on, the handler's first.

        Raises:
            RequestValidationError: the request does not fit; every problem is in it.
            Exception: whatever a dependency raises.
        """
        binding, scope = self._binding, self._scope
        errors: list[ValidationErrorDetail] = []
        headers: HeaderPairs = scope.get("headers", NO_HEADERS)
        arguments = binding.read_texts(self._values, scope.get("query_string", b""), headers, errors)
        for place, source, annotation in binding.objects:
            arguments[place] = self._make(source, annotation)
        for step in binding.steps:
            if step.kind is StepKind.BODY:
                await self._read_body(arguments, headers, errors)
            elif not errors or not step.lacks_arguments(arguments):
                value = await self._take(step, arguments)
                for place in step.targets:
                    arguments[place] = value
        if errors:
            raise RequestValidationError(errors)
        return arguments

    async def _read_body(
        self, arguments: list[object], headers: HeaderPairs, errors: list[ValidationErrorDetail]
    ) -> None:
        binding = self._binding
        if binding.form is not None:
            await binding.form.fill(arguments, self._request(), headers, errors)
        else:
            content = await read_request_body(self._scope, self._receive, self._max_body_size)
            binding.read_body(arguments, content, headers, errors)

    def _make(self, source: Source, annotation: Any) -> object:
        """Return what is made for this call: one of each kind, however many ask."""
        if source is Source.SCOPE:
            return self._scope
        if source is Source.SECURITY_SCOPES:
            return self._binding.security_scopes
        if source is Source.RESPONSE:
            if self.response is None:
                self.response = Response(status_code=self._status_code)
            return self.response
        if source is Source.BACKGROUND:
            if self.tasks is None:
                self.tasks = annotation()
            return self.tasks
        if self._connection is None or isinstance(self._connection, Request):
            return self._request()
        # What serves both kinds of connections finds the bag under `state`, which of a `WebSocket` is another thing.
        return HTTPConnection(self._scope) if annotation is HTTPConnection else self._connection

    def _request(self) -> Request:
        if self._connection is None:
            if self._binding.keeps_body:
                keep_body(self._scope)
            self._connection = Request(self._scope, self._receive, max_body_size=self._max_body_size)
        assert isinstance(self._connection, Request)
        return self._connection

    def _take(self, step: Step, arguments: list[object]) -> Awaitable[object]:
        """Return what gives the result of a step."""
        if step.kind is StepKind.PROVIDER:
            return self._provided(step)
        positional = arguments[step.first : step.end]
        named = named_arguments(arguments, step.end, step.keywords) if step.keywords else {}
        if step.kind is StepKind.ASYNC:
            result: Awaitable[object] = step.function(*positional, **named)
            return result
        if step.kind is StepKind.SYNC:
            return call_in_worker(step.function, self._workers, *positional, **named)
        return self._open(step, step.function(*positional, **named))

    def _open(self, step: Step, manager: Any) -> Awaitable[object]:
        lane = OPENING[min(self._opened, len(OPENING) - 1)]
        function = step.function.__wrapped__  # by `contextlib`
        opened = (
            AsyncOpened(manager, function)
            if step.kind is StepKind.ASYNC_GENERATOR
            else Opened(manager, function, self._workers, lane)
        )
        self._opened += 1
        if step.leaves_early:
            self._early = self._early or AsyncExitStack()
            return self._early.enter_async_context(opened)
        self._late = self._late or AsyncExitStack()
        return self._late.enter_async_context(opened)

    async def _provided(self, step: Step) -> object:
        if step.default is not ABSENT and not self._has_provider(step):
            return step.default
        if self._container_scope is None:
            self._container_scope = ContainerScope(self._container.engine, self._everyone)
        try:
            return await self._container_scope.resolve(step.function, step.name)
        except ProviderNotFoundError as exc:
            if not self._has_provider(step):
                exc.add_note("Depends() takes it from the container; what is to be called stands in Depends(...)")
            raise

    def _has_provider(self, step: Step) -> bool:
        return self._container.engine.provides(step.function, step.name, self._everyone)

    async def leave_early(self) -> None:
        """Close what is closed before the response is sent.

        Raises:
            Exception: whatever it raises; nothing has been sent yet.
        """
        stack, self._early = self._early, None
        if stack is not None:
            await stack.aclose()

    async def fail(self, exc: Exception) -> Exception:
        """Throw a failure into everything that is open, and return what has come of it.

        Raises:
            BaseException: the call was cancelled meanwhile, or the process is to end.
        """
        self._failure = exc
        outcome = await self._throw(exc)
        if not isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def succeed(self) -> None:
        """Close what is open, after the response has been sent; what goes wrong is logged."""
        stack, self._late = self._late, None
        if stack is None:
            return
        try:
            await stack.aclose()
        except Exception:
            # The response has been sent and stands; the log is the only place left to tell.
            logger.exception("closing the dependencies of %r failed", self._scope["path"])

    async def close(self, exc: BaseException | None = None) -> None:
        """Close everything that is left, the container's scope and the files of uploads; failures are logged.

        Args:
            exc: what has ended the call, if it did not come to its end.

        Raises:
            BaseException: the call was cancelled meanwhile, or the process is to end.
        """
        # Not kept: its traceback leads back here, and so would keep the request until the garbage collector comes.
        failure, self._failure = self._failure or exc, None
        outcome = None if exc is None else await self._throw(exc)
        if isinstance(outcome, Exception) and outcome is not exc:
            logger.error("closing the dependencies of %r failed", self._scope["path"], exc_info=outcome)
        try:
            await self._close_scope(failure)
        finally:
            await close_request(self._scope)
        if outcome is not None and outcome is not exc and not isinstance(outcome, Exception):
            raise outcome

    async def _close_scope(self, failure: BaseException | None) -> None:
        """Close what the container made for this call."""
        scope, self._container_scope = self._container_scope, None
        if scope is None:
            return
        try:
            await scope.aclose(failure)
        except Exception:
            logger.exception("closing what the container made for %r failed", self._scope["path"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        await self.close(exc)

    async def _throw(self, exc: BaseException) -> BaseException:
        """Throw into what is open, the inner first, and return what it is then."""
        early, self._early = self._early, None
        late, self._late = self._late, None
        for stack in (early, late):
            if stack is not None:
                try:
                    await stack.__aexit__(type(exc), exc, exc.__traceback__)
                except BaseException as other:  # noqa: BLE001 - it is returned, and raised or logged by who asked
                    exc = other
        return exc


def named(exc: RuntimeError, function: Any) -> RuntimeError:
    """Return what says which generator ended without a `yield`, if that is what an error of opening it means."""
    opening = exc.__traceback__ and exc.__traceback__.tb_next
    # What was raised in `contextlib` itself, and not in the generator, can be nothing else.
    if opening is None or opening.tb_next is not None:
        return exc
    return RuntimeError(f"the dependency {callable_name(function)} ended without a yield")


@final
class AsyncOpened:
    """An async generator as a context manager that cannot make a failure disappear: there would be no response."""

    __slots__ = ("_function", "_manager")

    def __init__(self, manager: AbstractAsyncContextManager[object], function: Any) -> None:
        self._manager = manager
        self._function = function

    async def __aenter__(self) -> object:
        try:
            return await self._manager.__aenter__()
        except RuntimeError as exc:
            raise named(exc, self._function) from exc.__cause__

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, traceback: Any) -> None:
        await self._manager.__aexit__(kind, exc, traceback)


@final
class Opened:
    """A generator whose two halves run in worker threads, as a context manager; otherwise as `AsyncOpened`.

    Both halves run in one copy of the caller's context variables, so that a token of the first is good in the second.
    """

    __slots__ = ("_context", "_function", "_lane", "_manager", "_undecided", "_workers")

    def __init__(self, manager: AbstractContextManager[object], function: Any, workers: WorkerPool, lane: Lane) -> None:
        self._manager = manager
        self._function = function
        self._workers = workers
        self._lane = lane
        self._context = copy_context()
        # THREADS: relies on `pop` of a list being atomic. A caller that is cancelled cannot stop the thread; whoever
        # comes second, the thread with what it has opened or the cancelled caller, closes it.
        self._undecided = [None]

    async def __aenter__(self) -> object:
        try:
            return await self._workers.run_in(self._lane, self._enter)
        except asyncio.CancelledError as exc:
            if not self._is_first():
                await self.__aexit__(type(exc), exc, exc.__traceback__)
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        leave: Callable[[], object] = partial(self._manager.__exit__, kind, exc, traceback)
        await self._workers.finish_in(Lane.CLEANUP, partial(self._context.run, leave))

    def _enter(self) -> object:
        try:
            value = self._context.run(self._manager.__enter__)
        except RuntimeError as exc:
            raise named(exc, self._function) from exc.__cause__
        if not self._is_first():
            try:
                self._context.run(self._manager.__exit__, None, None, None)
            except Exception:
                # Who waited for it has gone; the log is the only place left to tell.
                logger.exception("closing a dependency of a cancelled request failed")
        return value

    def _is_first(self) -> bool:
        try:
            self._undecided.pop()
        except IndexError:
            return False
        return True
