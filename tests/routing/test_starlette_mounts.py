"""Applications of Starlette below ours, and ours below Starlette's."""

from __future__ import annotations

import pytest
from apps import hello
from asgi import request

from hawkapi import HawkAPI

starlette_applications = pytest.importorskip("starlette.applications")

from starlette.applications import Starlette  # noqa: E402 - only where it is installed
from starlette.requests import Request  # noqa: E402
from starlette.responses import PlainTextResponse  # noqa: E402
from starlette.routing import Mount, Route  # noqa: E402

HOST = {"host": "example.org"}


async def show(request: Request) -> PlainTextResponse:
    """Answer the request's URL and that of the route `item`."""
    return PlainTextResponse(f"{request.url} {request.url_for('item', number=1)}")


def inner() -> Starlette:
    """Return an application with a route, one with a slash, and a mount."""
    item = Route("/items/{number}", show, name="item")
    below = Mount("/m", routes=[Route("/x", show)])
    return Starlette(routes=[item, Route("/slash/", show), below, Route("/", show)])


@pytest.mark.parametrize("root_path", ["", "/api", "/m"])
@pytest.mark.parametrize("path", ["/items/5", "/m/x", "/slash/", "/"])
def test_starlette_below_ours(path: str, root_path: str) -> None:
    """Routes, nested mounts and URLs of a mounted Starlette application are right, also below the same path twice."""
    app = HawkAPI()
    app.mount("/m", inner())
    reply = request(app, "GET", f"{root_path}/m{path}", root_path=root_path, headers=HOST)
    base = f"http://example.org{root_path}/m"
    assert (reply.status, reply.body.decode()) == (200, f"{base}{path} {base}/items/1")


def test_redirect_of_starlette_below_ours() -> None:
    """A redirect to the path with a slash leads below the mount."""
    app = HawkAPI()
    app.mount("/m", inner())
    reply = request(app, "GET", "/m/slash", headers=HOST)
    assert (reply.status, reply.header("location")) == (307, "http://example.org/m/slash/")


def test_starlette_below_two_of_ours() -> None:
    """Two of our mounts add up to the path that Starlette takes off."""
    outer, middle = HawkAPI(), HawkAPI()
    middle.mount("/m", inner())
    outer.mount("/m", middle)
    reply = request(outer, "GET", "/m/m/m/x", headers=HOST)
    assert reply.body.decode() == "http://example.org/m/m/m/x http://example.org/m/m/items/1"


@pytest.mark.parametrize("target", ["/s/x", "/s/s/x"])
def test_ours_below_starlette(target: str) -> None:
    """Our application reads the scope of a Starlette mount, and one of ours around it does not mislead it."""
    ours = HawkAPI()
    ours.get("/x")(hello)
    app = Starlette(routes=[Mount("/s", app=ours)])
    if target == "/s/s/x":
        outer = HawkAPI()
        outer.mount("/s", app)
        assert request(outer, "GET", target, headers=HOST).json() == {"hello": "world"}
    else:
        assert request(app, "GET", target, headers=HOST).json() == {"hello": "world"}


@pytest.mark.parametrize(("strip_path", "expected"), [(True, "/x"), (False, "/m/x"), (None, "/m/x")])
def test_strip_path(strip_path: bool | None, expected: str) -> None:
    """The choice may be made by hand, for an application that is wrapped in something else."""
    paths: list[str] = []

    class Recorder(Starlette):
        async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
            """Record the path."""
            paths.append(scope["path"])
            await super().__call__(scope, receive, send)

    app = HawkAPI()
    app.mount("/m", Recorder(), strip_path=strip_path)
    request(app, "GET", "/m/x", headers=HOST)
    assert paths == [expected]
