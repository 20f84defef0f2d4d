"""`make_graphql_handler`: GraphQL over HTTP, whatever executes the operations.

SPEC: GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/), with the statuses of the table in
`docs/guide/graphql.md`.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol, cast, final

import hawkapi.codec as codec
from hawkapi._threading import ThreadOwned
from hawkapi.codec import CodecError
from hawkapi.exceptions import HawkAPIError, MethodNotAllowedError
from hawkapi.graphql._document import GraphQLSyntaxError, read_document
from hawkapi.graphql._page import answer_graphiql
from hawkapi.http.media_types import choose_media_type, essence_of, weight_of
from hawkapi.requests import Request
from hawkapi.responses.base import Response
from hawkapi.responses.json import JSONResponse

__all__ = [
    "DEFAULT_MAX_DEPTH",
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_TIMEOUT_S",
    "ContextFactory",
    "GraphQLExecutor",
    "make_graphql_handler",
]

DEFAULT_MAX_DEPTH: Final = 15
"""What the introspection query of GraphiQL takes."""
DEFAULT_MAX_TOKENS: Final = 2_000
"""SECURITY: executors validate in quadratic time, and hold up the event loop meanwhile: about a second for as many."""
DEFAULT_TIMEOUT_S: Final = 30.0

GRAPHQL_JSON: Final = "application/graphql-response+json"
JSON: Final = "application/json"
HTML: Final = "text/html"

type ContextFactory = Callable[[Request], Mapping[str, Any] | Awaitable[Mapping[str, Any]]]
"""Gets the request, and returns what the context has besides `request` and `app`."""

logger = logging.getLogger("hawkapi.graphql")

# THREADS: one decoder per thread, as for everything that requests use.
_decoders = ThreadOwned(lambda: codec.decoder(Any))


class GraphQLExecutor(Protocol):
    """Executes one operation; see `hawkapi.graphql.adapters` for two."""

    async def __call__(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, context: dict[str, Any]
    ) -> dict[str, Any]:
        """Return `data`, `errors` or both, as section 7.1 of the specification has them; called with keywords."""
        ...


class _Refused(Exception):
    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.message = message


class _Asked(NamedTuple):
    """What a request wants executed."""

    query: str
    variables: dict[str, Any] | None
    operation_name: str | None


def make_graphql_handler(
    executor: GraphQLExecutor,
    *,
    graphiql: bool = False,
    allow_get: bool = True,
    context_factory: ContextFactory | None = None,
    max_depth: int | None = DEFAULT_MAX_DEPTH,
    timeout_s: float | None = DEFAULT_TIMEOUT_S,
    max_tokens: int | None = DEFAULT_MAX_TOKENS,
) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler for GET and POST that answers GraphQL requests; `HawkAPI.mount_graphql` registers it.

    Args:
        executor: executes the operations; called from every event loop.
        graphiql: answer browsers with GraphiQL, default off. It loads its files from below the handler's path, where
            only `mount_graphql` serves them.
        allow_get: answer queries by GET, default on; mutations and subscriptions are refused there in any case.
        context_factory: gets the request, and returns further members of the context; may be a coroutine function.
        max_depth: fields within fields that an operation may have, default 15; `None` for any number.
        timeout_s: seconds that the executor may take, default 30; `None` for any time.
        max_tokens: names, numbers, texts and punctuators that a document may have, default 2 000; `None` for any
            number.

    The client sees 400 for what is no GraphQL request, 405 for other methods, 415 for a POST that is not JSON, and 504
    when the time is over; 500, and the traceback in the log, when the executor or the factory raises. The context is a
    `dict` of `request`, `app`, and what `context_factory` returns.

    Raises:
        TypeError: the executor cannot be called.
        ValueError: a limit is below 1, or the time is not above 0.

    Thread-safe, as far as the executor is.
    """
    if not callable(executor):
        raise TypeError(f"executor is called with query, variables, operation_name and context, but is {executor!r}")
    for name, limit in (("max_depth", max_depth), ("max_tokens", max_tokens)):
        if limit is not None and limit < 1:
            raise ValueError(f"{name} is {limit}; it is a number of at least 1, or None")
    if timeout_s is not None and not timeout_s > 0:
        raise ValueError(f"timeout_s is {timeout_s}; it is a number of seconds above 0, or None")
    return _Handler(executor, graphiql, allow_get, context_factory, max_depth, timeout_s, max_tokens).handle


