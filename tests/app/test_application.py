"""The application itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apps import hello, two_routes
from asgi import request

from hawkapi import HawkAPI, Request


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


def test_state_is_the_applications() -> None:
    """What is put into the state is there for everybody who has the application."""
    app = HawkAPI()
    app.state.answer = 42

    async def handler(r: Request) -> int:
        """Answer from the state."""
        return int(r.app.state.answer)

    app.get("/")(handler)
    assert request(app, "GET", "/").json() == 42
