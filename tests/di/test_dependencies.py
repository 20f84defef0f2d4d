"""What handlers depend on: binding, caching, order, refusals.

Annotations are evaluated at once here, because some of them name functions inside of tests.
"""

import asyncio
import functools
import sys
import threading
import types
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from apps import app_with
from asgi import request

from hawkapi import (
    BackgroundTasks,
    Body,
    Cookie,
    Depends,
    Form,
    HawkAPI,
    Header,
    HTTPException,
    Query,
    Request,
    Response,
    Router,
)
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.requests.connection import HTTPConnection
from hawkapi.types import Message


@dataclass
class Item:
    """A body."""

    name: str


def everything(
    item_id: int,
    page: int = 1,
    tags: Annotated[list[str], Query()] = [],  # noqa: B006
    x_token: Annotated[str, Header()] = "",
    sid: Annotated[str | None, Cookie()] = None,
    *,
    req: Request,
    connection: HTTPConnection,
) -> list[Any]:
    """Ask for what a handler may ask for."""
    return [item_id, page, tags, x_token, sid, req.method, connection is req]


async def takes_everything(found: Annotated[list[Any], Depends(everything)], page: str = "none") -> list[Any]:
    """Answer what the dependency was given, and one parameter of the same name."""
    return [*found, page]


def test_dependency_takes_what_a_handler_takes() -> None:
    """Path, query, header, cookie, request: each as its own signature says, read from the one request."""
    reply = request(
        app_with(takes_everything, "/{item_id}"),
        "GET",
        "/5?page=7&tags=a&tags=b",
        headers={"x-token": "t", "cookie": "sid=s"},
    )
    assert reply.json() == [5, 7, ["a", "b"], "t", "s", "GET", True, "7"]


async def whole_body(item: Item) -> str:
    """Ask for the body."""
    return item.name


async def two_wholes(item: Item, name: Annotated[str, Depends(whole_body)]) -> list[str]:
    """Ask for the body too, under the same name."""
    return [item.name, name]


async def other_body(other: Item) -> str:
    """Ask for a body of another name."""
    return other.name


async def two_members(item: Item, name: Annotated[str, Depends(other_body)]) -> list[str]:
    """Ask for two bodies by name."""
    return [item.name, name]


@pytest.mark.parametrize(
    ("handler", "body", "answer"),
    [
        pytest.param(two_wholes, b'{"name": "n"}', ["n", "n"], id="same-name-is-the-whole"),
        pytest.param(two_members, b'{"item": {"name": "n"}, "other": {"name": "o"}}', ["n", "o"], id="two-names"),
    ],
)
def test_body_of_dependency(handler: Callable[..., Any], body: bytes, answer: list[str]) -> None:
    """Bodies are counted over handler and dependencies: one name is the whole body, several are its members."""
    assert request(app_with(handler, "/", "POST"), "POST", "/", body=body).json() == answer


async def form_field(name: Annotated[str, Form()]) -> str:
    """Ask for a field of a form."""
    return name


async def takes_form(name: Annotated[str, Depends(form_field)]) -> str:
    """Answer it."""
    return name


