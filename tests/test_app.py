"""`HawkAPI` as a server sees it: bytes in, bytes out."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Annotated, Any
from uuid import UUID

import pytest
from asgi import Reply, call, request

from hawkapi import HawkAPI, HTTPException, JSONResponse, PlainTextResponse, Response
from hawkapi.params import RequestValidationError, ValidationErrorDetail

PROBLEM = (b"content-type", b"application/problem+json")
JSON = (b"content-type", b"application/json")
TYPES = "https://hawkapi.ashimov.com/errors/"
UUID_TEXT = "12345678-1234-5678-1234-567812345678"
current_user: ContextVar[str] = ContextVar("current_user", default="nobody")


@dataclass
class Item:
    name: str
    price: float = 0.5


@dataclass
class SecretItem(Item):
    hidden: str = "seen"


@dataclass
class Box:
    item: Item
    more: list[Item] = field(default_factory=list)


def length(body: bytes | str) -> tuple[bytes, bytes]:
    """Return the length field of a body."""
    return (b"content-length", str(len(body.encode() if isinstance(body, str) else body)).encode())


def app_with(handler: Callable[..., Any], path: str = "/", method: str = "GET", **options: Any) -> HawkAPI:
    """Return an application with one route."""
    app = HawkAPI(**options)
    app.add_route(path, handler, methods=[method])
    return app


def assert_problem(reply: Reply, status: int, body: str, *headers: tuple[bytes, bytes]) -> None:
    """Check a problem document byte for byte."""
    assert (reply.status, reply.body.decode()) == (status, body)
    assert reply.headers == [*headers, PROBLEM, length(body)]


# Finding a route


async def hello() -> dict[str, str]:
    """Answer anything."""
    return {"hello": "world"}


def two_routes() -> HawkAPI:
    """Return an application with GET and PUT at one path."""
    app = HawkAPI()
    app.get("/things")(hello)
    app.put("/{name}")(hello)
    return app


def test_route_found() -> None:
    """A handler's result is sent as JSON with the route's status."""
    reply = request(two_routes(), "GET", "/things/?ignored=1")
    assert (reply.status, reply.body) == (200, b'{"hello":"world"}')
    assert reply.headers == [JSON, length(reply.body)]


def test_no_route() -> None:
    """404 names method and path."""
    body = f'{{"type":"{TYPES}not-found","title":"Not Found","status":404,"detail":"No route matches GET /a/b"}}'
    assert_problem(request(two_routes(), "GET", "/a/b"), 404, body)


def test_wrong_method() -> None:
    """405 lists the methods of every route at the path, in `Allow` too."""
    detail = "Method POST not allowed. Allowed: GET, HEAD, PUT"
    body = f'{{"type":"{TYPES}method-not-allowed","title":"Method Not Allowed","status":405,"detail":"{detail}"}}'
    assert_problem(request(two_routes(), "POST", "/things"), 405, body, (b"allow", b"GET, HEAD, PUT"))


def test_wrong_method_other_route_has_it() -> None:
    """The right path with the wrong method goes on to the next route that matches."""
    assert request(two_routes(), "PUT", "/things").status == 200


@pytest.mark.parametrize("target", ["/nothing/here", "/things"])
def test_head_of_a_problem(target: str) -> None:
    """A problem document has no body under HEAD, but the length it would have."""
    app = HawkAPI()
    app.post("/things")(hello)
    head, get = request(app, "HEAD", target), request(app, "GET", target)
    assert head.body == b""
    assert abs(int(head.header("content-length") or 0) - len(get.body)) <= len("HEAD") - len("GET")


def test_options() -> None:
    """OPTIONS without a handler of its own is answered with 204 and `Allow`."""
    reply = request(two_routes(), "OPTIONS", "/things")
    assert (reply.status, reply.headers, reply.body) == (204, [(b"allow", b"GET, HEAD, OPTIONS, PUT")], b"")


def test_options_with_handler() -> None:
    """A handler registered for OPTIONS is called."""
    reply = request(app_with(hello, method="OPTIONS"), "OPTIONS", "/")
    assert (reply.status, reply.body) == (200, b'{"hello":"world"}')


def test_options_elsewhere() -> None:
    """OPTIONS at a path without routes is 404."""
    assert request(two_routes(), "OPTIONS", "/a/b").status == 404


def test_head() -> None:
    """HEAD runs the GET handler and sends what GET sends, without the body."""
    app = two_routes()
    head, get = request(app, "HEAD", "/things"), request(app, "GET", "/things")
    assert (head.status, head.headers, head.body) == (200, get.headers, b"")


@pytest.mark.parametrize(
    ("path", "root_path", "status"),
    [
        pytest.param("/things", "", 200, id="none"),
        pytest.param("/api/things", "/api", 200, id="stripped"),
        pytest.param("/things", "/api", 200, id="not-in-the-path"),
        pytest.param("/apithings", "/api", 405, id="only-whole-segments"),
        pytest.param("/api", "/api", 201, id="root-itself"),
        pytest.param("/api/", "/api", 201, id="root-with-slash"),
    ],
)
def test_root_path(path: str, root_path: str, status: int) -> None:
    """Routes are matched below the `root_path` of a server, whether or not the path holds it."""
    app = two_routes()
    app.add_route("/", hello, methods=["GET"], status_code=201)
    assert request(app, "GET", path, root_path=root_path).status == status


def test_scope_without_optional_keys() -> None:
    """A server need not send `root_path` and `query_string`."""

    async def scenario() -> int:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {"type": "http", "method": "GET", "path": "/"}
        await app_with(optional_number)(scope, receive, send)
        assert scope["app"]
        return int(sent[0]["status"])

    assert asyncio.run(scenario()) == 200


async def optional_number(number: int = 1) -> int:
    """Answer a query value."""
    return number


def test_prefix() -> None:
    """The app's prefix stands in front of every path."""
    app = app_with(hello, "/things", prefix="/api")
    assert [request(app, "GET", path).status for path in ("/api/things", "/things")] == [200, 404]


