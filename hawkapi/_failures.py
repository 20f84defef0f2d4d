"""From an exception to a response: the handlers that users registered, and what is sent without one."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, final

from hawkapi._callables import is_async_callable
from hawkapi.debug_page import build_debug_response
from hawkapi.exceptions import HawkAPIError, HTTPException, describe_exception, ids_of, reason_phrase, report_exception
from hawkapi.params.errors import RequestValidationError
from hawkapi.requests.errors import MalformedBodyError, RequestEntityTooLarge
from hawkapi.responses.base import Response
from hawkapi.responses.problem import problem_response
from hawkapi.types import Scope

type Handler = Callable[[Any, Any], Any]

logger = logging.getLogger("hawkapi")

BASES: Final = frozenset({HTTPException, HawkAPIError, Exception})
"""Classes so general that a handler for the status comes before one for them."""

ANSWERED: Final = frozenset({HTTPException, RequestValidationError, RequestEntityTooLarge, MalformedBodyError})
"""Classes whose exceptions have a response already, as if handlers for these classes had been registered."""


@final
class ExceptionTable:
    """Which handler an exception goes to. Immutable, so threads may share it; `add` makes another."""

    __slots__ = ("_classes", "_statuses")

    def __init__(self, classes: Mapping[type[Exception], Handler], statuses: Mapping[int, Handler]) -> None:
        self._classes = MappingProxyType(dict(classes))
        self._statuses = MappingProxyType(dict(statuses))

    def add(self, key: object, handler: Handler) -> ExceptionTable:
        """Return a table with one more handler; it replaces one for the same class or status.

        Raises:
            TypeError: the key is neither a class of exceptions nor a status, or the handler cannot be called.
            ValueError: the status is not one of an error, 400 to 599.
        """
        if not callable(handler):
            raise TypeError(f"exception_handler needs a function, not {handler!r}")
        check_key(key)
        if isinstance(key, type) and issubclass(key, Exception):
            return ExceptionTable({**self._classes, key: handler}, self._statuses)
        assert isinstance(key, int)
        return ExceptionTable(self._classes, {**self._statuses, key: handler})

    def find(self, exc: Exception, status_code: int) -> Handler | None:
        """Return the handler for the most specific class of an exception, or for its status.

        The status comes after the classes that say more than it does, and before `HTTPException` and `Exception`. A
        handler for what is more general than a class that has a response of its own, `Exception` above all, does not
        get its exceptions: who catches the unexpected does not want every 404.
        """
        if not self._classes and not self._statuses:
            return None
        of_status = self._statuses.get(status_code)
        is_answered = False
        for cls in type(exc).__mro__:
            if cls in BASES and of_status is not None:
                return of_status
            if issubclass(cls, Exception) and cls in self._classes and (not is_answered or cls is HawkAPIError):
                return self._classes[cls]
            is_answered = is_answered or cls in ANSWERED
        return None


NO_HANDLERS: Final = ExceptionTable({}, {})


def check_key(key: object) -> None:
    """Refuse what no handler can be for.

    Raises:
        TypeError: it is neither a class of exceptions nor a status.
        ValueError: the status is not one of an error, 400 to 599.
    """
    if isinstance(key, int) and not isinstance(key, bool):
        if not 400 <= key <= 599:
            raise ValueError(f"exception_handler({key}): an error has a status from 400 to 599")
    elif not (isinstance(key, type) and issubclass(key, Exception)):
        raise TypeError(f"exception_handler needs a class of exceptions or a status, not {key!r}")


def is_expected(exc: Exception) -> bool:
    """Whether an exception has a response of its own, so that it is an answer rather than a failure."""
    return isinstance(exc, (*ANSWERED,))


def unexpected_response(exc: Exception, scope: Scope, *, debug: bool) -> Response:
    """Return the response to an exception that nothing expected, and log it with its traceback."""
    # SECURITY: %r, so that a path with a line break cannot write log lines of its own.
    logger.error("%s %r failed", scope.get("method", scope["type"]), scope["path"], exc_info=exc, extra=ids_of(scope))
    report_exception(exc, scope)
    title = reason_phrase(500)
    if not debug:
        return problem_response("internal", 500, title, detail=title)
    page = build_debug_response(exc, scope)
    return page if page is not None else problem_response("internal", 500, title, detail=describe_exception(exc))


async def call_exception_handler(handler: Handler, request: Any, exc: Exception, run_sync: Callable[..., Any]) -> Any:
    """Call a handler, in a worker thread if it is a plain function, and return what it returned."""
    if is_async_callable(handler):
        return await handler(request, exc)
    result = await run_sync(handler, request, exc)
    return await result if inspect.isawaitable(result) else result