def test_form_of_dependency() -> None:
    """A dependency reads a form."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert request(app_with(takes_form, "/", "POST"), "POST", "/", body=b"name=n", headers=headers).json() == "n"


async def whole_number(number: int) -> int:
    """Ask for a number."""
    return number


async def takes_numbers(
    item: Item, limit: int, number: Annotated[int, Depends(whole_number)], x_n: Annotated[int, Header()]
) -> None:
    """Ask for four things that may be wrong."""


def test_errors_of_dependencies_and_handler_come_together() -> None:
    """One problem document has everything that is wrong, and nothing with a wrong argument is called."""
    reply = request(
        app_with(takes_numbers, "/", "POST"), "POST", "/?number=a&limit=b", body=b"{}", headers={"x-n": "c"}
    )
    assert reply.status == 400
    assert {error["field"] for error in reply.json()["errors"]} == {"query.limit", "query.number", "header.x-n", "$"}


calls: ContextVar[list[str]] = ContextVar("calls")


def noting(name: str, *needs: Callable[..., Any]) -> Callable[..., Awaitable[str]]:
    """Return a dependency that notes its name when it is called, after two others at most."""

    async def note(request: Request, a: object = None, b: object = None) -> str:
        request.state.calls = [*getattr(request.state, "calls", []), name]
        return name

    defaults = [Depends(need) for need in needs]
    note.__defaults__ = (*defaults, *[None] * (2 - len(needs)))
    note.__qualname__ = name
    return note


def order_of(app: HawkAPI, method: str = "GET", target: str = "/") -> Any:
    """Return the answer of an app whose handler answers the notes."""
    return request(app, method, target).json()


async def notes(request: Request) -> list[str]:
    """Answer what was noted."""
    return list(getattr(request.state, "calls", []))


def test_guards_run_first_then_depth_first() -> None:
    """App, router and route guards come before the handler's dependencies; those run depth-first, each once."""
    base = noting("base")
    left, right = noting("left", base), noting("right", base)
    app = HawkAPI(dependencies=[Depends(noting("app"))])
    router = Router(dependencies=[Depends(noting("router"))])

    @router.get("/", dependencies=[Depends(noting("route"))])
    async def handler(
        request: Request, b: Annotated[str, Depends(right)], a: Annotated[str, Depends(left)]
    ) -> list[str]:
        return await notes(request)

    app.include_router(router)
    assert order_of(app) == ["app", "router", "route", "base", "right", "left"]


@pytest.mark.parametrize(("use_cache", "times"), [(True, 1), (False, 3)])
def test_cache(use_cache: bool, times: int) -> None:
    """A dependency runs once per request however many ask for it, or for each who asks without the cache."""
    count = noting("count")

    async def middle(value: Annotated[str, Depends(count, use_cache=use_cache)]) -> str:
        return value

    async def handler(
        request: Request,
        a: Annotated[str, Depends(count, use_cache=use_cache)],
        b: Annotated[str, Depends(count, use_cache=use_cache)],
        c: Annotated[str, Depends(middle)],
    ) -> list[str]:
        return await notes(request)

    app = app_with(handler, "/")
    assert [order_of(app), order_of(app)] == [["count"] * times] * 2


class Paging:
    """A class as a dependency."""

    def __init__(self, offset: int = 0, limit: int = 10) -> None:
        self.window = [offset, limit]


class Callable_:
    """An object as a dependency."""

    async def __call__(self, q: str = "none") -> str:
        """Answer a parameter."""
        return q


class Sync:
    """An object with a plain `__call__`."""

    def __call__(self, q: str = "none") -> str:
        """Answer a parameter."""
        return q

    def method(self, q: str = "none") -> str:
        """Answer a parameter."""
        return q


def with_extra(extra: str, q: str = "none") -> str:
    """Answer a parameter, after another one was bound."""
    return q


def wrapped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a coroutine function in a plain one."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


async def plain(q: str = "none") -> str:
    """Answer a parameter."""
    return q


@pytest.mark.parametrize(
    "dependency",
    [
        pytest.param(Callable_(), id="async-object"),
        pytest.param(Sync(), id="sync-object"),
        pytest.param(Sync().method, id="bound-method"),
        pytest.param(functools.partial(with_extra, "extra"), id="partial"),
        pytest.param(wrapped(plain), id="plain-wrapper-of-async"),
        pytest.param(lambda q="none": q, id="lambda"),
    ],
)
def test_kinds_of_callables(dependency: Callable[..., Any]) -> None:
    """Whatever can be called is a dependency."""

    async def handler(value: Annotated[Any, Depends(dependency)]) -> Any:
        return value

    assert request(app_with(handler, "/"), "GET", "/?q=5").json() == "5"


def test_class() -> None:
    """A class is made with parameters from the request; quoted annotations are those of its own module."""

    async def handler(paging: Annotated[Paging, Depends(Paging)]) -> list[int]:
        return paging.window

    assert request(app_with(handler, "/"), "GET", "/?offset=3").json() == [3, 10]


