"""`Security` and `SecurityScopes`: which scopes reach whom.

Annotations are evaluated at once here, because some of them name functions inside of tests.
"""

from typing import Annotated, Any

import pytest
from apps import app_with
from asgi import request
from websockets_asgi import ACCEPT, close, converse, text

from hawkapi import Container, Depends, HawkAPI, Router, Security, SecurityScopes, WebSocket
from hawkapi.di import override
from hawkapi.di.depends import Dependency
from hawkapi.di.security import SecurityDependency


def told(scopes: SecurityScopes) -> str:
    """Return what a dependency is told."""
    return scopes.scope_str


def deep(found: Annotated[str, Security(told, scopes=["deep", "own"])]) -> str:
    """Depend on another."""
    return found


async def both(
    a: Annotated[str, Security(told, scopes=["own"])],
    b: Annotated[str, Security(deep, scopes=["b"])],
    scopes: SecurityScopes,
) -> list[str]:
    """Answer what the dependencies and the handler itself were told."""
    return [a, b, scopes.scope_str]


def test_scopes_of_a_route() -> None:
    """Everyone is told the scopes of the whole tree and of all guards, sorted, each once."""
    app = HawkAPI(dependencies=[Security(told, scopes=["app"])])
    router = Router(dependencies=[Security(told, scopes=["router", "own"])])
    router.get("/", dependencies=[Security(told, scopes=["route"]), Depends(told)])(both)
    app.include_router(router)
    everything = "app b deep own route router"
    assert request(app, "GET", "/").json() == [everything] * 3


def test_scopes_are_of_one_route() -> None:
    """The scopes of one route say nothing to another that has the same dependency."""

    async def one(found: str = Security(told, scopes=["one"])) -> str:
        return found

    async def none(found: str = Depends(told)) -> str:
        return found

    app = app_with(one, "/one")
    app.get("/none")(none)
    assert [request(app, "GET", path).json() for path in ("/one", "/none")] == ["one", ""]


def test_scopes_of_what_the_container_makes() -> None:
    """`Security` without a callable asks the container, and its scopes count."""
    container = Container()
    container.singleton(int, factory=lambda: 3)

    async def handler(n: Annotated[int, Security(scopes=["n"])], scopes: SecurityScopes) -> list[Any]:
        return [n, scopes.scopes]

    app = HawkAPI(container=container)
    app.get("/")(handler)
    assert request(app, "GET", "/").json() == [3, ["n"]]


def test_scopes_of_an_override() -> None:
    """What stands in for a dependency is told the scopes, and may ask for more."""

    def stand_in(scopes: SecurityScopes, found: Annotated[str, Security(told, scopes=["more"])]) -> str:
        return f"{scopes.scope_str}/{found}"

    async def handler(found: Annotated[str, Security(deep, scopes=["a"])]) -> str:
        return found

    app = app_with(handler)
    with override(app, {deep: stand_in}):
        assert request(app, "GET", "/").json() == "a more/a more"
    assert request(app, "GET", "/").json() == "a deep own"


def test_scopes_of_a_websocket() -> None:
    """The dependencies of a WebSocket are told them too."""
    app = HawkAPI()

    @app.websocket("/ws")
    async def handler(ws: WebSocket, found: str = Security(told, scopes=["w"])) -> None:
        await ws.accept()
        await ws.send_text(found)

    assert converse(app, "/ws") == [ACCEPT, text("w"), close()]


def test_dependency_with_other_scopes_is_called_again() -> None:
    """What is called once per request is a dependency with its scopes."""
    calls: list[str] = []

    def count() -> int:
        calls.append("")
        return len(calls)

    async def handler(
        a: Annotated[int, Security(count, scopes=["a"])],
        b: Annotated[int, Security(count, scopes=["b"])],
        c: Annotated[int, Security(count, scopes=["a"])],
        d: Annotated[int, Depends(count)],
        e: Annotated[int, Security(count)],
        f: Annotated[int, Security(count, scopes=["a"], use_cache=False)],
    ) -> list[int]:
        return [a, b, c, d, e, f]

    assert request(app_with(handler), "GET", "/").json() == [1, 2, 1, 3, 3, 4]


def test_security_is_a_dependency() -> None:
    """It may stand wherever `Depends` may, and keeps its scopes as a list of its own."""
    scopes = ["a"]
    marker = Security(told, scopes=scopes)
    scopes.append("b")
    assert issubclass(SecurityDependency, Dependency)
    assert isinstance(marker, SecurityDependency)
    assert (marker.dependency, marker.scopes, marker.name, marker.use_cache) == (told, ["a"], None, True)
    assert Security().scopes == []


@pytest.mark.parametrize(
    ("marker", "shown"),
    [
        (Security(), "Security()"),
        (Security(told), "Security(told)"),
        (Security(told, scopes=["a"]), "Security(told, scopes=['a'])"),
        (Security(name="n"), "Security(name='n')"),
    ],
    ids=["bare", "callable", "scopes", "name"],
)
def test_repr(marker: object, shown: str) -> None:
    """Errors show it as it is written."""
    assert repr(marker) == shown


def test_one_text_as_scopes() -> None:
    """A text is not taken for the scopes that its letters would be."""
    with pytest.raises(TypeError, match=r"scopes is the text 'admin'; write a list: scopes=\['admin'\]"):
        SecurityDependency(told, scopes="admin")


def test_what_cannot_be_called() -> None:
    """The error names what was written."""
    with pytest.raises(TypeError, match="Security needs something that can be called, not 3"):
        Security(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(("scopes", "text"), [((), ""), (("a",), "a"), (("b", "a"), "b a")])
def test_scope_str(scopes: tuple[str, ...], text: str) -> None:
    """The scopes are written as OAuth 2 writes them."""
    assert SecurityScopes(scopes).scope_str == text


def test_security_scopes_are_frozen() -> None:
    """No dependency can change what the others are told."""
    with pytest.raises(AttributeError):
        SecurityScopes().scopes = ("root",)  # type: ignore[misc]