@final
class _Handler:
    """Answers GraphQL requests. Immutable, so threads may share it."""

    def __init__(
        self,
        executor: GraphQLExecutor,
        graphiql: bool,
        allow_get: bool,
        context_factory: ContextFactory | None,
        max_depth: int | None,
        timeout_s: float | None,
        max_tokens: int | None,
    ) -> None:
        self._executor = executor
        self._graphiql = graphiql
        self._allow_get = allow_get
        self._context_factory = context_factory
        self._max_depth = max_depth
        self._timeout_s = timeout_s
        self._max_tokens = max_tokens

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        if request.method == "GET" and wants_page(request):
            return answer_graphiql(request) if self._graphiql else Response(b"", status_code=404)
        allowed = ("GET", "POST") if self._allow_get else ("POST",)
        if request.method not in allowed:
            refused = MethodNotAllowedError(request.method, allowed)
            errors = {"errors": [{"message": refused.detail}]}
            return _answer(request, refused.status_code, errors, headers=refused.headers)
        try:
            asked = of_query(request) if request.method == "GET" else await of_body(request)
            self._check(asked, request.method)
            result = await self._execute(asked, request)
        except _Refused as exc:
            return _answer(request, exc.status_code, {"errors": [{"message": exc.message}]})
        try:
            return _answer(request, 200 if "data" in result else 400, result)
        except (TypeError, ValueError):
            logger.exception("the executor returned what JSON has no form for")
            return _answer(request, 500, {"errors": [{"message": "Internal Server Error"}]})

    def _check(self, asked: _Asked, method: str) -> None:
        """Refuse what must not be executed."""
        try:
            operation = read_document(asked.query, self._max_tokens).select(asked.operation_name)
        except GraphQLSyntaxError as exc:
            raise _Refused(400, str(exc)) from exc
        # SECURITY: browsers send GET across sites without asking.
        if method == "GET" and operation.kind != "query":
            raise _Refused(400, f"a {operation.kind} is sent by POST, not by GET")
        if self._max_depth is not None and operation.depth > self._max_depth:
            raise _Refused(400, f"the operation is {operation.depth} fields deep, and {self._max_depth} are allowed")

    async def _execute(self, asked: _Asked, request: Request) -> dict[str, Any]:
        context = {"request": request, "app": request.scope.get("app"), **await self._more_context(request)}
        limit = asyncio.timeout(self._timeout_s)
        try:
            async with limit:
                result = await self._executor(
                    query=asked.query,
                    variables=asked.variables,
                    operation_name=asked.operation_name,
                    context=context,
                )
        except Exception as exc:
            # What an executor that was cancelled raises or returns instead does not matter.
            if not limit.expired():
                if isinstance(exc, HawkAPIError):
                    raise  # It has a response of its own.
                logger.exception("the executor failed")
                raise _Refused(500, "Internal Server Error") from exc
            result = {}
        if limit.expired():
            raise _Refused(504, f"the operation took more than {self._timeout_s} seconds")
        if not isinstance(cast("object", result), dict):
            logger.error("the executor returned %s; it returns a dict of data and errors", type(result).__name__)
            raise _Refused(500, "Internal Server Error")
        return result

    async def _more_context(self, request: Request) -> Mapping[str, Any]:
        if self._context_factory is None:
            return {}
        try:
            more = self._context_factory(request)
            return {**(await more if inspect.isawaitable(more) else more)}
        except HawkAPIError:
            raise  # It has a response of its own.
        except Exception as exc:
            logger.exception("the context factory failed")
            raise _Refused(500, "Internal Server Error") from exc


def wants_page(request: Request) -> bool:
    """Whether a client prefers HTML to JSON, as browsers do where somebody types an address."""
    accept = ", ".join(request.headers.getlist("accept"))
    return weight_of(HTML, accept) > max(weight_of(JSON, accept), weight_of(GRAPHQL_JSON, accept))


def of_query(request: Request) -> _Asked:
    """Return what the query of a GET asks for."""
    query = request.query_params.get("query")
    if not query:
        raise _Refused(400, "a GET has the document in its query, as the parameter 'query'")
    text = request.query_params.get("variables")
    variables = _decode(text.encode(), "the parameter 'variables'") if text else None
    return _asked(query, variables, request.query_params.get("operationName"))


async def of_body(request: Request) -> _Asked:
    """Return what the body of a POST asks for."""
    # SECURITY: browsers send other types across sites without asking.
    if essence_of(request.content_type or "") != JSON:
        raise _Refused(415, f"a POST has its document in JSON, with the content type {JSON}")
    body = _decode(await request.body(), "the body")
    if not isinstance(body, dict):
        raise _Refused(400, "the body is no JSON object")
    members = cast("dict[str, object]", body)
    query = members.get("query")
    if not isinstance(query, str) or not query:
        raise _Refused(400, "the body has the document as the member 'query', a text")
    return _asked(query, members.get("variables"), members.get("operationName"))


def _asked(query: str, variables: object, name: object) -> _Asked:
    """Return what is asked for; variables and a name of another type are none."""
    return _Asked(
        query,
        cast("dict[str, Any]", variables) if isinstance(variables, dict) else None,
        name if isinstance(name, str) and name else None,
    )


def _decode(text: bytes, what: str) -> object:
    try:
        return _decoders.get()(text)
    except CodecError as exc:
        raise _Refused(400, f"{what} is no JSON") from exc


def _answer(
    request: Request, status_code: int, content: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    accept = ", ".join(request.headers.getlist("accept"))
    media_type = choose_media_type(accept, (JSON, GRAPHQL_JSON)) or JSON
    fields = {"vary": "accept", **(headers or {})}
    return JSONResponse(content, status_code=status_code, headers=fields, content_type=media_type)
