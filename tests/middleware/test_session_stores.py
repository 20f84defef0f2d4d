"""Sessions in a store: in the process, in files, on a real Redis server."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from apps import app_with
from asgi import Reply, request
from loops import run_in_loops
from redis_servers import RedisServer

from hawkapi import HawkAPI, Request, TestClient
from hawkapi.middleware import SessionMiddleware
from hawkapi.middleware.session import renew_session
from hawkapi.middleware.session_redis import RedisSessionStore
from hawkapi.middleware.session_stores import FileSessionStore, MemorySessionStore, SessionStore


@pytest.fixture(params=["memory", "file", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> SessionStore:
    """Give each kind of store, empty."""
    if request.param == "memory":
        return MemorySessionStore()
    if request.param == "file":
        return FileSessionStore(tmp_path / "sessions")
    server: RedisServer = request.getfixturevalue("redis")
    return RedisSessionStore(server.url, redis_timeout=30)


def make(store: SessionStore, change: Callable[[Request], object] | None = None, **options: Any) -> HawkAPI:
    """Return an application whose handler changes the session, and answers it."""

    async def handler(request: Request) -> Any:
        """Change the session."""
        if change is not None:
            change(request)
        return request.session

    app = app_with(handler)
    app.add_middleware(SessionMiddleware, **{"secret_key": "key", "store": store, **options})
    return app


def login(request: Request) -> None:
    """Put somebody into the session."""
    request.session["user"] = "ann"


def ask(app: HawkAPI, cookie: str | None = None) -> Reply:
    """Send one request, with a cookie or without."""
    return request(app, "GET", "/", headers={} if cookie is None else {"cookie": f"session={cookie}"})


def cookie_of(reply: Reply) -> str:
    """Return the cookie that an answer sets."""
    header = reply.header("set-cookie")
    assert header is not None
    return header.removeprefix("session=").partition(";")[0]


def test_session_comes_back(store: SessionStore) -> None:
    """The cookie names it, and does not tell what is in it; what is not changed is not sent again."""
    first = ask(make(store, login))
    header = first.header("set-cookie") or ""
    assert re.fullmatch(
        r"session=[\w-]{43}\.\d+\.[0-9a-f]{64}; Max-Age=1209600; Path=/; HttpOnly; Secure; SameSite=lax", header
    )
    assert (b"vary", b"Cookie") in first.headers
    again = ask(make(store), cookie_of(first))
    assert (again.json(), again.header("set-cookie")) == ({"user": "ann"}, None)


def test_session_that_is_changed(store: SessionStore) -> None:
    """It keeps its name, and the next request finds the change."""
    cookie = cookie_of(ask(make(store, login)))
    changed = cookie_of(ask(make(store, lambda request: request.session.update(cart=[1])), cookie))
    assert changed.partition(".")[0] == cookie.partition(".")[0]
    assert ask(make(store), cookie).json() == {"user": "ann", "cart": [1]}


def test_large_session(store: SessionStore) -> None:
    """It may be larger than any cookie."""
    cookie = cookie_of(ask(make(store, lambda request: request.session.update(text="ü" * 100_000))))
    assert ask(make(store), cookie).json() == {"text": "ü" * 100_000}


@pytest.mark.parametrize("text", ["\ud800", "\\\udfff ü", "\udc00\ud800"])
def test_half_of_a_surrogate_pair(store: SessionStore, text: str) -> None:
    """It is a character of a `str` as others are, and the session holds it."""
    made = ask(make(store, lambda request: request.session.update(text=text)))
    changed = cookie_of(ask(make(store, lambda request: request.session.update(more=text)), cookie_of(made)))
    seen: list[dict[str, Any]] = []
    reply = ask(make(store, lambda request: seen.append(dict(request.session))), changed)
    assert (seen, reply.header("set-cookie")) == ([{"text": text, "more": text}], None)


def test_store_and_any_text(store: SessionStore) -> None:
    """It comes back as it was."""

    async def main() -> list[str | None]:
        key = secrets.token_hex(32)
        await store.create(key, "ü\n", 60)
        first = await store.read(key)
        assert await store.replace(key, "😀\r\n", 60)
        return [first, await store.read(key)]

    assert asyncio.run(main()) == ["ü\n", "😀\r\n"]


def test_request_without_a_session(store: SessionStore) -> None:
    """Nothing is kept, and no cookie is set."""
    reply = ask(make(store))
    assert (reply.json(), reply.header("set-cookie")) == ({}, None)


def test_logging_out(store: SessionStore) -> None:
    """A session that is emptied is deleted: an old cookie does not bring it back."""
    cookie = cookie_of(ask(make(store, login)))
    reply = ask(make(store, lambda request: request.session.clear()), cookie)
    assert reply.header("set-cookie") == "session=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=lax"
    again = ask(make(store), cookie)
    assert (again.json(), again.header("set-cookie")) == ({}, None)


def test_change_that_comes_after_logging_out(store: SessionStore) -> None:
    """A slow request does not bring a session back that another has deleted."""
    cookie = cookie_of(ask(make(store, login)))

    async def handler(request: Request) -> None:
        await asyncio.to_thread(ask, make(store, lambda other: other.session.clear()), cookie)
        request.session["cart"] = [1]

    app = app_with(handler)
    app.add_middleware(SessionMiddleware, secret_key="key", store=store)  # noqa: S106
    assert ask(app, cookie).header("set-cookie") is None
    assert ask(make(store), cookie).json() == {}


def test_renewal(store: SessionStore) -> None:
    """The session gets another name, and the old one is nobody's."""

    def renew(request: Request) -> None:
        request.session["user"] = "bob"
        renew_session(request.scope)

    old = cookie_of(ask(make(store, login)))
    new = cookie_of(ask(make(store, renew), old))
    assert new.partition(".")[0] != old.partition(".")[0]
    assert [ask(make(store), cookie).json() for cookie in (old, new)] == [{}, {"user": "bob"}]


