"""`hawkapi routes`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hawkapi.cli import status_of as main

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

type Write = Callable[[dict[str, str]], Path]

SHOP = """
import functools
from hawkapi import HawkAPI, Router

class Timing:
    def __init__(self, app): self.app = app
    async def __call__(self, scope, receive, send): await self.app(scope, receive, send)

app = HawkAPI(health_url=None, readyz_url=None, livez_url=None, openapi_url=None)

@app.get("/items/{item_id}", middleware=[Timing])
async def read_item(item_id: int) -> dict[str, int]: ...

@app.post("/items", name="create")
async def make(): ...

async def both(limit: int): ...
app.add_route("/all", functools.partial(both, limit=5), methods=["GET"], name="all")
app.mount("/admin", HawkAPI(health_url=None, readyz_url=None, livez_url=None, openapi_url=None), name="admin")
"""


def test_table(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a line for each route, and one for each mount, in the order of registration."""
    project({"shop.py": SHOP})
    assert main(["routes", "shop:app"]) == 0
    assert capsys.readouterr().out == (
        "METHODS   PATH              NAME       HANDLER              MIDDLEWARE\n"
        "GET,HEAD  /items/{item_id}  read_item  shop.read_item       Timing\n"
        "POST      /items            create     shop.make\n"
        "GET,HEAD  /all              all        shop.both\n"
        "MOUNT     /admin            admin      hawkapi.app.HawkAPI\n"
    )


def test_json(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints the same as objects."""
    project({"shop.py": SHOP})
    assert main(["routes", "shop:app", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows[0] == {
        "kind": "route",
        "methods": ["GET", "HEAD"],
        "path": "/items/{item_id}",
        "name": "read_item",
        "handler": "shop.read_item",
        "middleware": ["shop.Timing"],
    }
    assert [row["kind"] for row in rows] == ["route", "route", "route", "mount"]


def test_websockets(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """A WebSocket's route has middleware as any other has."""
    project({"shop.py": f'{SHOP}\n@app.websocket("/feed", middleware=[Timing])\nasync def feed(ws): ...\n'})
    assert main(["routes", "shop:app"]) == 0
    assert "WEBSOCKET  /feed             feed       shop.feed            Timing\n" in capsys.readouterr().out


def test_no_routes(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """An application without routes has a table without lines."""
    project(
        {
            "main.py": "from hawkapi import HawkAPI\n"
            "app = HawkAPI(health_url=None, readyz_url=None, livez_url=None, openapi_url=None)\n"
        }
    )
    assert main(["routes"]) == 0
    assert capsys.readouterr().out == "METHODS  PATH  NAME  HANDLER  MIDDLEWARE\n"


def test_other_application(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The routes of an application of another framework are not known."""
    project({"main.py": "async def app(scope, receive, send): ...\n"})
    assert main(["routes"]) == 1
    assert capsys.readouterr().err == "hawkapi: main:app is a function, whose routes hawkapi does not know\n"


def test_module_that_raises(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The traceback comes first, then the sentence, and the status is 1."""
    here = project({"main.py": "1 / 0\n"})
    assert main(["routes", "main:app"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == (
        f"hawkapi: could not import module 'main': ZeroDivisionError: division by zero ({here}/main.py, line 1)"
    )


def test_guide(project: Write, capsys: pytest.CaptureFixture[str]) -> None:
    """The page about the command shows what it prints."""
    project({})
    assert main(["routes", str(EXAMPLES / "routing.py")]) == 0
    assert capsys.readouterr().out == (EXAMPLES / "routes.txt").read_text("utf-8")
