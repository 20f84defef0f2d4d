"""`requires_flag`: handlers that are there only while a flag is on."""

from __future__ import annotations

import asyncio
import functools
import inspect
import threading
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from asgi import http_scope, request

from hawkapi import Controller, HawkAPI, HTTPException, Request, get
from hawkapi.flags import FlagDisabled, StaticFlagProvider, requires_flag
from hawkapi.requests.connection import HTTPConnection

if TYPE_CHECKING:
    from decimal import Decimal

ON = StaticFlagProvider({"new": True})
OFF = StaticFlagProvider({"new": False})


def a_request(app: HawkAPI) -> Request:
    """Return a request to an application."""
    return Request(http_scope("GET", "/5", app=app), asyncio.Queue().get)


def ask(handler: Any, provider: StaticFlagProvider, target: str = "/5?q=x") -> tuple[int, Any]:
    """Return status and answer, or detail, of a handler at `/{number}`."""
    app = HawkAPI(flags=provider)
    app.get("/{number}")(handler)
    reply = request(app, "GET", target)
    return reply.status, reply.json() if reply.status == 200 else reply.json()["detail"]


@requires_flag("new")
async def plain_async(number: int, q: str = "") -> list[object]:
    return [number, q]


@requires_flag("new")
def plain_sync(number: int, q: str = "") -> list[object]:
    assert threading.current_thread() is not threading.main_thread()
    return [number, q]


@requires_flag("new")
async def with_request(request: Request, number: int, q: str = "") -> list[object]:
    assert request.path == "/5"
    return [number, q]


@requires_flag("new")
async def with_other_name(number: int, asked: Request, *, q: str = "") -> list[object]:
    assert asked.path == "/5"
    return [number, q]


def decorated(function: Any) -> Any:
    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapper


@requires_flag("new")
@decorated
async def behind_a_plain_wrapper(number: int, q: str = "") -> list[object]:
    return [number, q]


HANDLERS = [plain_async, plain_sync, with_request, with_other_name, behind_a_plain_wrapper]


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda handler: handler.__name__)
def test_handler(handler: Any) -> None:
    """The handler gets its arguments while the flag is on, and the client 404 while it is off."""
    assert ask(handler, ON) == (200, [5, "x"])
    assert ask(handler, OFF) == (404, "flag 'new' disabled")
    assert ask(handler, ON, "/x")[0] == 400


@pytest.mark.parametrize(("default", "answer"), [(True, (200, [5])), (False, (403, "flag 'unknown' disabled"))])
def test_status_and_default(default: bool, answer: tuple[int, Any]) -> None:
    """An unknown flag is the default; what is off has the status that is asked for."""

    @requires_flag("unknown", status_code=403, default=default)
    async def handler(number: int) -> list[int]:
        return [number]

    assert ask(handler, ON) == answer


def test_two_flags() -> None:
    """Decorators may be stacked; the outer one asks first."""

    @requires_flag("new")
    @requires_flag("newer")
    async def handler(number: int) -> list[int]:
        return [number]

    assert ask(handler, StaticFlagProvider({"new": True, "newer": True})) == (200, [5])
    assert ask(handler, ON) == (404, "flag 'newer' disabled")
    assert ask(handler, OFF) == (404, "flag 'new' disabled")


def test_controller() -> None:
    """A method of a controller is a handler like others."""

    class Items(Controller):
        prefix = "/items"

        @get("/{number}")
        @requires_flag("new")
        async def read(self, number: int) -> int:
            return number

    app = HawkAPI(flags=ON)
    app.include_controller(Items)
    assert request(app, "GET", "/items/5").json() == 5


def test_wrapped_function_stays_visible() -> None:
    """Name and documentation stay; the signature has a request more, unless it had one."""

    async def handler(number: int, **options: int) -> int:
        """Return a number."""
        return number

    guarded = requires_flag("new")(handler)
    assert (guarded.__name__, guarded.__doc__) == ("handler", "Return a number.")
    assert list(inspect.signature(guarded).parameters) == ["number", "request", "options"]
    assert inspect.signature(with_other_name) == inspect.signature(inspect.unwrap(with_other_name))


def test_annotated_request_is_a_request() -> None:
    """A handler whose request is described further needs no second one."""

    async def handler(asked: Annotated[Request, "described"]) -> None: ...

    assert list(inspect.signature(requires_flag("new")(handler)).parameters) == ["asked"]


def test_parameter_that_is_only_called_request() -> None:
    """It stays what its annotation says, also one that cannot be read yet; ours has another name."""

    async def handler(request: Decimal, _request: int) -> None: ...

    parameters = inspect.signature(requires_flag("new")(handler)).parameters
    assert list(parameters) == ["request", "_request", "__request"]
    assert parameters["__request"].annotation is HTTPConnection


def test_call_by_hand() -> None:
    """A request among the arguments, or as `request=`, is enough; the handler sees it only if it asks for it."""
    request = a_request(HawkAPI(flags=ON))

    async def call() -> list[object]:
        return [
            await plain_async(1, request=request),  # type: ignore[call-arg] # what the decorator adds
            await plain_sync(2, request=request),  # type: ignore[call-arg, misc] # and a coroutine
            await with_request(request, 3),
        ]

    assert asyncio.run(call()) == [[1, ""], [2, ""], [3, ""]]


def test_call_by_hand_when_the_flag_is_off() -> None:
    """The error can be told from others."""
    with pytest.raises(FlagDisabled) as caught:
        asyncio.run(plain_async(1, request=a_request(HawkAPI())))  # type: ignore[call-arg] # what the decorator adds
    assert (caught.value.key, caught.value.status_code, caught.value.detail) == ("new", 404, "flag 'new' disabled")


def test_call_by_hand_without_a_request() -> None:
    """Nobody can tell whose flag it is then."""
    with pytest.raises(HTTPException, match="Request") as caught:
        asyncio.run(plain_async(1))
    assert caught.value.status_code == 500


@pytest.mark.parametrize("status", [99, 600, True])
def test_status_that_is_none(status: int) -> None:
    """The mistake is found where it is made."""
    with pytest.raises(ValueError, match="status_code"):
        requires_flag("new", status_code=status)
