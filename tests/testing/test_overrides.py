"""Overrides of dependencies and test clients."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import pytest

import hawkapi.testing.overrides
from hawkapi import HawkAPI
from hawkapi.di import Depends
from hawkapi.di._active import living
from hawkapi.di.overrides import override as own_override
from hawkapi.testing import TestClient, hammer, override


class Database:
    """What tests replace."""

    def __init__(self, name: str = "real") -> None:
        self.name = name


def current_user() -> str:
    """Return what tests replace."""
    return "nobody"


def database(name: str) -> Callable[[], Database]:
    """Return a factory."""
    return lambda: Database(name)


def shop() -> HawkAPI:
    """Return an application with a type and a function to replace."""
    app = HawkAPI()
    app.container.singleton(Database, factory=Database)

    @app.get("/")
    async def handler(database: Database, user: Annotated[str, Depends(current_user)]) -> list[str]:
        return [database.name, user]

    return app


def test_override_is_the_one_of_the_container() -> None:
    """There is one `override`, under each name that it has."""
    assert override is own_override is hawkapi.override is hawkapi.testing.overrides.override


def test_override_around_calls() -> None:
    """Types and functions are replaced inside the block, and only there."""
    app = shop()
    client = TestClient(app)
    with override(app, {Database: database("fake"), current_user: lambda: "ada"}):
        assert client.get("/").json() == ["fake", "ada"]
        assert asyncio.run(client.async_get("/")).json() == ["fake", "ada"]
    assert client.get("/").json() == ["real", "nobody"]


def test_overrides_of_a_client() -> None:
    """They are for its requests, and for nobody else's; a singleton is made once for all of them."""
    app, made = shop(), []

    def make() -> Database:
        made.append(1)
        return Database("fake")

    with TestClient(app, overrides={Database: make}) as client:
        assert [client.get("/").json()[0] for _ in range(3)] == ["fake"] * 3
        assert TestClient(app).get("/").json() == ["real", "nobody"]
        assert len(made) == 1
    assert client.get("/").json()[0] == "fake"
    client.close()


def test_overrides_that_were_active_when_the_client_was_made() -> None:
    """They reach calls from contexts that do not have them, as long as their block lasts."""
    app = shop()
    answers: list[Any] = []
    with override(app, {Database: database("fake")}):
        client = TestClient(app)
        thread = threading.Thread(target=lambda: answers.append(client.get("/").json()))
        thread.start()
        thread.join()
    answers.append(client.get("/").json())
    assert answers == [["fake", "nobody"], ["real", "nobody"]]


def test_inner_overrides_win() -> None:
    """A block around a call wins over the client's overrides, which win over a block around its making."""
    app = shop()
    with override(app, {Database: database("making"), current_user: lambda: "making"}):
        client = TestClient(app, overrides={Database: database("client")})
        assert client.get("/").json() == ["client", "making"]
        with override(app, {current_user: lambda: "call"}):
            assert client.get("/").json() == ["client", "call"]
            with override(app, {Database: database("call")}):
                assert client.get("/").json() == ["call", "call"]
        assert client.get("/").json() == ["client", "making"]
    assert client.get("/").json() == ["client", "nobody"]
    client.close()


def test_overrides_reach_start_up() -> None:
    """A lifespan gets what the client's overrides make."""
    found: list[str] = []

    @contextlib.asynccontextmanager
    async def lifespan(app: HawkAPI) -> AsyncIterator[None]:
        found.append((await app.container.resolve(Database)).name)
        yield

    app = HawkAPI(lifespan=lifespan)
    app.container.singleton(Database, factory=Database)
    with TestClient(app, overrides={Database: database("client")}):
        pass
    with override(app, {Database: database("block")}), TestClient(app):
        pass
    with TestClient(app):
        pass
    assert found == ["client", "block", "real"]


def test_overrides_in_an_async_block() -> None:
    """They count on the loop of the test, and its context has none of them afterwards."""
    app = shop()

    async def main() -> None:
        async with TestClient(app, overrides={Database: database("fake")}) as client:
            assert (await client.async_get("/")).json()[0] == "fake"
            assert living() == ()
            assert (await app.container.resolve(Database)).name == "real"

    asyncio.run(main())


def test_overrides_of_hammer() -> None:
    """Every thread has the caller's, and those that are given."""
    app = shop()
    with override(app, {current_user: lambda: "ada"}):
        hammer(
            app,
            "/",
            threads=3,
            rounds=3,
            overrides={Database: database("fake")},
            check=lambda _, response: response.json() == ["fake", "ada"],
        )
    hammer(app, "/", threads=2, rounds=2, check=lambda _, response: response.json() == ["real", "nobody"])


def test_overrides_of_an_application_without_a_container() -> None:
    """They are refused when the client is made."""
    with pytest.raises(TypeError, match="override needs an application or a Container"):
        TestClient(object(), overrides={Database: Database})  # type: ignore[arg-type]