# Arguments


async def describe_all(
    item_id: int, flag: bool, ratio: float, q: str | None = None, *, key: UUID | None = None
) -> list[object]:
    """Answer every argument."""
    return [item_id, flag, ratio, q, key]


async def positional_only(a: int, b: int = 2, /, c: int = 3, *, d: int = 4) -> list[int]:
    """Have a parameter of every kind."""
    return [a, b, c, d]


async def take_item(item: Item) -> list[object]:
    """Answer the type and the value of a body."""
    return [type(item).__name__, item]


async def maybe_item(item: Item | None = None) -> Item | None:
    """Answer a body that may be absent."""
    return item or Item("none")


async def everything(kind: str, item: Item, limit: Annotated[int, "documented"] = 10) -> list[object]:
    """Answer path, query and body."""
    return [kind, item, limit]


async def untyped(value=7, *, other):  # type: ignore[no-untyped-def]
    """Have no annotations."""
    return [value, other]


@pytest.mark.parametrize(
    ("handler", "path", "target", "body", "expected"),
    [
        pytest.param(
            describe_all, "/{item_id:int}", "/5?flag=yes&ratio=1", b"", [5, True, 1.0, None, None], id="query"
        ),
        pytest.param(
            describe_all,
            "/{item_id}",
            f"/5?flag=0&ratio=2e3&q=%C3%A9+x&key={UUID_TEXT}",
            b"",
            [5, False, 2000.0, "é x", UUID_TEXT],
            id="converted-by-annotation",
        ),
        pytest.param(positional_only, "/", "/?a=1", b"", [1, 2, 3, 4], id="kinds-defaults"),
        pytest.param(positional_only, "/{b:int}", "/20?d=40&c=30&a=10", b"", [10, 20, 30, 40], id="kinds-given"),
        pytest.param(untyped, "/{other:int}", "/5?value=1", b"", ["1", 5], id="without-annotations"),
        pytest.param(untyped, "/", "/?other=1", b"", [7, "1"], id="without-annotations-default"),
        pytest.param(take_item, "/", "/", b'{"name":"x"}', ["Item", {"name": "x", "price": 0.5}], id="body"),
        pytest.param(maybe_item, "/", "/", b"", {"name": "none", "price": 0.5}, id="body-default"),
        pytest.param(maybe_item, "/", "/", b"null", {"name": "none", "price": 0.5}, id="body-null"),
        pytest.param(maybe_item, "/", "/", b'{"name":"x"}', {"name": "x", "price": 0.5}, id="body-optional"),
        pytest.param(
            everything,
            "/{kind}",
            "/k?limit=3",
            b'{"name":"x","price":1}',
            ["k", {"name": "x", "price": 1.0}, 3],
            id="all-three",
        ),
    ],
)
def test_arguments(handler: Callable[..., Any], path: str, target: str, body: bytes, expected: object) -> None:
    """Arguments come from path, query and body, as their annotations say."""
    reply = request(app_with(handler, path, "POST"), "POST", target, body=body)
    assert (reply.status, reply.json()) == (200, expected)


