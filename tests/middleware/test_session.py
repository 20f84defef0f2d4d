"""`SessionMiddleware`: a dict that comes back, and cannot be changed on the way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from apps import app_with
from asgi import Reply, request

from hawkapi import HawkAPI, Request, TestClient, WebSocket
from hawkapi.middleware import SessionMiddleware
from hawkapi.middleware.session_stores import MemorySessionStore

NOW = 1_000_000


def make(change: Any = None, **options: Any) -> HawkAPI:
    """Return an application whose handler changes the session, and answers it."""

    async def handler(request: Request) -> Any:
        """Change the session."""
        if change is not None:
            change(request.session)
        return {key: str(value) for key, value in request.session.items()}

    app = app_with(handler)
    app.add_middleware(SessionMiddleware, **{"secret_key": "key", "clock": lambda: float(NOW), **options})
    return app


def make_cookie(content: Any, key: str = "key", age: int = 0) -> str:
    """Return a cookie as the documentation describes it."""
    text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"))
    signed = f"{base64.urlsafe_b64encode(text.encode()).decode()}.{NOW - age}"
    return f"{signed}.{hmac.new(key.encode(), signed.encode(), hashlib.sha256).hexdigest()}"


def ask(app: HawkAPI, cookie: str | None = None) -> Reply:
    """Send one request, with a session or without."""
    return request(app, "GET", "/", headers={} if cookie is None else {"cookie": f"session={cookie}"})


def test_new_session() -> None:
    """It is sent to the client, with the attributes that were asked for."""
    reply = ask(make(lambda session: session.update(user="ann")))
    assert reply.header("set-cookie") == (
        f"session={make_cookie({'user': 'ann'})}; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=lax"
    )
    assert (b"vary", b"Cookie") in reply.headers


def test_session_comes_back() -> None:
    """What one request leaves, the next finds; what is not changed is not sent again."""
    reply = ask(make(), make_cookie({"user": "ann"}))
    assert (reply.json(), reply.header("set-cookie")) == ({"user": "ann"}, None)


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "\\\ud800", "\udc00\ud800", "ü\ud83d", "\ud83d😀"])
def test_half_of_a_surrogate_pair(text: str) -> None:
    """`json.loads` makes it of what a client may send; the session holds it, in values and in names."""

    app = HawkAPI()

    @app.post("/")
    async def put(request: Request) -> None:
        request.session.update(json.loads(await request.body()))

    @app.get("/")
    async def get(request: Request) -> str:
        return json.dumps(request.session)

    app.add_middleware(SessionMiddleware, secret_key="key", secure=False)  # noqa: S106
    with TestClient(app) as client:
        posted = client.post("/", content=json.dumps({"value": text, text: 1}).encode("ascii"))
        assert posted.status_code == 201
        again = client.get("/")
    assert (json.loads(again.json()), again.headers.get("set-cookie")) == ({"value": text, text: 1}, None)


def test_session_that_is_changed_deep_inside() -> None:
    """A change of a list in it is a change."""
    reply = ask(make(lambda session: session["list"].append(1)), make_cookie({"list": []}))
    assert f"session={make_cookie({'list': [1]})};" in (reply.header("set-cookie") or "")


def test_request_without_a_session() -> None:
    """It is empty, and no cookie is set."""
    reply = ask(make())
    assert (reply.json(), reply.header("set-cookie")) == ({}, None)


@pytest.mark.asgi_only("fields that are not ASCII are missing")
@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        "a.b.c",
        make_cookie({"user": "ann"}, key="other"),
        make_cookie({"user": "ann"})[:-1] + "x",
        make_cookie({"user": "ann"}) + "ü",
        "X" + make_cookie({"user": "ann"}),
        make_cookie({"user": "ann"}, age=1209601),
        make_cookie([1]),
        make_cookie("no json"),
    ],
)
def test_session_that_is_not_ours(cookie: str) -> None:
    """It is empty, and the client is told to forget it."""
    reply = ask(make(), cookie)
    assert reply.json() == {}
    assert reply.header("set-cookie") == "session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=lax"


def test_session_as_old_as_it_may_be() -> None:
    """Exactly `max_age` seconds are fine."""
    assert ask(make(max_age=60), make_cookie({"user": "ann"}, age=60)).json() == {"user": "ann"}
    assert ask(make(max_age=60), make_cookie({"user": "ann"}, age=61)).json() == {}


def test_session_that_is_emptied() -> None:
    """The cookie is deleted."""
    reply = ask(make(lambda session: session.clear()), make_cookie({"user": "ann"}))
    assert reply.header("set-cookie") == "session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=lax"


def test_key_rotation() -> None:
    """A session of the old key is accepted, and signed anew with the new one."""
    reply = ask(make(secret_key=["new", "key"]), make_cookie({"user": "ann"}))
    assert reply.json() == {"user": "ann"}
    assert f"session={make_cookie({'user': 'ann'}, key='new')};" in (reply.header("set-cookie") or "")
    assert ask(make(secret_key=["new"]), make_cookie({"user": "ann"})).json() == {}


def leave(value: Any) -> Any:
    """Return a function that leaves a value in a session."""
    return lambda session: session.update(value=value)


@pytest.mark.parametrize(
    "value", [object(), b"bytes", float("nan"), "x" * 4000], ids=["object", "bytes", "nan", "long"]
)
def test_session_that_cannot_be_kept(value: Any) -> None:
    """The client sees a 500 instead of a session that is lost without a word."""
    reply = ask(make(leave(value)))
    assert (reply.status, reply.header("set-cookie")) == (500, None)


def test_session_that_is_no_dict() -> None:
    """A handler may put another object there, but it has to be a dict."""

    async def handler(request: Request) -> None:
        """Replace the session."""
        request.scope["session"] = ["ann"]

    app = app_with(handler)
    app.add_middleware(SessionMiddleware, secret_key="key")  # noqa: S106
    assert request(app, "GET", "/").status == 500


def test_session_of_a_websocket() -> None:
    """A handshake brings it, and its answer may change it."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        socket.session["count"] = socket.session.get("count", 0) + 1
        await socket.accept()
        await socket.send_text(str(socket.session["count"]))

    app.add_middleware(SessionMiddleware, secret_key="key", clock=lambda: float(NOW))  # noqa: S106
    cookie = make_cookie({"count": 1})
    with (
        TestClient(app) as client,
        client.websocket_connect("/ws", headers={"cookie": f"session={cookie}"}) as socket,
    ):
        assert socket.receive_text() == "2"


