"""An application, and its tests: `pytest testing.py`."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest

from hawkapi import Depends, EventSourceResponse, HawkAPI, HTTPException, Request, Response, TestClient, override
from hawkapi.testing import Call, hammer
from hawkapi.types import Receive, Scope, Send


class Database:
    def find(self, key: int) -> str | None:
        raise RuntimeError("no test is to come here")


class FakeDatabase(Database):
    def find(self, key: int) -> str | None:
        return {1: "lamp"}.get(key)


def current_user() -> str:
    raise HTTPException(401)


@asynccontextmanager
async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, str]]:
    yield {"greeting": "hello"}


app = HawkAPI(lifespan=lifespan)
app.container.singleton(Database, factory=Database)


@app.get("/items/{key}")
async def item(key: int, database: Database) -> str:
    name = database.find(key)
    if name is None:
        raise HTTPException(404, "no such item")
    return name


@app.get("/me")
async def me(user: Annotated[str, Depends(current_user)]) -> str:
    return user


@app.get("/greeting")
async def greeting(request: Request) -> str:
    return str(request.state.greeting)


@app.post("/login")
async def login() -> Response:
    response = Response()
    response.set_cookie("session", "s1")
    return response


@app.get("/ticks")
async def ticks() -> EventSourceResponse:
    async def stream() -> AsyncIterator[str]:
        while True:
            yield "tick"
            await asyncio.sleep(0)

    return EventSourceResponse(stream())


# A client with fakes
@pytest.fixture
def client() -> Iterator[TestClient]:
    with TestClient(app, overrides={Database: FakeDatabase}) as client:  # start-up here, shutdown at the end
        yield client


def test_an_item(client: TestClient) -> None:
    response = client.get("/items/1")
    assert (response.status_code, response.json()) == (200, "lamp")
    assert client.get("/items/2").status_code == 404


def test_the_state_of_start_up(client: TestClient) -> None:
    assert client.get("/greeting").json() == "hello"


def test_a_user(client: TestClient) -> None:
    assert client.get("/me").status_code == 401
    with override(app, {current_user: lambda: "ada"}):
        assert client.get("/me").json() == "ada"


def test_cookies(client: TestClient) -> None:
    client.post("/login")
    assert client.cookies["session"] == "s1"


# Streams
def test_a_stream_that_never_ends(client: TestClient) -> None:
    with client.stream("GET", "/ticks") as response:
        assert next(response.iter_lines()) == "data: tick"


# WebSockets
async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def test_a_websocket() -> None:
    with TestClient(echo).websocket_connect("/chat") as session:
        session.send_json({"say": "hello"})
        assert session.receive_json() == {"say": "hello"}


# Async tests
@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_in_async_code() -> None:
    async with TestClient(app, overrides={Database: FakeDatabase}) as client:
        response = await client.async_get("/items/1")
        assert response.json() == "lamp"


# Threads
def test_in_eight_threads() -> None:
    report = hammer(app, ["/items/1", Call.to("POST", "/login")], overrides={Database: FakeDatabase})
    assert report.statuses == {200: 800}


# Exceptions
def test_what_is_behind_a_500() -> None:
    broken = HawkAPI()
    broken.get("/")(lambda: 1 // 0)
    response = TestClient(broken).get("/")
    assert (response.status_code, type(response.exception)) == (500, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        TestClient(broken, raise_server_exceptions="all").get("/")