def error_body(*errors: str, status: int = 400) -> str:
    """Return a validation problem with errors given as JSON."""
    detail = f"{len(errors)} validation error{'s' if len(errors) != 1 else ''}"
    return (
        f'{{"type":"{TYPES}validation","title":"Validation Error","status":{status},"detail":"{detail}",'
        f'"errors":[{",".join(errors)}]}}'
    )


def error(field: str, message: str, value: str = "null") -> str:
    """Return one error as JSON."""
    return f'{{"field":"{field}","message":"{message}","value":{value}}}'


@pytest.mark.parametrize(
    ("target", "body", "errors"),
    [
        pytest.param("/k", b"", [error("body", "Request body is required")], id="no-body"),
        pytest.param("/k", b"{}", [error("$", "Object missing required field `name`")], id="missing-member"),
        pytest.param("/k", b'{"name":1}', [error("name", "Expected `str`, got `int`")], id="wrong-member"),
        pytest.param("/k", b"null", [error("$", "Expected `object`, got `null`")], id="wrong-body"),
        pytest.param(
            "/k",
            b"{",
            [error("body", "JSON is malformed: Expecting property name enclosed in double quotes (character 1)")],
            id="malformed",
        ),
        pytest.param(
            "/k", b'{"name":"\xff"}', [error("body", "JSON is malformed: invalid UTF-8 (byte 9)")], id="utf-8"
        ),
        pytest.param(
            "/k?limit=x", b'{"name":"x"}', [error("query.limit", "Expected integer, got 'x'", '"x"')], id="query"
        ),
        pytest.param(
            "/k?limit=",
            b"[]",
            [error("query.limit", "Expected integer, got ''", '""'), error("$", "Expected `object`, got `array`")],
            id="query-and-body",
        ),
    ],
)
def test_invalid(target: str, body: bytes, errors: list[str]) -> None:
    """400 names every problem with its place."""
    reply = request(app_with(everything, "/{kind}", "POST"), "POST", target, body=body)
    assert_problem(reply, 400, error_body(*errors))


def test_invalid_path_and_missing_query() -> None:
    """A path value of the wrong type is a validation error when the template has no type; what is missing is named."""
    reply = request(app_with(describe_all, "/{item_id}"), "GET", "/abc?ratio=1")
    path = error("path.item_id", "Expected integer, got 'abc'", '"abc"')
    assert_problem(reply, 400, error_body(path, error("query.flag", "Required query parameter is missing")))


def test_invalid_path_with_typed_template() -> None:
    """A path value that the template's type refuses is no match."""
    assert request(app_with(describe_all, "/{item_id:int}"), "GET", "/abc").status == 404


def test_validation_error_status() -> None:
    """The app's status for validation errors is the response's and the document's."""
    reply = request(app_with(take_item, "/", "POST", validation_error_status=422), "POST", "/")
    assert_problem(reply, 422, error_body(error("body", "Request body is required"), status=422))


def test_validation_error_raised_by_a_handler() -> None:
    """A handler may raise the error itself; a status given there wins."""

    async def refuse() -> None:
        raise RequestValidationError([ValidationErrorDetail("x", "wrong", "v")], status_code=418)

    assert_problem(request(app_with(refuse), "GET", "/"), 418, error_body(error("x", "wrong", '"v"'), status=418))


# Bodies


@pytest.mark.parametrize(
    "chunks",
    [[b'{"name":"x"}', b""], [b'{"na', b'me":"', b'x"}'], [b"", b'{"name":"x"}']],
    ids=["last-empty", "three", "first-empty"],
)
def test_chunked_body(chunks: list[bytes]) -> None:
    """A body in several messages is put together."""
    reply = request(app_with(take_item, "/", "POST"), "POST", "/", chunks=chunks)
    assert reply.json()[1] == {"name": "x", "price": 0.5}


