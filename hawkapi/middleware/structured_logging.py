"""`StructuredLoggingMiddleware`: one event for each request, by `structlog`."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Final

from hawkapi._optional import load_optional
from hawkapi.middleware._heads import changing_head, field_name
from hawkapi.middleware._watching import ResponseWatch
from hawkapi.middleware.base import Middleware
from hawkapi.middleware.request_id import add_id, name_request
from hawkapi.types import ASGIApp, Receive, Scope, Send

__all__ = ["StructuredLoggingMiddleware"]

LEVELS: Final = ("debug", "info", "warning", "error", "critical")


def configure(structlog: Any) -> None:
    """Have events written to standard output as lines of JSON, with their time and level.

    Threads that come at the same moment do the same twice.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        # It writes a line at once; what prints writes the end of the line by itself, and threads come in between.
        logger_factory=structlog.WriteLoggerFactory(),
    )


class StructuredLoggingMiddleware(Middleware):
    """Log the event `request` for each request, when its response has been sent.

    It has `method`, `path`, `status`, `duration_ms` and `request_id`. The id is that of `RequestIDMiddleware`, or is
    taken or made in the same way, and is sent as a field of the response. `status` is 500 if the application raised an
    error, and 499 if the client left before there was a response. A logger that fails fails no request. WebSockets
    pass.

    Args:
        app: the next application.
        request_id_header: of the request and the response field, default `x-request-id`.
        log_level: of the events: `debug`, `info` (default), `warning`, `error` or `critical`.
        configure_structlog: if nobody has configured structlog, have it write lines of JSON to standard output, with
            the time in UTC; default on.
        clock: seconds from any moment on, default `time.perf_counter`.

    Raises:
        ImportError: `structlog` is not installed; it is in the extra `logging`.
        ValueError: there is no such level, or `request_id_header` is no name of a field.

    Thread-safe: it is never changed.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        request_id_header: str = "x-request-id",
        log_level: str = "info",
        configure_structlog: bool = True,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        super().__init__(app)
        if log_level.lower() not in LEVELS:
            raise ValueError(f"log_level is {log_level!r}; it is one of {', '.join(LEVELS)}")
        structlog = load_optional(
            "structlog", needed_by="StructuredLoggingMiddleware", package="structlog", extra="logging"
        )
        if configure_structlog and not structlog.is_configured():
            configure(structlog)
        self._name = field_name(request_id_header)
        self._level = log_level.lower()
        self._logger: Any = structlog.get_logger("hawkapi")
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, request_id = self._clock(), name_request(scope, self._name)
        watch = ResponseWatch(changing_head(send, lambda fields: add_id(fields, self._name, request_id)))
        try:
            await self.app(scope, receive, watch.send)
        except GeneratorExit:
            # The garbage collector destroys this request, perhaps in a thread that is just writing to the log.
            raise
        except BaseException as exc:
            self._log(scope, request_id, watch.outcome(scope, exc), started)
            raise
        self._log(scope, request_id, watch.outcome(scope, None), started)

    def _log(self, scope: Scope, request_id: str, status: int, started: float) -> None:
        with contextlib.suppress(Exception):
            getattr(self._logger, self._level)(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round((self._clock() - started) * 1000, 3),
                request_id=request_id,
            )
