"""`ObservabilityMiddleware`: an id, a span, a log record and a count for each request."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from hawkapi.middleware._heads import changing_head, field_name, has_field
from hawkapi.middleware._watching import ResponseWatch
from hawkapi.middleware.base import Middleware
from hawkapi.middleware.request_id import add_id, name_request
from hawkapi.observability._spans import Span, begin_span
from hawkapi.observability._trace_context import TRACEPARENT
from hawkapi.observability.config import ObservabilityConfig
from hawkapi.observability.logger import setup_structured_logging
from hawkapi.observability.metrics import InMemoryMetrics
from hawkapi.routing.matched import UNMATCHED, matched_template
from hawkapi.types import ASGIApp, HeaderPairs, Receive, Scope, Send

__all__ = ["ObservabilityMiddleware"]

logger = logging.getLogger("hawkapi")
_own_log: Final = logging.getLogger("hawkapi.observability")


class Observed(NamedTuple):
    """What is known of a request when it comes."""

    started: float
    request_id: str
    route: str | None
    """The path template; `None` for what no route takes."""
    span: Span | None
    """`None` where there is no tracing, or it has failed."""


def shrug(what: str, exc: Exception) -> None:
    """Take note that telling of a request has failed; whatever libraries raise, the client gets his answer."""
    with contextlib.suppress(Exception):  # The log may be what has failed.
        _own_log.debug("%s failed", what, exc_info=exc)


class ObservabilityMiddleware(Middleware):
    """Tell of each request: an id, a place in a trace, a record in the log, and a count. WebSockets pass.

    `HawkAPI(observability=True)` puts it around everything. `scope["request_id"]` is the id, as of
    `RequestIDMiddleware`, and `scope["trace_id"]` and `scope["span_id"]` the place (W3C Trace Context); the response
    has all of it in its fields. With OpenTelemetry there is a server span for each request, named for its method and
    path template, with the attributes of the semantic conventions, its exceptions and its status, and it is the current
    span while the request is answered. What fails in that fails no request: it is logged on `hawkapi.observability` at
    DEBUG.

    Args:
        app: the next application.
        config: default `ObservabilityConfig()`.
        clock: seconds from any moment on, default `time.perf_counter`.

    Raises:
        ValueError: `request_id_header` is no name of a field.

    Thread-safe; the counts are exact.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        config: ObservabilityConfig | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(app)
        self.config = ObservabilityConfig() if config is None else config
        self.metrics = InMemoryMetrics(self.config.metrics_prefix)
        """What was counted."""
        self._name = field_name(self.config.request_id_header)
        self._clock = clock
        if self.config.enable_logging:
            setup_structured_logging(self.config.log_level, log_format=self.config.log_format)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        observed = self._begin(scope)
        watch = ResponseWatch(changing_head(send, lambda fields: self._add_fields(fields, observed)))
        try:
            await self.app(scope, receive, watch.send)
        except GeneratorExit as exc:
            # The garbage collector destroys this request, perhaps in a thread that is just writing a log or a span.
            if observed.span is not None:
                observed.span.abandon()
            self._count(scope, observed, watch.outcome(scope, exc), self._clock() - observed.started)
            raise
        except BaseException as exc:
            self._end(scope, observed, watch.outcome(scope, exc), exc)
            raise
        self._end(scope, observed, watch.outcome(scope, None), None)

    def _begin(self, scope: Scope) -> Observed:
        started = self._clock()
        request_id = name_request(scope, self._name)
        route = matched_template(scope)
        route = None if route == UNMATCHED else route
        span: Span | None = None
        if self.config.enable_tracing:
            try:
                span = begin_span(scope, self.config, route)
                scope["trace_id"], scope["span_id"] = span.context.trace_id, span.context.span_id
            except Exception as exc:  # noqa: BLE001 - see `shrug`
                shrug("tracing", exc)
        return Observed(started, request_id, route, span)

    def _add_fields(self, fields: HeaderPairs, observed: Observed) -> HeaderPairs:
        add_id(fields, self._name, observed.request_id)
        if observed.span is not None and not has_field(fields, TRACEPARENT):
            fields.extend(observed.span.context.fields())
        return fields

    def _end(self, scope: Scope, observed: Observed, status: int, exc: BaseException | None) -> None:
        seconds = self._clock() - observed.started
        if observed.span is not None:
            try:
                observed.span.end(status, exc)
            except Exception as error:  # noqa: BLE001 - see `shrug`
                shrug("tracing", error)
        self._count(scope, observed, status, seconds)
        if self.config.enable_logging:
            try:
                self._log(scope, observed, status, seconds)
            except Exception as error:  # noqa: BLE001 - see `shrug`
                shrug("logging", error)

    def _count(self, scope: Scope, observed: Observed, status: int, seconds: float) -> None:
        if self.config.enable_metrics:
            try:
                self.metrics.record_request(scope["method"], observed.route or UNMATCHED, status, seconds)
            except Exception as exc:  # noqa: BLE001 - see `shrug`
                shrug("counting", exc)

    def _log(self, scope: Scope, observed: Observed, status: int, seconds: float) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        method, path, duration_ms = printable(scope["method"]), printable(scope["path"]), round(seconds * 1000, 3)
        extra = {
            "service": self.config.service_name,
            "request_id": observed.request_id,
            "method": method,
            "path": path,
            "status_code": status,
            "duration_ms": duration_ms,
        }
        if observed.span is not None:
            extra["trace_id"] = observed.span.context.trace_id
        logger.info("%s %s %d %.3fms", method, path, status, duration_ms, extra=extra)


def printable(text: str) -> str:
    """Return a text of a client's in one line: one with a line break could write records of its own."""
    return text if text.isprintable() else repr(text)[1:-1]
