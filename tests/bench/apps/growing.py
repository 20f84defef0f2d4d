"""Applications of hawkapi in sizes, each made when it is asked for: `routes_10`, `middleware_5`, `parameters_20`, `KB`.

`empty` has a middleware that overrides nothing; `dependent` a dependency with three of its own, which share results.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any

from hawkapi import Depends, HawkAPI, Middleware, Struct
from hawkapi.types import Receive, Scope, Send

NAME = "World"
MOST_BYTES = 64 * 1024 * 1024


class Item(Struct):
    """One of the items of a body."""

    name: str
    price: float
    count: int


class Empty(Middleware):
    """Overrides nothing."""


class Passing(Middleware):
    """Passes on, in a `__call__` of its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


async def as_json() -> dict[str, str]:
    return {"message": f"Hello, {NAME}!"}


async def first() -> str:
    return "Hello"


async def second(first: Annotated[str, Depends(first)]) -> str:
    return f"{first}, {NAME}"


async def third(first: Annotated[str, Depends(first)], second: Annotated[str, Depends(second)]) -> str:
    return f"{second}!"


async def all_three(
    first: Annotated[str, Depends(first)],
    second: Annotated[str, Depends(second)],
    third: Annotated[str, Depends(third)],
) -> str:
    return third


async def dependent_json(message: Annotated[str, Depends(all_three)]) -> dict[str, str]:
    return {"message": message}


def routes(size: int) -> HawkAPI:
    async def one(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    made = HawkAPI()
    for number in range(size):
        made.get(f"/things{number}/{{item_id:int}}")(one)
    return made


def middleware(size: int, kind: type[Middleware] = Passing) -> HawkAPI:
    made = HawkAPI()
    made.get("/json")(as_json)
    for _ in range(size):
        made.add_middleware(kind)
    return made


def parameters(size: int) -> HawkAPI:
    async def handler(**values: int) -> dict[str, int]:
        return {"sum": sum(values.values())}

    names = [f"p{number}" for number in range(size)]
    made = HawkAPI()
    made.get("/sum")(with_parameters(handler, names))
    return made


def with_parameters(handler: Callable[..., Any], names: list[str]) -> Callable[..., Any]:
    """Return a handler with so many parameters, as somebody would have written it."""
    source = f"async def written({', '.join(f'{name}: int' for name in names)}):\n"
    source += f"    return await handler({', '.join(f'{name}={name}' for name in names)})\n"
    space: dict[str, Any] = {"handler": handler}
    exec(source, space)  # noqa: S102 - the text is made above
    written: Callable[..., Any] = space["written"]
    return written


def bodies() -> HawkAPI:
    async def many(items: list[Item]) -> dict[str, int]:
        return {"count": len(items)}

    made = HawkAPI(max_body_size=MOST_BYTES)
    made.post("/many", status_code=200)(many)
    return made


def with_dependencies() -> HawkAPI:
    made = HawkAPI()
    made.get("/json")(dependent_json)
    return made


@functools.cache
def make(name: str) -> HawkAPI:
    """Return the application of a name, always the same."""
    alone: dict[str, Callable[[], HawkAPI]] = {
        "KB": bodies,
        "empty": functools.partial(middleware, 1, Empty),
        "dependent": with_dependencies,
    }
    if name in alone:
        return alone[name]()
    kind, _, size = name.partition("_")
    sized: dict[str, Callable[[int], HawkAPI]] = {"routes": routes, "middleware": middleware, "parameters": parameters}
    return sized[kind](int(size))


def __getattr__(name: str) -> HawkAPI:
    try:
        return make(name)
    except KeyError:
        raise AttributeError(name) from None