def test_requests_with_the_name_before_a_renewal(store: SessionStore) -> None:
    """They were under way when somebody logged in, and do not take the new cookie from his browser."""

    def renew(request: Request) -> None:
        request.session["user"] = "bob"
        renew_session(request.scope)

    old = cookie_of(ask(make(store, login)))

    async def slow(request: Request) -> None:
        await asyncio.to_thread(ask, make(store, renew), old)
        request.session["cart"] = [1]

    app = app_with(slow)
    app.add_middleware(SessionMiddleware, secret_key="key", store=store)  # noqa: S106
    assert [ask(one, old).header("set-cookie") for one in (app, make(store))] == [None, None]


def test_renewal_without_sessions() -> None:
    """It is an error to ask for it."""
    with pytest.raises(RuntimeError, match="add SessionMiddleware"):
        renew_session({"type": "http"})


def test_key_rotation(store: SessionStore) -> None:
    """A name that the old key has signed is accepted, and signed anew."""
    old, new = ["old"], ["new", "old"]
    cookie = cookie_of(ask(make(store, login, secret_key=old)))
    reply = ask(make(store, secret_key=new), cookie)
    assert reply.json() == {"user": "ann"}
    assert ask(make(store, secret_key=new[:1]), cookie_of(reply)).json() == {"user": "ann"}


@pytest.mark.parametrize("cookie", ["", "x", "../../x.1.0", "name.1.00"])
def test_cookie_that_is_not_ours(store: SessionStore, cookie: str) -> None:
    """It never reaches the store, and the client is told to forget it."""
    reply = ask(make(store), cookie)
    assert (reply.json(), (reply.header("set-cookie") or "")[:19]) == ({}, "session=; Max-Age=0")


def test_session_that_cannot_be_kept(store: SessionStore) -> None:
    """The client sees a 500 instead of a session that is lost without a word."""
    reply = ask(make(store, lambda request: request.session.update(value=object())))
    assert (reply.status, reply.header("set-cookie")) == (500, None)


def test_browser(store: SessionStore) -> None:
    """A client that keeps cookies keeps its session."""

    def count(request: Request) -> None:
        request.session["count"] = request.session.get("count", 0) + 1

    with TestClient(make(store, count, secure=False)) as client:
        assert [client.get("/").json() for _ in range(3)] == [{"count": 1}, {"count": 2}, {"count": 3}]


def test_operations(store: SessionStore) -> None:
    """What is there can be read, changed and deleted; what is not there stays away."""

    async def main() -> list[Any]:
        key, other = secrets.token_hex(32), "b" * 64
        await store.create(key, "{1}", 60)
        found: list[Any] = [await store.read(key), await store.read(other)]
        found += [await store.replace(key, "{2}", 60), await store.replace(other, "{2}", 60)]
        found += [await store.read(key), await store.read(other)]
        await store.delete(key)
        await store.delete(key)
        return [*found, await store.read(key), await store.replace(key, "{3}", 60), await store.read(key)]

    assert isinstance(store, SessionStore)
    assert asyncio.run(main()) == ["{1}", None, True, False, "{2}", None, None, False, None]