@pytest.mark.parametrize(("limit", "status"), [(13, 200), (12, 200), (11, 413), (0, 413)])
@pytest.mark.parametrize("chunks", [[b'{"name":"x"}'], [b'{"name', b'":"x"}']], ids=["whole", "chunked"])
def test_body_limit(limit: int, status: int, chunks: list[bytes]) -> None:
    """A body as long as the limit is read; one byte more is refused."""
    reply = request(app_with(take_item, "/", "POST", max_body_size=limit), "POST", "/", chunks=chunks)
    assert reply.status == status


def test_body_too_large() -> None:
    """413 names the limit."""
    reply = request(app_with(take_item, "/", "POST", max_body_size=3), "POST", "/", body=b"[1,2]")
    detail = "Request body exceeds maximum size of 3 bytes"
    body = f'{{"type":"{TYPES}payload-too-large","title":"Payload Too Large","status":413,"detail":"{detail}"}}'
    assert_problem(reply, 413, body)


def test_body_not_read_without_body_parameter() -> None:
    """A handler that takes no body is called whatever the client sends."""
    assert request(app_with(hello, "/", "POST", max_body_size=0), "POST", "/", body=b"x" * 100).status == 200


def test_disconnect_in_the_body() -> None:
    """When the client leaves in the middle of the body, the handler is not called and nothing is sent."""
    called: list[Item] = []

    async def take(item: Item) -> None:
        called.append(item)

    async def scenario() -> list[Any]:
        incoming = iter(
            [{"type": "http.request", "body": b'{"name":"x"}', "more_body": True}, {"type": "http.disconnect"}]
        )
        sent: list[Any] = []

        async def receive() -> Any:
            return next(incoming)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b""}
        await app_with(take, "/", "POST")(scope, receive, send)
        return sent

    assert (asyncio.run(scenario()), called) == ([], [])


# Handlers


class Service:
    """Holds handlers that are methods and an object that can be called."""

    def __init__(self, name: str) -> None:
        self.name = name

    async def read(self, number: int) -> list[object]:
        """Answer from a method."""
        return [self.name, number]

    def read_in_thread(self, number: int) -> list[object]:
        """Answer from a plain method."""
        return [self.name, number]

    @classmethod
    async def read_class(cls, number: int) -> list[object]:
        """Answer from a class method."""
        return [cls.__name__, number]

    @staticmethod
    async def read_static(number: int) -> list[object]:
        """Answer from a static method."""
        return ["static", number]

    async def __call__(self, number: int) -> list[object]:
        """Answer from the object."""
        return [self.name, number]


async def two_numbers(name: str, number: int) -> list[object]:
    """Answer both."""
    return [name, number]