def test_browser() -> None:
    """A client that keeps cookies keeps its session."""

    def count(session: dict[str, Any]) -> None:
        session["count"] = session.get("count", 0) + 1

    with TestClient(make(count, secure=False)) as client:
        assert [client.get("/").json() for _ in range(3)] == [{"count": "1"}, {"count": "2"}, {"count": "3"}]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"secret_key": ""}, "secret_key is empty"),
        ({"secret_key": []}, "secret_key is empty"),
        ({"secret_key": None}, "secret_key is empty"),
        ({"secret_key": "x", "max_age": 0}, "max_age is 0"),
        ({"secret_key": "x", "session_cookie": "a b"}, "no name of a cookie"),
        ({"secret_key": "x", "samesite": "none", "secure": False}, "needs secure=True"),
    ],
)
def test_wrong_options(options: dict[str, Any], message: str) -> None:
    """They are refused when the middleware is added."""
    with pytest.raises(ValueError, match=message):
        HawkAPI().add_middleware(SessionMiddleware, **options)


@pytest.mark.parametrize("store", [MemorySessionStore, "memory"], ids=["class", "name"])
def test_wrong_store(store: Any) -> None:
    """It is refused when the middleware is added."""
    with pytest.raises(TypeError, match="an object with the methods of SessionStore"):
        make(store=store)