class Clock:
    """A clock that stands still until it is set."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_expiry(kind: str, tmp_path: Path) -> None:
    """A session lasts `max_age` seconds from its last change."""
    clock = Clock()
    store: SessionStore = (
        MemorySessionStore(clock=clock) if kind == "memory" else FileSessionStore(tmp_path, clock=clock)
    )

    async def main() -> list[Any]:
        await store.create("a", "{}", 60)
        clock.now += 60
        found = [await store.read("a"), await store.replace("a", "{}", 60)]
        clock.now += 60
        found.append(await store.read("a"))
        clock.now += 1
        return [*found, await store.replace("a", "{}", 60), await store.read("a")]

    assert asyncio.run(main()) == ["{}", True, "{}", False, None]


def test_expiry_in_redis(redis: RedisServer) -> None:
    """The server forgets it after `max_age` seconds; each change begins them anew."""
    store = RedisSessionStore(redis.url, key_prefix="mine:", redis_timeout=30)

    async def main() -> None:
        await store.create("a", "{}", 1000)
        with redis.client() as client:
            assert client.ttl("mine:a") in {999, 1000}
            await store.replace("a", "{}", 2000)
            assert client.ttl("mine:a") in {1999, 2000}

    asyncio.run(main())


def test_redis_that_is_away(redis: RedisServer) -> None:
    """Who has a session, or makes one, gets 503 and keeps his cookie; others are served; it comes back by itself."""
    store = RedisSessionStore(redis.url)
    cookie = cookie_of(ask(make(store, login)))
    redis.stop()
    try:
        replies = [ask(make(store), cookie), ask(make(store, login)), ask(make(store))]
    finally:
        redis.start()
    assert [(reply.status, reply.header("set-cookie")) for reply in replies] == [(503, None), (503, None), (200, None)]
    assert [reply.header("retry-after") for reply in replies] == ["1", "1", None]
    redis.wait_for(lambda: ask(make(store, login)).status == 200)


def test_memory_has_a_limit() -> None:
    """The sessions that were changed longest ago go, and those that have expired."""
    clock = Clock()
    store = MemorySessionStore(max_sessions=100, clock=clock)

    async def main() -> None:
        for number in range(1000):
            await store.create(f"k{number}", "{}", 60)
        assert len(store) == 100
        assert [await store.read(key) for key in ("k899", "k900")] == [None, "{}"]
        clock.now += 61
        for number in range(60):
            await store.create(f"n{number}", "{}", 60)
        assert len(store) == 60

    asyncio.run(main())
    with pytest.raises(ValueError, match="max_sessions is 0"):
        MemorySessionStore(max_sessions=0)


def names(directory: Path) -> set[str]:
    """Return the names in a directory."""
    return {path.name for path in directory.iterdir()}


def test_files_are_their_owners(tmp_path: Path) -> None:
    """Nobody else can read the directory, and no name in it is that of a cookie."""
    store = FileSessionStore(tmp_path / "sessions")
    cookie = cookie_of(ask(make(store, login)))
    assert len(names(tmp_path / "sessions")) == 1
    assert cookie.partition(".")[0] not in names(tmp_path / "sessions")
    if os.name == "posix":
        assert (tmp_path / "sessions").stat().st_mode & 0o777 == 0o700


def test_files_that_are_left(tmp_path: Path) -> None:
    """What has expired, was damaged or never finished goes; what is not a session stays."""
    clock = Clock()
    store = FileSessionStore(tmp_path, clock=clock)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".gone").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "session").write_bytes(b"1\xff\n{}")
    (tmp_path / "begun").mkdir()
    os.utime(tmp_path / "begun", (clock.now, clock.now))

    async def main() -> list[int]:
        await store.create("kept", "{}", 10_000)
        await store.create("old", "{}", 60)
        clock.now += 61
        found = [await store.purge(), await store.purge()]
        assert names(tmp_path) == {"notes.txt", "kept", "begun"}
        clock.now += 3600
        return [*found, await store.purge()]

    assert asyncio.run(main()) == [2, 0, 0]
    assert names(tmp_path) == {"notes.txt", "kept"}


def test_files_are_cleaned_by_who_writes(tmp_path: Path) -> None:
    """After the interval, once."""
    clock = Clock()
    store = FileSessionStore(tmp_path, cleanup_interval=100, clock=clock)

    async def main() -> list[int]:
        counts = []
        for number in range(4):
            await store.create(f"k{number}", "{}", 10)
            counts.append(len(names(tmp_path)))
            clock.now += 50
        return counts

    assert asyncio.run(main()) == [1, 2, 1, 2]


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".", "ä"])
def test_key_that_is_a_path(tmp_path: Path, key: str) -> None:
    """It is refused."""
    with pytest.raises(ValueError, match="letters and digits"):
        asyncio.run(FileSessionStore(tmp_path).read(key))


@pytest.mark.race
def test_deleting_wins(store: SessionStore) -> None:
    """However many threads change a session while one deletes it, it is gone for all of them."""

    async def main(index: int) -> list[bool]:
        found = []
        for turn in range(20):
            if index == 0 and turn == 10:
                await store.delete("a")
            else:
                found.append(await store.replace("a", f"{{{index}}}", 60))
        return found

    asyncio.run(store.create("a", "{}", 60))
    for found in run_in_loops(8, main)[1:]:
        assert found == sorted(found, reverse=True)
    assert asyncio.run(store.read("a")) is None