def plain_wrapper(function: Callable[..., Awaitable[Any]]) -> Callable[..., Any]:
    """Wrap a coroutine function in a plain function, as many decorators do."""

    @functools.wraps(function)
    def call_it(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return call_it


def running_wrapper(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a coroutine function in one that runs it to its end, in the worker thread."""

    @functools.wraps(function)
    def call_it(*args: Any, **kwargs: Any) -> Any:
        return asyncio.run(function(*args, **kwargs))

    return call_it


@pytest.mark.parametrize(
    ("handler", "name"),
    [
        pytest.param(Service("method").read, "method", id="method"),
        pytest.param(Service("plain").read_in_thread, "plain", id="plain-method"),
        pytest.param(Service.read_class, "Service", id="class-method"),
        pytest.param(Service.read_static, "static", id="static-method"),
        pytest.param(Service("object"), "object", id="object"),
        pytest.param(functools.partial(two_numbers, "partial"), "partial", id="partial"),
        pytest.param(functools.partial(Service("inside")), "inside", id="partial-of-object"),
        pytest.param(functools.partial(Service("deep").read), "deep", id="partial-of-method"),
        pytest.param(plain_wrapper(Service("wrapped").read), "wrapped", id="plain-wrapper"),
        pytest.param(running_wrapper(Service("run").read), "run", id="wrapper-that-runs-a-loop"),
    ],
)
def test_handler_kinds(handler: Callable[..., Any], name: str) -> None:
    """Whatever can be called with the right arguments is a handler."""
    assert request(app_with(handler), "GET", "/?number=5").json() == [name, 5]


def test_partial_fixes_a_keyword() -> None:
    """An argument that a partial gives by name is a default that the query may replace."""
    app = app_with(functools.partial(two_numbers, number=5))
    assert request(app, "GET", "/?name=x").json() == ["x", 5]
    assert request(app, "GET", "/?name=x&number=6").json() == ["x", 6]


def test_plain_function_runs_in_a_named_worker_with_the_context() -> None:
    """A plain function runs in a thread of the pool and sees the context variables of its request."""

    def where() -> list[str]:
        return [threading.current_thread().name, current_user.get()]

    async def scenario() -> Any:
        current_user.set("ada")
        return (await call(app_with(where, worker_threads=1), "GET", "/")).json()

    assert asyncio.run(scenario()) == ["hawkapi-worker_0", "ada"]


def test_coroutine_function_runs_on_the_loop() -> None:
    """A coroutine function runs in the thread of the event loop."""

    async def where() -> str:
        return threading.current_thread().name

    assert request(app_with(where), "GET", "/").json() == threading.current_thread().name


def test_plain_functions_of_one_loop_run_at_the_same_time() -> None:
    """Two requests to a blocking handler meet at a barrier."""
    barrier = threading.Barrier(2, timeout=30)

    def meet() -> int:
        return barrier.wait()

    async def scenario() -> list[Any]:
        app = app_with(meet)
        return [reply.json() for reply in await asyncio.gather(call(app, "GET", "/"), call(app, "GET", "/"))]

    assert sorted(asyncio.run(scenario())) == [0, 1]


def test_handler_is_always_called() -> None:
    """A handler that returns a constant response is called for every request all the same."""
    calls: list[int] = []

    async def constant() -> Response:
        calls.append(1)
        return PlainTextResponse("same")

    app = app_with(constant)
    assert [request(app, "GET", "/").body for _ in range(3)] == [b"same"] * 3
    assert len(calls) == 3


# Results


@pytest.mark.parametrize(
    ("result", "status", "headers", "body"),
    [
        pytest.param(None, 204, [], b"", id="none"),
        pytest.param("text", 200, [JSON, length("xxxxxx")], b'"text"', id="text-is-json"),
        pytest.param(b"abc", 200, [JSON, length("xxxxxx")], b'"YWJj"', id="bytes-are-base64"),
        pytest.param([], 200, [JSON, length("[]")], b"[]", id="empty-list"),
        pytest.param(0, 200, [JSON, length("0")], b"0", id="zero"),
        pytest.param((1, "a"), 200, [JSON, length("xxxxxxx")], b'[1,"a"]', id="tuple-is-an-array"),
        pytest.param(Item("x"), 200, [JSON, length("x" * 24)], b'{"name":"x","price":0.5}', id="dataclass"),
        pytest.param(
            PlainTextResponse("x", status_code=203),
            203,
            [(b"content-type", b"text/plain; charset=utf-8"), length("x")],
            b"x",
            id="response-as-it-is",
        ),
        pytest.param(JSONResponse(None), 200, [JSON, length("null")], b"null", id="json-null"),
    ],
)
def test_result(result: object, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    """A response is sent as it is, `None` as no content, and anything else as JSON."""

    async def handler():  # type: ignore[no-untyped-def]
        return result

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.headers, reply.body) == (status, headers, body)


@pytest.mark.parametrize(
    ("decorator", "result", "status", "body"),
    [
        pytest.param("post", {"a": 1}, 201, b'{"a":1}', id="post"),
        pytest.param("post", None, 201, b"", id="post-nothing"),
        pytest.param("delete", {"a": 1}, 204, b"", id="delete-drops-the-body"),
        pytest.param("delete", None, 204, b"", id="delete-nothing"),
    ],
)
def test_result_status(decorator: str, result: object, status: int, body: bytes) -> None:
    """The route's status is that of what the handler did not make a response of."""

    async def handler():  # type: ignore[no-untyped-def]
        return result

    app = HawkAPI()
    getattr(app, decorator)("/")(handler)
    reply = request(app, decorator.upper(), "/")
    assert (reply.status, reply.body) == (status, body)
    if status == 204:
        assert reply.headers == []


async def returns_item() -> Item:
    """Return a subclass's object."""
    return SecretItem("x", hidden="seen")


async def returns_items() -> list[Item]:
    """Return both classes' objects."""
    return [Item("x"), SecretItem("y")]


async def returns_box() -> Box:
    """Return a subclass's object inside another."""
    return Box(SecretItem("x"), [SecretItem("y")])


async def returns_optional() -> Item | None:
    """Return a subclass's object or nothing."""
    return SecretItem("x")


async def returns_mapping() -> dict[str, Item]:
    """Return a subclass's object in a dict."""
    return {"k": SecretItem("x")}


async def returns_dict() -> Item:
    """Return a dict with more members than the model."""
    return {"name": "x", "hidden": "seen"}  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(returns_item, {"name": "x", "price": 0.5}, id="dataclass"),
        pytest.param(returns_items, [{"name": "x", "price": 0.5}, {"name": "y", "price": 0.5}], id="list"),
        pytest.param(
            returns_box, {"item": {"name": "x", "price": 0.5}, "more": [{"name": "y", "price": 0.5}]}, id="nested"
        ),
        pytest.param(returns_optional, {"name": "x", "price": 0.5}, id="optional"),
        pytest.param(returns_mapping, {"k": {"name": "x", "price": 0.5}}, id="dict"),
        pytest.param(returns_dict, {"name": "x", "price": 0.5}, id="other-type"),
    ],
)
def test_return_annotation_filters(handler: Callable[..., Any], expected: object) -> None:
    """What the return annotation does not have is never sent, also not what a subclass adds."""
    assert request(app_with(handler), "GET", "/").json() == expected


