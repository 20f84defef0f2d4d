"""Controllers: which methods become routes, and how they are called."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest
from asgi import request

from hawkapi import HawkAPI
from hawkapi.di import Depends
from hawkapi.exceptions import RouteConflictError
from hawkapi.middleware import MiddlewareEntry
from hawkapi.routing import Controller, Router
from hawkapi.routing.controllers import delete, get, patch, post, put


class Users(Controller):
    """A controller whose methods show what they were called with."""

    prefix = "/users"
    tags = ["users"]  # noqa: RUF012 - as users write it

    def __init__(self) -> None:
        self.calls = 0

    @get("/{user_id:int}", tags=["read"])
    async def read(self, user_id: int, verbose: bool = False) -> User:
        """Answer the id, and how often this instance was called."""
        self.calls += 1
        return User(user_id, self.calls, verbose)

    @get("/thread")
    def thread(self) -> str:
        """Answer the name of the thread."""
        return threading.current_thread().name

    @post("/")
    async def create(self, user: User) -> User:
        """Answer the body."""
        return user

    @get("/_")
    async def _hidden(self) -> None:
        """Not discovered."""

    @staticmethod
    @get("/static/{word}")
    async def static(word: str) -> str:
        """Need no instance."""
        return word

    @classmethod
    @get("/class/{word}")
    def kind(cls, word: str) -> str:
        """Need no instance either."""
        return f"{cls.__name__} {word}"


@dataclass
class User:
    """Defined after its use: names in annotations are looked up in the module."""

    user_id: int
    calls: int
    verbose: bool = False


def app_with(controller: type[Controller], **options: Any) -> HawkAPI:
    """Return an application with one controller."""
    app = HawkAPI(**options)
    app.include_controller(controller)
    return app


def test_routes_of_a_controller() -> None:
    """Methods in alphabetical order, underscored ones skipped; the name, the tags and the model are the method's."""
    routes = Router(prefix="/api", tags=["api"])
    routes.include_controller(Users)
    assert [(route.path, sorted(route.methods), route.name, route.tags) for route in routes.routes] == [
        ("/api/users", ["POST"], "create", ["api", "users"]),
        ("/api/users/class/{word}", ["GET", "HEAD"], "kind", ["api", "users"]),
        ("/api/users/{user_id:int}", ["GET", "HEAD"], "read", ["api", "read", "users"]),
        ("/api/users/static/{word}", ["GET", "HEAD"], "static", ["api", "users"]),
        ("/api/users/thread", ["GET", "HEAD"], "thread", ["api", "users"]),
    ]
    assert [route.response_model for route in routes.routes] == [User, None, User, None, None]


def test_every_request_has_a_fresh_instance() -> None:
    """What a method writes on `self` is gone with the request; arguments are bound as for functions."""
    app = app_with(Users)
    replies = [request(app, "GET", target).json() for target in ("/users/1?verbose=true", "/users/2")]
    assert replies == [
        {"user_id": 1, "calls": 1, "verbose": True},
        {"user_id": 2, "calls": 1, "verbose": False},
    ]
    assert request(app, "GET", "/users/x").status == 404
    assert request(app, "POST", "/users", body=b'{"user_id":1,"calls":2}').status == 201


def test_sync_methods_run_in_the_pool() -> None:
    """A plain method does not block the event loop."""
    reply = request(app_with(Users), "GET", "/users/thread")
    assert reply.json().startswith("hawkapi-worker")


@pytest.mark.parametrize(("target", "answer"), [("/users/static/a", "a"), ("/users/class/a", "Users a")])
def test_methods_without_instance(target: str, answer: str) -> None:
    """Static and class methods are called as such."""
    assert request(app_with(Users), "GET", target).json() == answer


def test_inherited_methods() -> None:
    """A subclass has its base's routes, under its own prefix and with its own instances."""

    class Admins(Users):
        prefix = "/admins"

        def __init__(self) -> None:
            self.calls = 10

    assert request(app_with(Admins), "GET", "/admins/1").json()["calls"] == 11
    assert request(app_with(Admins), "GET", "/admins/class/x").json() == "Admins x"


GUARD = Depends(User)


class Wide(Controller):
    """One method with every option, one with two decorators, one for each decorator."""

    @put(
        "/all",
        status_code=299,
        name="n",
        response_model=None,
        response_model_exclude_none=True,
        summary="s",
        include_in_schema=False,
        deprecated=True,
        version="v1",
        permissions=["p"],
        middleware=[User],
        dependencies=[GUARD],
    )
    async def all_options(self) -> dict[str, int]:
        """Stand for any method."""
        return {}

    @patch("/two")
    @delete("/two")
    async def both(self) -> None:
        """Answer two methods."""


def test_options_of_methods() -> None:
    """A method's decorator takes what a function's takes."""
    router = Router(prefix="/p")
    router.include_controller(Wide)
    route, removal, change = router.routes
    assert (route.path, route.version, route.status_code, route.name) == ("/v1/p/all", "v1", 299, "n")
    assert (route.response_model, route.response_model_exclude_none, route.summary) == (None, True, "s")
    assert (route.include_in_schema, route.deprecated, route.permissions) == (False, True, ["p"])
    assert (route.middleware, route.dependencies) == ((MiddlewareEntry(User),), (GUARD,))
    assert [(*item.methods, item.status_code) for item in (removal, change)] == [("DELETE", 204), ("PATCH", 200)]


def test_method_is_returned_as_it_is() -> None:
    """A decorated method can be called on an instance like any other."""

    async def read(self: object) -> None:
        """Stand for any method."""

    assert get("/")(read) is read


class NeedsArgument(Controller):
    """Cannot be made without arguments."""

    def __init__(self, database: str) -> None:
        self.database = database


@pytest.mark.parametrize(
    ("controller", "message"),
    [
        pytest.param(User, "is not a Controller subclass", id="other-class"),
        pytest.param(Users(), "is not a Controller subclass", id="instance"),
        pytest.param(NeedsArgument, "NeedsArgument is made anew for each request, without arguments", id="arguments"),
    ],
)
def test_include_controller_refused(controller: Any, message: str) -> None:
    """What cannot be served is refused when it is included."""
    with pytest.raises(TypeError, match=message):
        HawkAPI().include_controller(controller)


def test_include_controller_is_all_or_nothing() -> None:
    """One conflict, and no method is registered."""
    app = HawkAPI()
    app.get("/users/thread")(handler)
    with pytest.raises(RouteConflictError):
        app.include_controller(Users)
    assert [route.path for route in app.routes if route.path.startswith("/users")] == ["/users/thread"]


async def handler() -> None:
    """Stand for any handler."""


def test_decorator_without_path() -> None:
    """A decorator that was not called says how it is written."""
    with pytest.raises(TypeError, match=r"write @get\('/path'\)"):
        get(handler)  # type: ignore[arg-type]
