"""GraphQL over HTTP: what is executed, what is refused, and how."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from hawkapi import HawkAPI, HTTPException, Request
from hawkapi.graphql import make_graphql_handler
from hawkapi.testing import TestClient

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def echo(query: str, variables: Any, operation_name: Any, context: dict[str, Any]) -> dict[str, Any]:
    """Answer with what was asked for."""
    return {"data": {"query": query, "variables": variables, "name": operation_name, "context": sorted(context)}}


def served(executor: Any = echo, **options: Any) -> TestClient:
    """Return a client of an application with a GraphQL endpoint."""
    app = HawkAPI()
    app.mount_graphql("/graphql", executor=executor, **options)
    return TestClient(app)


def test_post() -> None:
    """The executor gets the document, variables and name of the body, and its result is the answer."""
    body = {"query": "query A { a } query B { b }", "variables": {"x": 1}, "operationName": "B"}
    reply = served().post("/graphql", json=body)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/json")
    assert reply.json()["data"] == {
        "query": body["query"],
        "variables": {"x": 1},
        "name": "B",
        "context": ["app", "request"],
    }


def test_get() -> None:
    """They are in the query, variables as JSON."""
    params = {"query": "query A { a }", "variables": '{"x": 1}', "operationName": "A"}
    reply = served().get("/graphql", params=params)
    assert reply.status_code == 200
    assert (reply.json()["data"]["variables"], reply.json()["data"]["name"]) == ({"x": 1}, "A")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param(b"{", "the body is no JSON", id="no JSON"),
        pytest.param(b"", "the body is no JSON", id="nothing"),
        pytest.param(b'[{"query": "{ a }"}]', "the body is no JSON object", id="array"),
        pytest.param(b"{}", "the body has the document as the member 'query', a text", id="no query"),
        pytest.param(b'{"query": ""}', "the body has the document as the member 'query', a text", id="empty query"),
        pytest.param(b'{"query": 1}', "the body has the document as the member 'query', a text", id="number"),
        pytest.param(
            b'{"query": "{ a"}', "the document has 'the end' at character 3, not a field or '...'", id="syntax"
        ),
        pytest.param(
            b'{"query": "{ a }", "operationName": "B"}', "there is no operation 'B' in the document", id="other name"
        ),
    ],
)
def test_post_that_asks_for_nothing(body: bytes, message: str) -> None:
    """It is answered with 400 and an error, and nothing is executed."""
    reply = served(never).post("/graphql", content=body, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()) == (400, {"errors": [{"message": message}]})


async def never(**_: Any) -> dict[str, Any]:
    """Fail the test."""
    raise AssertionError("it was executed")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        pytest.param({}, "a GET has the document in its query, as the parameter 'query'", id="no query"),
        pytest.param({"query": "{ a }", "variables": "{"}, "the parameter 'variables' is no JSON", id="variables"),
        pytest.param({"query": "mutation { a }"}, "a mutation is sent by POST, not by GET", id="mutation"),
        pytest.param({"query": "subscription { a }"}, "a subscription is sent by POST, not by GET", id="subscription"),
        pytest.param(
            {"query": 'query Q { a(s: "#") } mutation M { x }', "operationName": "M"},
            "a mutation is sent by POST, not by GET",
            id="mutation behind a number sign",
        ),
    ],
)
def test_get_that_is_refused(params: dict[str, str], message: str) -> None:
    """It is answered with 400, and nothing is executed."""
    reply = served(never).get("/graphql", params=params)
    assert (reply.status_code, reply.json()) == (400, {"errors": [{"message": message}]})


def test_words_in_documents_are_no_operations() -> None:
    """A field that is called mutation is a field."""
    assert served().get("/graphql", params={"query": '{ mutation(s: "mutation { x }") }'}).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_post_of_another_type(content_type: str) -> None:
    """Pages of other sites can send these, so they are answered with 415."""
    reply = served(never).post("/graphql", content=b'{"query": "{ a }"}', headers={"content-type": content_type})
    assert reply.status_code == 415


def test_values_of_other_types_are_none() -> None:
    """Variables that are no object, and a name that is no text, or empty."""
    body: dict[str, Any] = {"query": "{ a }", "variables": [1], "operationName": 1}
    data = served().post("/graphql", json=body).json()["data"]
    assert (data["variables"], data["name"]) == (None, None)
    assert served().get("/graphql", params={"query": "{ a }", "operationName": ""}).json()["data"]["name"] is None


@pytest.mark.parametrize(
    ("options", "query", "status"),
    [
        pytest.param({}, "{a" * 15 + "}" * 15, 200, id="as deep as allowed"),
        pytest.param({}, "{a" * 16 + "}" * 16, 400, id="deeper"),
        pytest.param({"max_depth": 1}, "{ ...F } fragment F on T { a { b } }", 400, id="by a fragment"),
        pytest.param({"max_depth": None}, "{a" * 500 + "}" * 500, 200, id="without a limit"),
        pytest.param({"max_tokens": 3}, "{ a b }", 400, id="too long"),
    ],
)
def test_limits(options: dict[str, Any], query: str, status: int) -> None:
    """What is beyond them is answered with 400."""
    assert served(**options).post("/graphql", json={"query": query}).status_code == status


def test_executor_that_takes_too_long() -> None:
    """The answer is 504, and the executor is cancelled."""
    ended: list[str] = []

    async def wait(**_: Any) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return {}

    reply = served(wait, timeout_s=0.01).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, ended) == (504, ["cancelled"])
    assert reply.json() == {"errors": [{"message": "the operation took more than 0.01 seconds"}]}


@pytest.mark.parametrize("failure", [RuntimeError("secret"), TimeoutError("secret"), None], ids=repr)
def test_executor_that_fails(failure: Exception | None, caplog: pytest.LogCaptureFixture) -> None:
    """The answer says no more than that, and the log says why."""

    async def fail(**_: Any) -> Any:
        if failure is not None:
            raise failure
        return None

    with caplog.at_level(logging.ERROR, "hawkapi.graphql"):
        reply = served(fail).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, reply.json()) == (500, {"errors": [{"message": "Internal Server Error"}]})
    assert [record.name for record in caplog.records] == ["hawkapi.graphql"]


def test_executor_that_raises_an_http_exception() -> None:
    """It is answered as from any handler."""

    async def refuse(**_: Any) -> dict[str, Any]:
        raise HTTPException(401, "sign in")

    assert served(refuse).post("/graphql", json={"query": "{ a }"}).status_code == 401


def test_result_without_data() -> None:
    """It is the body of a 400."""

    async def errors(**_: Any) -> dict[str, Any]:
        return {"errors": [{"message": "no"}]}

    reply = served(errors).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, reply.json()) == (400, {"errors": [{"message": "no"}]})


@pytest.mark.parametrize("is_async", [False, True])
def test_context(is_async: bool) -> None:
    """It has the request, the application, and what the factory returns."""
    seen: list[dict[str, Any]] = []

    async def look(*, context: dict[str, Any], **_: Any) -> dict[str, Any]:
        seen.append(context)
        return {"data": {}}

    def make(request: Request) -> dict[str, Any]:
        return {"user": request.headers["x-user"]}

    async def make_later(request: Request) -> dict[str, Any]:
        return make(request)

    app = HawkAPI()
    executor: Any = look
    app.mount_graphql("/graphql", executor=executor, context_factory=make_later if is_async else make)
    TestClient(app).post("/graphql", json={"query": "{ a }"}, headers={"x-user": "ann"})
    assert seen[0]["app"] is app
    assert isinstance(seen[0]["request"], Request)
    assert seen[0]["user"] == "ann"


@pytest.mark.parametrize("is_async", [False, True])
def test_context_that_cannot_be_made(is_async: bool, caplog: pytest.LogCaptureFixture) -> None:
    """A factory that raises is logged, and answered as a failure of the executor is."""

    def make(request: Request) -> dict[str, Any]:
        raise ValueError("no database")

    async def make_later(request: Request) -> dict[str, Any]:
        return make(request)

    reply = served(never, context_factory=make_later if is_async else make).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, reply.json()) == (500, {"errors": [{"message": "Internal Server Error"}]})
    assert [record.getMessage() for record in caplog.records] == ["the context factory failed"]


def test_context_that_is_refused() -> None:
    """A factory may refuse a request as handlers do."""

    def make(request: Request) -> dict[str, Any]:
        raise HTTPException(401, "Who are you?")

    reply = served(never, context_factory=make).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, reply.json()["detail"]) == (401, "Who are you?")


@pytest.mark.parametrize("method", ["HEAD", "PUT", "DELETE"])
def test_other_methods(method: str) -> None:
    """They are answered with 405, and with the methods that are not."""
    reply = served(never).request(method, "/graphql")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, POST")


def test_the_route_can_be_removed() -> None:
    """What `mount_graphql` returns is the route that answers."""
    app = HawkAPI()
    executor: Any = never
    route = app.mount_graphql("/graphql", executor=executor)
    assert (route.name, sorted(route.methods)) == ("graphql:/graphql", ["GET", "POST"])
    app.remove_route(route)
    assert TestClient(app).post("/graphql", json={"query": "{ a }"}).status_code == 404


def test_without_get() -> None:
    """A GET is answered with 405 and the methods that are allowed."""
    reply = served(never, allow_get=False).get("/graphql", params={"query": "{ a }"})
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
    assert reply.json() == {"errors": [{"message": "Method GET not allowed. Allowed: POST"}]}


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        pytest.param("*/*", "application/json", id="anything"),
        pytest.param("application/graphql-response+json", "application/graphql-response+json", id="its own"),
        pytest.param(
            "application/graphql-response+json, application/json;q=0.9", "application/graphql-response+json", id="both"
        ),
        pytest.param("image/png", "application/json", id="nothing that there is"),
    ],
)
def test_media_type(accept: str, media_type: str) -> None:
    """It is that which the client prefers."""
    reply = served().post("/graphql", json={"query": "{ a }"}, headers={"accept": accept})
    assert (reply.status_code, reply.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("accept", [BROWSER, "text/html"])
def test_browser_without_graphiql(accept: str) -> None:
    """There is nothing for it, because GraphiQL is off by default."""
    reply = served().get("/graphql", headers={"accept": accept})
    assert (reply.status_code, reply.content) == (404, b"")


def test_graphiql() -> None:
    """A browser gets a page whose files the application has, under a policy that allows nothing else."""
    client = served(graphiql=True)
    reply = client.get("/graphql", headers={"accept": BROWSER})
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'nonce-" in policy
    addresses = [piece.split('"')[0] for piece in reply.text.split('="/graphql/assets/')[1:]]
    assert len(addresses) == 4
    for address in addresses:
        assert client.get(f"/graphql/assets/{address}").status_code == 200
    assert client.get("/graphql/assets/x").status_code == 404
    assert 'const url = "/graphql";' in reply.text


@pytest.mark.parametrize(
    "accept", ["*/*", "text/html, */*", "text/html, application/json", "text/html;q=0.5, application/json", None]
)
def test_other_clients_get_json_where_graphiql_is(accept: str | None) -> None:
    """Who does not prefer HTML gets an answer."""
    headers = {"accept": accept} if accept is not None else {}
    assert served(graphiql=True).get("/graphql", params={"query": "{ a }"}, headers=headers).json()["data"]


def test_graphiql_below_a_prefix() -> None:
    """Its URLs begin with where the application is mounted."""
    app, outer = HawkAPI(), HawkAPI()
    app.mount_graphql("/graphql", executor=echo, graphiql=True)
    outer.mount("/v1", app)
    text = TestClient(outer).get("/v1/graphql", headers={"accept": BROWSER}).text
    assert 'const url = "/v1/graphql";' in text
    assert 'src="/v1/graphql/assets/' in text


@pytest.mark.parametrize("path", ["/graphql", "/api/graphql"])
def test_graphiql_behind_a_proxy(path: str) -> None:
    """Its URLs begin with `root_path` once, whether the server leaves it in the path or not."""
    app = HawkAPI()
    app.mount_graphql("/graphql", executor=echo, graphiql=True)
    text = TestClient(app, root_path="/api").get(path, headers={"accept": BROWSER}).text
    assert 'const url = "/api/graphql";' in text
    assert 'src="/api/graphql/assets/' in text


def test_route() -> None:
    """It has a name, and is not in the API's description."""
    app = HawkAPI()
    route = app.mount_graphql("/graphql", executor=echo)
    assert (route.name, route.include_in_schema) == ("graphql:/graphql", False)
    assert json.dumps(app.openapi()).find("graphql") == -1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"executor": 1}, TypeError, id="executor"),
        pytest.param({"executor": echo, "max_depth": 0}, ValueError, id="depth"),
        pytest.param({"executor": echo, "max_tokens": 0}, ValueError, id="tokens"),
        pytest.param({"executor": echo, "timeout_s": 0}, ValueError, id="time"),
    ],
)
def test_wrong_options(options: dict[str, Any], error: type[Exception]) -> None:
    """They are refused where the endpoint is made."""
    with pytest.raises(error):
        make_graphql_handler(**options)