async def returns_none_as_item() -> Item | None:
    """Return nothing."""
    return None


def test_return_annotation_and_none() -> None:
    """`None` is no content, whatever the annotation."""
    assert request(app_with(returns_none_as_item), "GET", "/").status == 204


# Errors

INTERNAL = f'{{"type":"{TYPES}internal","title":"Internal Server Error","status":500,"detail":"Internal Server Error"}}'


async def fails() -> None:
    """Raise what nobody expects."""
    raise ZeroDivisionError("secret reason")


def fails_in_thread() -> None:
    """Raise in a worker."""
    raise ZeroDivisionError("secret reason")


async def returns_object():  # type: ignore[no-untyped-def]
    """Return what JSON has no form for."""
    return object()


async def returns_nan() -> float:
    """Return what JSON has no form for."""
    return float("nan")


async def returns_wrong_item() -> Item:
    """Return what the annotation does not allow."""
    return {"name": 5}  # type: ignore[return-value]


async def returns_bad_header() -> Response:
    """Return a field that HTTP cannot carry."""
    return Response(headers={"x": "日本"})


async def raises_unencodable() -> None:
    """Raise an exception whose detail has no JSON form."""
    raise HTTPException(400, object())


@pytest.mark.parametrize(
    "handler",
    [fails, fails_in_thread, returns_object, returns_nan, returns_wrong_item, returns_bad_header, raises_unencodable],
)
def test_failure(handler: Callable[..., Any], caplog: pytest.LogCaptureFixture) -> None:
    """Whatever a handler does wrong is a 500 that tells nothing, and one log record that tells all."""
    assert_problem(request(app_with(handler), "GET", "/"), 500, INTERNAL)
    (record,) = caplog.records
    assert (record.name, record.levelno, record.getMessage()) == ("hawkapi", logging.ERROR, "GET '/' failed")
    assert record.exc_info


def test_failure_with_debug() -> None:
    """With `debug` the client reads the exception's text."""
    body = INTERNAL.replace('"detail":"Internal Server Error"', '"detail":"secret reason"')
    assert_problem(request(app_with(fails, debug=True), "GET", "/"), 500, body)


