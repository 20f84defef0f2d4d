"""GraphQL over HTTP: `make_graphql_handler` answers requests with any executor; `hawkapi.graphql.adapters` has two."""

from __future__ import annotations

from hawkapi.graphql.handler import (
    DEFAULT_MAX_DEPTH,
    DEFAULT_MAX_TOKENS,
    DEFAULT_TIMEOUT_S,
    ContextFactory,
    GraphQLExecutor,
    make_graphql_handler,
)

__all__ = [
    "DEFAULT_MAX_DEPTH",
    "DEFAULT_MAX_TOKENS",
    "DEFAULT_TIMEOUT_S",
    "ContextFactory",
    "GraphQLExecutor",
    "make_graphql_handler",
]
