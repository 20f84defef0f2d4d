"""`ErrorHandlerMiddleware`: turns what escapes an application into a response."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable

from hawkapi.exceptions import ClientDisconnect, ids_of, reason_phrase, report_exception
from hawkapi.middleware.base import Middleware
from hawkapi.params.error_responses import as_validation_error, expected_response
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response
from hawkapi.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ErrorHandlerMiddleware"]

DEFAULT_VALIDATION_STATUS = 400

logger = logging.getLogger("hawkapi")


class ErrorHandlerMiddleware(Middleware):
    """Answer exceptions of middleware and applications further in, so that middleware further out sees a response.

    hawkapi answers what its handlers raise by itself, and what middleware raises outside all middleware; with this
    the answer passes the middleware around it, and so has its CORS and security fields too. An `HTTPException`, a
    validation error and a body that is too large have the response that they have everywhere; everything else is
    logged and answered with 500. After the start of a response an exception goes on to the server, which ends the
    connection. WebSockets pass.

    Args:
        app: the next application.
        debug: have the 500 say what failed, with the traceback; default off, and never for production.

    Thread-safe: it is never changed.
    """

    def __init__(self, app: ASGIApp, *, debug: bool = False) -> None:
        super().__init__(app)
        self._debug = debug

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection (ASGI 3)."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        def send_on(message: Message) -> Awaitable[None]:
            nonlocal begun
            begun = True
            return send(message)

        try:
            await self.app(scope, receive, send_on)
        except ClientDisconnect:
            raise
        except Exception as exc:
            if begun:
                raise
            await self._response_to(exc, scope)(scope, receive, send)

    def _response_to(self, exc: Exception, scope: Scope) -> Response:
        status = getattr(scope.get("app"), "validation_error_status", DEFAULT_VALIDATION_STATUS)
        expected = expected_response(as_validation_error(exc), status)
        if expected is not None:
            return expected
        # SECURITY: %r, so that a path with a line break cannot write log lines of its own.
        logger.error("%s %r failed", scope["method"], scope["path"], exc_info=exc, extra=ids_of(scope))
        report_exception(exc, scope)
        title = reason_phrase(500)
        detail = "".join(traceback.format_exception(exc)) if self._debug else title
        return problem_response("internal", 500, title, detail=detail.encode("utf-8", "replace").decode())