def test_cancellation_is_not_answered() -> None:
    """A cancelled request sends nothing and stays cancelled."""

    async def scenario() -> None:
        started = asyncio.Event()

        async def wait() -> None:
            started.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(call(app_with(wait), "GET", "/"))
        await started.wait()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert task.cancelled()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("exc", "document"),
    [
        pytest.param(HTTPException(404), '"title":"Not Found","status":404', id="no-detail"),
        pytest.param(HTTPException(418, "short"), '"title":"I\'m a Teapot","status":418,"detail":"short"', id="text"),
        pytest.param(
            HTTPException(422, {"a": [1]}),
            '"title":"Unprocessable Entity","status":422,"detail":{"a":[1]}',
            id="object",
        ),
        pytest.param(HTTPException(413, ""), '"title":"Payload Too Large","status":413', id="compatible-phrase"),
        pytest.param(HTTPException(599, "x"), '"title":"Error","status":599,"detail":"x"', id="status-without-name"),
    ],
)
def test_http_exception(exc: HTTPException, document: str) -> None:
    """An `HTTPException` is a problem document with the status's name."""

    async def handler() -> None:
        raise exc

    assert_problem(request(app_with(handler), "GET", "/"), exc.status_code, f'{{"type":"{TYPES}http",{document}}}')


def test_http_exception_headers() -> None:
    """Its fields are sent; a content type replaces the document's; line breaks cannot write further fields."""

    def handler() -> None:
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer\r\nx: y", "Content-Type": "application/json"})

    reply = request(app_with(handler), "GET", "/")
    assert reply.headers[:2] == [(b"www-authenticate", b"Bearerx: y"), JSON]
    assert len(reply.headers) == 3


@pytest.mark.parametrize("status", [204, 304])
def test_http_exception_without_body(status: int) -> None:
    """A status without content has no document."""

    async def handler() -> None:
        raise HTTPException(status, "ignored", headers={"etag": '"x"'})

    reply = request(app_with(handler), "GET", "/")
    assert (reply.status, reply.headers, reply.body) == (status, [(b"etag", b'"x"')], b"")


def test_http_exception_text() -> None:
    """The exception reads as its detail."""
    exc = HTTPException(404, "no such thing", headers={"x": "1"})
    assert (str(exc), exc.status_code, exc.detail, exc.headers) == ("no such thing", 404, "no such thing", {"x": "1"})


# The application itself


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(
            {"validation_error_status": 399},
            "validation_error_status is 399; a client error is 400 to 499",
            id="status-below",
        ),
        pytest.param({"validation_error_status": 500}, "validation_error_status is 500", id="status-above"),
        pytest.param({"max_body_size": -1}, "max_body_size is -1; it is a number of bytes, at least 0", id="size"),
        pytest.param({"worker_threads": 0}, "worker_threads is 0", id="workers"),
        pytest.param({"shutdown_timeout_s": -1}, "shutdown_timeout_s is -1", id="shutdown timeout"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    """An option out of its range is refused when the app is made."""
    with pytest.raises(ValueError, match=message):
        HawkAPI(**options)


def test_attributes() -> None:
    """What an app was made with can be read."""
    app = HawkAPI(title="T", version="1", description="D", debug=True, prefix="/p/")
    assert (app.title, app.version, app.description, app.debug, app.prefix) == ("T", "1", "D", True, "/p")
    assert (app.validation_error_status, app.max_body_size) == (400, 10 * 1024 * 1024)


def test_websocket_is_refused() -> None:
    """A WebSocket connection is closed before it is accepted."""

    async def scenario() -> list[Any]:
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await HawkAPI()({"type": "websocket", "path": "/"}, receive, send)
        return sent

    assert asyncio.run(scenario()) == [{"type": "websocket.close", "code": 4004}]


def test_unknown_scope_is_left_alone() -> None:
    """A connection of a kind that the specification does not have is neither read nor answered."""

    async def nothing(*_: Any) -> Any:
        raise AssertionError("nothing is to be received or sent")

    asyncio.run(HawkAPI()({"type": "telepathy"}, nothing, nothing))


def test_route_registered_while_serving() -> None:
    """A route registered after the first request answers the next one."""
    app = two_routes()
    assert request(app, "GET", "/late/one").status == 404
    app.get("/late/{name}")(hello)
    assert request(app, "GET", "/late/one").status == 200


def test_route_registered_by_a_handler() -> None:
    """A handler may register a route: its own request has the old routes, the next one the new ones."""
    app = HawkAPI()

    @app.post("/routes/{name}")
    async def register(name: str) -> str:
        app.get(f"/made/{name}")(hello)
        return name

    assert request(app, "POST", "/routes/x").status == 201
    assert request(app, "GET", "/made/x").status == 200