@pytest.mark.parametrize("raises", [False, True])
def test_executor_that_goes_on_when_cancelled(raises: bool) -> None:
    """The answer is 504, whatever it returns or raises then."""

    async def go_on(**_: Any) -> dict[str, Any]:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            if raises:
                raise RuntimeError from None
        return {"data": {}}

    assert served(go_on, timeout_s=0.01).post("/graphql", json={"query": "{ a }"}).status_code == 504


def test_call_outside_an_application() -> None:
    """The handler works with any request; the context has no application then."""
    seen: list[Any] = []

    async def look(*, context: dict[str, Any], **_: Any) -> dict[str, Any]:
        seen.append(context["app"])
        return {"data": {}}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    executor: Any = look
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"query={a}", "headers": []}
    reply = asyncio.run(call(make_graphql_handler(executor), Request(scope, receive)))
    assert (reply.status_code, reply.headers["vary"], seen) == (200, "accept", [None])


async def call(handler: Any, request: Request) -> Any:
    """Call a handler."""
    return await handler(request)


def test_result_that_is_no_json() -> None:
    """The answer is 500, with an error as GraphQL has it."""

    async def answer(**_: Any) -> dict[str, Any]:
        return {"data": object()}

    reply = served(answer).post("/graphql", json={"query": "{ a }"})
    assert (reply.status_code, reply.json()) == (500, {"errors": [{"message": "Internal Server Error"}]})


def test_removal() -> None:
    """What GraphiQL loads goes with the endpoint, so that another can take its place."""
    app = HawkAPI()
    app.mount_graphql("/graphql", executor=echo, graphiql=True)
    name = "graphql:/graphql"
    assert app.url_path_for(name) == "/graphql"
    assert len(app.remove_route(name)) == 2
    app.mount_graphql("/graphql", executor=echo, graphiql=True)
