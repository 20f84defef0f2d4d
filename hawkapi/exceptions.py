"""The errors that users of hawkapi catch or raise.

::

    Exception
    └── HawkAPIError
        ├── UnsupportedTypeError      (TypeError)   a handler asks for something hawkapi cannot give
        ├── RouteConflictError        (ValueError)  two routes answer the same request
        ├── InvalidPathError          (ValueError)  a path template has no meaning
        ├── RouteNotFoundError       (LookupError)  no route or mount is as named (`hawkapi.routing`)
        ├── URLPathError              (ValueError)  a route's path cannot be made of these values (`hawkapi.routing`)
        ├── ProviderNotFoundError    (LookupError)  nothing makes a type (`hawkapi.di`)
        ├── CircularDependencyError   (ValueError)  a factory needs itself (`hawkapi.di`)
        ├── LifecycleError            (ValueError)  what lives longer would keep what lives shorter (`hawkapi.di`)
        ├── ScopeRequiredError      (RuntimeError)  there is no scope (`hawkapi.di`)
        ├── ScopeClosedError        (RuntimeError)  it is closed (`hawkapi.di`)
        ├── CodecError                (ValueError)  bytes or values do not fit a type (`hawkapi.codec`)
        │   └── MalformedError                      the bytes are no JSON
        │       └── MalformedMessageError           those of a WebSocket's message: close 1007 (`hawkapi.websocket`)
        ├── MultipartError            (ValueError)  a body is no multipart message (`hawkapi.http.multipart`)
        │   └── MultipartLimitError                 it is over a limit
        ├── MalformedBodyError        (ValueError)  a body cannot be read: a validation error (`hawkapi.requests`)
        ├── RequestEntityTooLarge                   413 (`hawkapi.requests`)
        │   └── FormLimitError        (ValueError)  a form has too many parts, or too long ones
        ├── ClientDisconnect                        the client left before its body, or the response, was complete
        ├── WebSocketDisconnect                     a WebSocket is closed (`hawkapi.websocket`)
        │   ├── WebSocketGoneError  (RuntimeError)  something was sent to a client that had gone
        │   └── WebSocketDenied                     a handshake was answered with a response (`hawkapi.testing`)
        ├── UnexpectedMessageError  (RuntimeError)  text came instead of bytes, or the other way round: close 1003
        ├── SettingsError             (ValueError)  settings are missing or invalid (`hawkapi.config`)
        │   └── EnvFileError                        a `.env` file cannot be read
        ├── BulkheadFullError                       a bulkhead is full (`hawkapi.middleware.bulkhead`)
        ├── UnusableSpecError         (ValueError)  no client can be made of a document (`hawkapi.openapi.codegen`)
        ├── ConfigurationError        (ValueError)  a gRPC server cannot be what was asked for (`hawkapi.grpc`)
        ├── LifespanError           (RuntimeError)  start-up or shutdown did not work
        ├── HTTPStatusError                         a test's response has a status of 400 or more (`hawkapi.testing`)
        ├── TooManyRedirectsError                   a test's request was redirected too often (`hawkapi.testing`)
        ├── RequestValidationError                  400, or the app's `validation_error_status` (`hawkapi.params`)
        └── HTTPException                           the status it carries
            ├── PathNotFoundError                   404, no route has the path
            ├── MissingCredentialError              401, the request has no credentials (`hawkapi.security`)
            ├── InvalidTokenError                   401, a token is not valid (`hawkapi.security`)
            ├── InsufficientScopeError              403, a token is good, but not for this (`hawkapi.security`)
            ├── MethodNotAllowedError               405, no route at the path has the method
            ├── FlagDisabled                        404, a feature flag is off (`hawkapi.flags`)
            ├── UnsupportedMediaTypeError           415, the body is of a type the handler does not read
            └── HandlerTimeoutError                 504, the app's `request_timeout` is over
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast

if TYPE_CHECKING:
    from hawkapi.responses import Response
    from hawkapi.types import Scope

__all__ = [
    "ClientDisconnect",
    "HTTPException",
    "HandlerTimeoutError",
    "HawkAPIError",
    "InvalidPathError",
    "LifespanError",
    "MethodNotAllowedError",
    "PathNotFoundError",
    "RouteConflictError",
    "UnsupportedMediaTypeError",
    "UnsupportedTypeError",
    "WebSocketDisconnect",
]


class HawkAPIError(Exception):
    """The base of every error that hawkapi defines."""


class UnsupportedTypeError(HawkAPIError, TypeError):
    """Registration refused a handler: the message names the route, the parameter and the type."""


class RouteConflictError(HawkAPIError, ValueError):
    """Registration refused a route: the message starts with "Route conflict" and names both routes."""


class InvalidPathError(HawkAPIError, ValueError):
    """Registration refused a path template: the message names the part without meaning."""


class LifespanError(HawkAPIError, RuntimeError):
    """Start-up failed in another event loop, or shutdown did not finish in time."""


class ClientDisconnect(HawkAPIError):
    """The client closed the connection before its request body, or the response, was complete; nothing more is sent."""


class WebSocketDisconnect(HawkAPIError):
    """A WebSocket is closed: the client closed it, or has gone.

    Args:
        code: the close code (RFC 6455 section 7.4), default 1000; 1005 where the client gave none, 1006 where it went
            without a word.
        reason: what the client gave as its reason, default empty.
    """

    def __init__(self, code: int = 1000, reason: str = "") -> None:
        super().__init__(f"WebSocket closed with {code}{f': {reason}' if reason else ''}")
        self.code = code
        self.reason = reason


class HTTPException(HawkAPIError):
    """End the request with a status and a problem document (RFC 9457).

    Args:
        status_code: the HTTP status that the client sees, 100 to 599.
        detail: what the document says of this occurrence: text, or any JSON value; left out when empty.
        headers: further response fields; a `content-type` replaces `application/problem+json`.

    Raises:
        ValueError: the status is none.
    """

    problem: ClassVar[str] = "http"
    """The last part of the problem document's `type`."""

    def __init__(self, status_code: int, detail: Any = "", *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status_code = check_status(status_code)
        self.detail = detail
        self.headers = dict(headers or {})

    def to_response(self) -> Response:
        """Return the response that the client sees."""
        # Upwards, and therefore here: an exception is foundation, a response is not, and users want this method.
        from hawkapi.responses.problem import problem_response

        title = TITLES.get(self.problem) or reason_phrase(self.status_code)
        return problem_response(self.problem, self.status_code, title, detail=self.detail or None, headers=self.headers)


class PathNotFoundError(HTTPException):
    """No route has the path: 404."""

    problem = "not-found"

    def __init__(self, method: str, path: str) -> None:
        super().__init__(404, f"No route matches {method} {path}")


class MethodNotAllowedError(HTTPException):
    """Routes have the path, but none the method: 405 with `Allow` (RFC 9110 section 15.5.6)."""

    problem = "method-not-allowed"

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        allow = ", ".join(sorted(allowed))
        super().__init__(405, f"Method {method} not allowed. Allowed: {allow}", headers={"allow": allow})


class UnsupportedMediaTypeError(HTTPException):
    """The body is of a type that the handler does not read: 415 (RFC 9110 section 15.5.16)."""

    def __init__(self, detail: str) -> None:
        super().__init__(415, detail)


class HandlerTimeoutError(HTTPException):
    """A handler took longer than the app's `request_timeout`: 504."""

    problem = "timeout"

    def __init__(self, limit_s: float) -> None:
        super().__init__(504, f"Handler exceeded {limit_s}s timeout")


TITLES: Final[Mapping[str, str]] = {"timeout": "Request Timeout"}
"""Titles of problems that are not the name of their status."""


COMPATIBLE_PHRASES = {413: "Payload Too Large", 422: "Unprocessable Entity"}
"""Where the name of a status differs between Python versions, the one that clients have always seen."""


EXCEPTIONS_EXTENSION: Final = "hawkapi.exceptions"
"""An extension of the ASGI scope: a list that takes the exceptions which clients see only the traces of."""


def report_exception(exc: BaseException, scope: Scope) -> None:
    """Give an exception that is logged and answered, not raised, to a test client, if one has asked for it."""
    extensions: dict[str, Any] = scope.get("extensions") or {}
    reported = extensions.get(EXCEPTIONS_EXTENSION)
    if isinstance(reported, list):
        cast("list[BaseException]", reported).append(exc)


def ids_of(scope: Scope) -> dict[str, Any]:
    """Return the `extra` of a log record about a request: by what the other records about it are found."""
    return {name: scope[name] for name in ("request_id", "trace_id") if name in scope}


def reason_phrase(status_code: int) -> str:
    """Return the name of a status (RFC 9110 section 15), or "Error" for one without a name."""
    known = COMPATIBLE_PHRASES.get(status_code)
    if known is not None:
        return known
    try:
        return HTTPStatus(status_code).phrase
    except ValueError:
        return "Error"


def exit_details(exc: BaseException | None) -> tuple[Any, Any, Any]:
    """Return what `__exit__` is told of an exception that ends a block, or of none."""
    return (None, None, None) if exc is None else (type(exc), exc, exc.__traceback__)


def describe_exception(exc: BaseException) -> str:
    """Return the text of an exception; its class where it has none."""
    try:
        text = str(exc)
    except Exception:  # noqa: BLE001 - an exception that cannot say what it is still has a class
        text = ""
    return text or type(exc).__name__


def check_status(status_code: object, lowest: int = 100) -> int:
    """Return a status that a response may have.

    Raises:
        ValueError: it is not between `lowest` and 599.
    """
    if not isinstance(status_code, int) or isinstance(status_code, bool) or not lowest <= status_code <= 599:
        raise ValueError(f"status_code is {status_code!r}; it must be a number from {lowest} to 599")
    return status_code
