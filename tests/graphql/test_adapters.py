"""Executors on libraries."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import graphql
import pytest
import strawberry

from hawkapi import HawkAPI
from hawkapi.graphql.adapters import from_graphql_core, from_strawberry
from hawkapi.testing import TestClient

SCHEMA = graphql.build_schema('type Query { hello(name: String = "you"): String!  user: String  broken: Int }')


class Root:
    """What the root type resolves to."""

    def hello(self, _info: graphql.GraphQLResolveInfo[Any], name: str) -> str:
        """Greet."""
        return f"hello {name}"

    def user(self, info: graphql.GraphQLResolveInfo[Any]) -> str:
        """Say who asks."""
        user: str = info.context["request"].headers["x-user"]
        return user

    async def broken(self, _info: graphql.GraphQLResolveInfo[Any]) -> int:
        """Fail."""
        raise ValueError("broken")


def resolver(_root: Any, info: graphql.GraphQLResolveInfo[Any], **arguments: Any) -> Any:
    """Resolve a field of the root by a method."""
    return getattr(Root(), info.field_name)(info, **arguments)


for field in SCHEMA.type_map["Query"].fields.values():  # type: ignore[attr-defined]
    field.resolve = resolver


@strawberry.type
class Query:
    """The root type."""

    @strawberry.field
    def hello(self, name: str = "you") -> str:
        """Greet."""
        return f"hello {name}"

    @strawberry.field
    def user(self, info: strawberry.Info) -> str:
        """Say who asks."""
        user: str = info.context["request"].headers["x-user"]
        return user

    @strawberry.field
    async def broken(self) -> int | None:
        """Fail."""
        raise ValueError("broken")


EXECUTORS = [
    pytest.param(from_graphql_core(SCHEMA), id="graphql-core"),
    pytest.param(from_strawberry(strawberry.Schema(Query)), id="strawberry"),
]


def client_of(executor: Any) -> TestClient:
    """Return a client of an application with the executor."""
    app = HawkAPI()
    app.mount_graphql("/graphql", executor=executor)
    return TestClient(app)


@pytest.mark.parametrize("executor", EXECUTORS)
def test_query(executor: Any) -> None:
    """Arguments, variables and the context arrive."""
    body = {"query": "query Q($n: String) { hello(name: $n) user }", "variables": {"n": "Ann"}}
    reply = client_of(executor).post("/graphql", json=body, headers={"x-user": "bob"})
    assert (reply.status_code, reply.json()) == (200, {"data": {"hello": "hello Ann", "user": "bob"}})


@pytest.mark.parametrize("executor", EXECUTORS)
def test_resolver_that_fails(executor: Any) -> None:
    """The rest is there, and the error has its place."""
    reply = client_of(executor).post("/graphql", json={"query": "{ hello broken }"})
    assert reply.status_code == 200
    assert reply.json()["data"] == {"hello": "hello you", "broken": None}
    assert reply.json()["errors"] == [
        {"message": "broken", "locations": [{"line": 1, "column": 9}], "path": ["broken"]}
    ]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_query_that_is_invalid(executor: Any) -> None:
    """The answer is 400, with where it is wrong."""
    reply = client_of(executor).post("/graphql", json={"query": "{ nothing }"})
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["locations"] == [{"line": 1, "column": 3}]


@pytest.mark.parametrize("executor", EXECUTORS)
def test_introspection(executor: Any) -> None:
    """What clients ask to know the schema is not too deep."""
    reply = client_of(executor).post("/graphql", json={"query": graphql.get_introspection_query()})
    assert reply.status_code == 200
    assert graphql.build_client_schema(reply.json()["data"]).query_type is not None


def test_middleware_of_graphql_core() -> None:
    """It is around the resolvers."""

    def shout(resolve: Any, root: Any, info: Any, **arguments: Any) -> Any:
        return resolve(root, info, **arguments).upper()

    reply = client_of(from_graphql_core(SCHEMA, middleware=[shout])).post("/graphql", json={"query": "{ hello }"})
    assert reply.json() == {"data": {"hello": "HELLO YOU"}}


def test_without_graphql_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "graphql", None)
    execute = from_graphql_core(SCHEMA)
    with pytest.raises(ImportError, match=r"pip install 'hawkapi\[graphql\]'"):
        asyncio.run(execute(query="{ hello }", variables=None, operation_name=None, context={}))


@pytest.mark.parametrize("adapt", [from_graphql_core, from_strawberry])
def test_a_subscription_is_refused(adapt: Any) -> None:
    """A stream does not fit into one answer: the libraries are not asked, which would answer with nulls."""
    app = HawkAPI()
    app.mount_graphql("/graphql", executor=adapt(None))
    document = "query Q { hello } subscription S { ticks }"
    reply = TestClient(app).post("/graphql", json={"query": document, "operationName": "S"})
    message = "a subscription is a stream of results, and this endpoint answers with one"
    assert (reply.status_code, reply.json()) == (400, {"errors": [{"message": message}]})


def test_a_document_that_the_library_refuses() -> None:
    """An executor that is called by something else than the handler leaves documents to its library."""
    execute = from_graphql_core(SCHEMA)
    result = asyncio.run(execute(query="{ a", variables=None, operation_name=None, context={}))
    assert result["errors"][0]["message"].startswith("Syntax Error")