def test_plain_function_runs_beside_the_loop() -> None:
    """A plain dependency does not block the event loop, and sees the request's context variables."""
    place: ContextVar[str] = ContextVar("place")

    async def set_place() -> None:
        place.set("request")

    def where(first: Annotated[None, Depends(set_place)]) -> list[Any]:
        return [threading.current_thread().name.startswith("hawkapi-worker"), place.get("lost")]

    async def handler(found: Annotated[list[Any], Depends(where)]) -> list[Any]:
        return [*found, place.get("lost")]

    assert request(app_with(handler, "/"), "GET", "/").json() == [True, "request", "request"]


def test_response_and_tasks_are_shared() -> None:
    """A dependency sets header fields and adds background tasks as the handler does, in one queue."""
    done: list[str] = []

    def stamp(response: Response, tasks: BackgroundTasks) -> None:
        response.headers["x-stamp"] = "s"
        tasks.add_task(done.append, "dependency")

    async def handler(tasks: BackgroundTasks, stamped: Annotated[None, Depends(stamp)]) -> str:
        tasks.add_task(done.append, "handler")
        return "ok"

    reply = request(app_with(handler, "/"), "GET", "/")
    assert (reply.header("x-stamp"), reply.json(), done) == ("s", "ok", ["dependency", "handler"])


def test_guard_answers_before_anything_else() -> None:
    """Who is turned away by a guard gets its answer, not the problems of the rest, and no body is read."""
    seen: list[str] = []

    async def guard() -> None:
        raise HTTPException(401, "no")

    async def other() -> None:
        seen.append("other")

    app = HawkAPI()

    @app.post("/", dependencies=[Depends(guard)])
    async def handler(item: Item, limit: int, found: Annotated[None, Depends(other)]) -> None:
        seen.append("handler")

    async def call() -> list[dict[str, Any]]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            seen.append("body")
            return {"type": "http.request", "body": b"[", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"limit=x", "headers": []}
        await app(scope, receive, send)
        return sent

    assert (asyncio.run(call())[0]["status"], seen) == (401, [])


