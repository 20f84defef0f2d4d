"""Executors for `make_graphql_handler` on graphql-core and on Strawberry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hawkapi._optional import load_optional
from hawkapi.graphql._document import GraphQLSyntaxError, read_document
from hawkapi.graphql.handler import GraphQLExecutor

__all__ = ["from_graphql_core", "from_strawberry"]

NO_STREAM: Final[dict[str, Any]] = {
    "errors": [{"message": "a subscription is a stream of results, and this endpoint answers with one"}]
}
"""What a subscription is answered with; never changed."""


def from_graphql_core(schema: Any, *, middleware: Any = None) -> GraphQLExecutor:
    """Return an executor for a schema of graphql-core.

    Args:
        schema: a `graphql.GraphQLSchema`.
        middleware: of graphql-core: a `MiddlewareManager`, or a list or tuple of functions around resolvers.

    The context is what resolvers find as `info.context`. Errors are sent as graphql-core formats them: `message`,
    `locations`, `path`, `extensions`.

    Raises:
        ImportError: at the first request, if graphql-core is not installed: `pip install 'hawkapi[graphql]'`.

    Thread-safe, as the schema is not changed.
    """

    async def execute(
        query: str, variables: dict[str, Any] | None, operation_name: str | None, context: dict[str, Any]
    ) -> dict[str, Any]:
        if is_subscription(query, operation_name):
            return NO_STREAM
        # Here, because it takes long to load.
        library = load_optional("graphql", needed_by="from_graphql_core", package="graphql-core", extra="graphql")
        result = await library.graphql(
            schema,
            query,
            context_value=context,
            variable_values=variables,
            operation_name=operation_name,
            middleware=middleware,
        )
        return _as_response(result)

    return execute


def from_strawberry(schema: Any, *, root_value: Any = None) -> GraphQLExecutor:
    """Return an executor for a schema of Strawberry.

    Args:
        schema: a `strawberry.Schema`.
        root_value: what resolvers of the root types get as `self`.

    The context is what resolvers find as `info.context`. Thread-safe, as the schema is not changed.
    """

    async def execute(
        query: str, variables: dict[str, Any] | None, operation_name: str | None, context: dict[str, Any]
    ) -> dict[str, Any]:
        if is_subscription(query, operation_name):
            return NO_STREAM
        result = await schema.execute(
            query,
            variable_values=variables,
            context_value=context,
            root_value=root_value,
            operation_name=operation_name,
        )
        return _as_response(result)

    return execute


def is_subscription(query: str, operation_name: str | None) -> bool:
    """Whether an operation is a subscription: the libraries would execute it as a query, and answer with nulls."""
    try:
        return read_document(query).select(operation_name).kind == "subscription"
    except GraphQLSyntaxError:
        return False  # The library says what is wrong.


def _as_response(result: Any) -> dict[str, Any]:
    """Return what was executed as section 7.1 of the specification has it."""
    errors: Sequence[Any] = result.errors or ()
    extensions: Mapping[str, Any] = getattr(result, "extensions", None) or {}
    response: dict[str, Any] = {}
    if result.data is not None:
        response["data"] = result.data
    if errors:
        response["errors"] = [error.formatted for error in errors]
    if extensions:
        response["extensions"] = dict(extensions)
    return response
