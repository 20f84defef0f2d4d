"""`CircuitBreakerMiddleware`: stops asking what fails again and again, and tries later whether it is well.

::

    closed    -- `failure_threshold` failures in a row -->  open
    open      -- after `recovery_timeout` ------------->  half-open
    half-open -- a request succeeds ------------------->  closed
    half-open -- a request fails ---------------------->  open

Each change begins a new *epoch*. A request belongs to the epoch in which it was admitted; what comes of one of an
earlier epoch says nothing of the present state, and is ignored.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import NamedTuple, final

from hawkapi.exceptions import ClientDisconnect
from hawkapi.middleware._ledger import Ledger
from hawkapi.middleware._route_keys import RouteKeys
from hawkapi.middleware.base import Middleware
from hawkapi.params.error_responses import as_validation_error, status_of
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CircuitBreakerMiddleware"]


class State(Enum):
    """Whether requests are admitted."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Ticket(NamedTuple):
    """The admission of one request."""

    template: str
    epoch: int


class End(NamedTuple):
    """What came of an admitted request."""

    ticket: Ticket
    failed: bool | None
    """`None` where nothing was found out: the client went, or there was no response."""
    moment: float


@final
class Circuit:
    """The state of one route; the ledger's lock is held."""

    __slots__ = ("epoch", "failures", "opened_at", "probes", "state")

    def __init__(self) -> None:
        self.state = State.CLOSED
        self.epoch = 0
        self.failures = 0
        """In a row."""
        self.opened_at = 0.0
        self.probes = 0
        """Requests that are on their way while it is half-open."""

    def change(self, state: State) -> None:
        """Begin an epoch."""
        self.state = state
        self.epoch += 1
        self.failures = self.probes = 0


class CircuitBreakerMiddleware(Middleware):
    """Answer requests to a route that keeps failing with 503 and `Retry-After`, without calling it.

    A failure is a response from 500 on, or an exception that would be one. Routes are told apart by their path
    template; what no route takes is counted together. WebSockets pass.

    Args:
        app: the next application.
        failure_threshold: failures in a row that open the circuit, default 5.
        recovery_timeout: seconds that it stays open, default 30.
        half_open_max_calls: requests that try at the same time whether it is well, default 1.
        clock: seconds from any moment on, never going back; default `time.monotonic`.

    Raises:
        ValueError: a number is out of its range.

    Thread-safe and exact: of any number of requests to a half-open circuit, in all threads, `half_open_max_calls` pass.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        failure_threshold: int = 5,
        recovery_timeout: float = 30.0,
        half_open_max_calls: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(app)
        check_breaker(failure_threshold, recovery_timeout, half_open_max_calls)
        self._threshold = failure_threshold
        self._timeout_s = recovery_timeout
        self._max_probes = half_open_max_calls
        self._clock = clock
        self._keys = RouteKeys()
        self._circuits: dict[str, Circuit] = {}
        self._ledger = Ledger("circuit_breaker", self._apply)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        admitted = self._admit(self._keys.key_of(scope))
        if not isinstance(admitted, Ticket):
            await refuse(scope, receive, send, admitted)
            return
        watch = Outcome(send)
        try:
            await self.app(scope, receive, watch.send)
        except BaseException as exc:
            watch.raised(exc)
            raise
        finally:
            self._ledger.note(End(admitted, watch.failed, self._clock()))

    def _admit(self, template: str) -> Ticket | float:
        """Admit a request, or return in how many seconds another may be."""
        now = self._clock()
        with self._ledger:
            circuit = self._circuits.get(template)
            if circuit is None:
                circuit = self._circuits[template] = Circuit()
            if circuit.state is State.OPEN:
                left_s = circuit.opened_at + self._timeout_s - now
                if left_s > 0:
                    return left_s
                circuit.change(State.HALF_OPEN)
            if circuit.state is State.HALF_OPEN:
                if circuit.probes >= self._max_probes:
                    return 1.0
                circuit.probes += 1
            return Ticket(template, circuit.epoch)

    def _apply(self, end: End) -> None:
        """Change the state of a circuit as the end of a request asks for; the ledger's lock is held."""
        circuit = self._circuits[end.ticket.template]
        if end.ticket.epoch != circuit.epoch:
            return
        if circuit.state is State.HALF_OPEN:
            circuit.probes -= 1
            if end.failed is not None:
                self._change(circuit, end)
        elif end.failed:
            circuit.failures += 1
            if circuit.failures >= self._threshold:
                self._change(circuit, end)
        elif end.failed is False:
            circuit.failures = 0

    def _change(self, circuit: Circuit, end: End) -> None:
        circuit.change(State.OPEN if end.failed else State.CLOSED)
        circuit.opened_at = end.moment


def check_breaker(failure_threshold: int, recovery_timeout: float, half_open_max_calls: int) -> None:
    """Refuse options of a circuit breaker that are out of their range.

    Raises:
        ValueError: one is.
    """
    if failure_threshold < 1:
        raise ValueError(f"failure_threshold is {failure_threshold}; it must be at least 1")
    if recovery_timeout < 0:
        raise ValueError(f"recovery_timeout is {recovery_timeout}; it is a number of seconds, at least 0")
    if half_open_max_calls < 1:
        raise ValueError(f"half_open_max_calls is {half_open_max_calls}; it must be at least 1")


def refuse(scope: Scope, receive: Receive, send: Send, wait_s: float) -> Awaitable[None]:
    """Answer a request whose circuit is open."""
    detail = f"Circuit breaker is open for {scope['path']}"
    headers = {"retry-after": str(max(1, math.ceil(wait_s)))}
    response = problem_response("circuit-open", 503, "Service Unavailable", detail=detail, headers=headers)
    return response(scope, receive, send)


@final
class Outcome:
    """A `send` that knows what came of a request. Request-bound."""

    __slots__ = ("_send", "failed")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.failed: bool | None = None

    def send(self, message: Message) -> Awaitable[None]:
        """Send a message on."""
        if message["type"] == "http.response.start":
            self.failed = message["status"] >= 500
        return self._send(message)

    def raised(self, exc: BaseException) -> None:
        """Take note of an exception: who goes away has not failed, nor has who is told that he is wrong."""
        if isinstance(exc, ClientDisconnect | asyncio.CancelledError) or not isinstance(exc, Exception):
            self.failed = None
        else:
            self.failed = status_of(as_validation_error(exc), 400) >= 500