@pytest.mark.parametrize(
    "raised", [pytest.param(HTTPException(418, "t"), id="http"), pytest.param(ValueError(), id="other")]
)
def test_exception_of_a_guard(raised: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """A guard's `HTTPException` is the answer; anything else is a 500."""

    async def guard() -> None:
        raise raised

    app = HawkAPI()
    app.get("/", dependencies=[Depends(guard)])(notes)
    assert request(app, "GET", "/").status == (418 if isinstance(raised, HTTPException) else 500)
    assert len(caplog.records) == isinstance(raised, ValueError)


def endless_a(b: Annotated[int, Depends(lambda: 1)]) -> None: ...
def endless_b(a: Annotated[int, Depends(endless_a)]) -> None: ...


endless_a.__annotations__ = {"b": Annotated[int, Depends(endless_b)]}


async def in_a_circle(a: Annotated[int, Depends(endless_a)]) -> None: ...
async def any_number(*values: int) -> None: ...
async def takes_any_number(a: Annotated[int, Depends(any_number)]) -> None: ...
async def marks_a_part(a: list[Annotated[int, Depends(plain)]]) -> None: ...
async def marks_a_choice(a: int | Annotated[str, Depends(plain)]) -> None: ...
async def two_markers(a: Annotated[int, Depends(plain), Query()]) -> None: ...
async def body_and_form(item: Item, name: Annotated[str, Depends(form_field)]) -> None: ...
async def other_type(item: Annotated[dict[str, int], Body()]) -> None: ...
async def two_types(item: Item, other: Annotated[None, Depends(other_type)]) -> None: ...


class Box[T]:
    """A class with a type argument."""

    def __init__(self, size: int = 1) -> None:
        self.size = size


def test_class_with_type_arguments_is_called() -> None:
    """Its parameters are those of the class."""

    async def handler(box: Annotated[Box[str], Depends(Box[str])]) -> int:
        return box.size

    assert request(app_with(handler), "GET", "/?size=3").body == b"3"


def whoever() -> str:
    """Return what no client may say."""
    return "dependency"


type Known = Annotated[str, Depends(whoever)]
type KnownAs[T] = Annotated[T, Depends(whoever)]


@pytest.mark.parametrize(
    "annotation",
    [
        pytest.param(Known, id="alias"),
        pytest.param(KnownAs[str], id="generic-alias"),
        pytest.param(Known | None, id="alias-or-none"),
        pytest.param(Annotated[str, Depends(whoever)] | None, id="marked-or-none"),
        pytest.param(Annotated[Known, "a comment"], id="alias-with-a-comment"),
        pytest.param(Annotated[KnownAs[str] | None, "a comment"], id="all-of-them"),
    ],
)
def test_marker_is_found_in_aliases_and_beside_none(annotation: Any) -> None:
    """A client cannot give what a dependency returns, however its type is written."""

    async def handler(user: annotation) -> str:
        return str(user)

    assert request(app_with(handler), "GET", "/?user=forged").body == b'"dependency"'


@pytest.mark.parametrize(
    ("handler", "message"),
    [
        pytest.param(in_a_circle, "need each other: endless_a -> endless_b -> endless_a", id="circle"),
        pytest.param(takes_any_number, r"dependency any_number: parameter \*values", id="variadic"),
        pytest.param(two_markers, r"several markers: Depends\(plain\), Query\(\)", id="two-markers"),
        pytest.param(marks_a_part, r"Depends\(plain\) marks a part of the type", id="part-marked"),
        pytest.param(marks_a_choice, r"Depends\(plain\) marks a part of the type", id="choice-marked"),
        pytest.param(body_and_form, "item come from a JSON body and name from a form", id="body-and-form"),
        pytest.param(two_types, "item is the whole body, but asked for as two types", id="two-types"),
    ],
)
def test_refused_at_registration(handler: Callable[..., Any], message: str) -> None:
    """What cannot be filled is refused at once, naming the route and the part."""
    with pytest.raises(UnsupportedTypeError, match=message):
        HawkAPI().post("/x")(handler)


@pytest.mark.parametrize(
    ("guard", "error", "message"),
    [
        pytest.param(Depends(), ValueError, "nothing to call", id="without-callable"),
        pytest.param(Depends(name="x"), ValueError, "nothing to call", id="named"),
        pytest.param(plain, TypeError, r"takes Depends\(...\) only", id="function"),
    ],
)
def test_guard_is_refused(guard: Any, error: type[Exception], message: str) -> None:
    """An element that would guard nothing is refused when it is given."""
    with pytest.raises(error, match=message):
        HawkAPI().get("/x", dependencies=[guard])(plain)
    with pytest.raises(error, match=message):
        Router(dependencies=[guard])


def test_dependency_of_the_wrong_kind_of_default() -> None:
    """`Depends` works as the default too, also for parameters passed by name."""

    def number(n: int = 1) -> int:
        return n

    async def handler(*, a: int = Depends(number), b: int = 2) -> list[int]:
        return [a, b]

    assert request(app_with(handler, "/"), "GET", "/?n=5&b=6").json() == [5, 6]


def test_partial_binds_what_a_client_cannot_change() -> None:
    """A dependency configured by a partial keeps its configuration, whatever the query says."""

    def role(name: str, role: str = "user") -> list[str]:
        return [name, role]

    async def handler(found: Annotated[list[str], Depends(functools.partial(role, role="admin"))]) -> list[str]:
        return found

    assert request(app_with(handler, "/"), "GET", "/?name=n&role=nobody").json() == ["n", "admin"]


def test_class_whose_base_is_from_another_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quoted annotations of inherited fields are read with the names of the module that the base is from."""
    there: Any = types.ModuleType("tests_di_there")
    monkeypatch.setitem(sys.modules, there.__name__, there)
    exec(  # noqa: S102 - a module without a file
        "from __future__ import annotations\nfrom dataclasses import dataclass\nfrom decimal import Decimal as Money\n"
        "@dataclass\nclass Base:\n    price: Money\n",
        vars(there),
    )
    derived: Any = dataclass(types.new_class("Derived", (there.Base,)))
    derived.__module__ = __name__

    async def handler(item: Annotated[Any, Depends(derived)]) -> str:
        return str(item.price + 1)

    assert request(app_with(handler, "/"), "GET", "/?price=1.5").json() == "2.5"
