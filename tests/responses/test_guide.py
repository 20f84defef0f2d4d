"""The example of the guide to responses does what the page says."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from typing import Any

import pytest
from asgi import Reply
from streams import Client

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "responses.py"


@pytest.fixture(scope="module")
def example() -> Any:
    """Return the example as a module."""
    spec = importlib.util.spec_from_file_location("responses_example", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ask(handler: Any, **options: Any) -> Reply:
    """Return what the response of a handler sends."""

    async def main() -> Reply:
        return await Client(**options).call(await handler())

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("name", "status", "body", "field", "value"),
    [
        ("page", 200, b"<h1>Hawks</h1>", "set-cookie", "seen=1; Max-Age=3600; Path=/; HttpOnly; SameSite=lax"),
        ("old", 308, b"", "location", "/page"),
        ("csv", 200, b"name,wingspan\nkestrel,76\n", "content-type", "text/csv; charset=utf-8"),
        (
            "events",
            200,
            b"".join(b"id: %d\nevent: count\ndata: %d\n\n" % (number, number) for number in (3, 2, 1)),
            "content-type",
            "text/event-stream",
        ),
        ("order", 202, b"", "content-length", "0"),
    ],
)
def test_example(example: Any, name: str, status: int, body: bytes, field: str, value: str) -> None:
    """Each handler's response is the one of the page."""
    reply = ask(getattr(example, name))
    assert (reply.status, reply.body, reply.header(field)) == (status, body, value)


def test_file_example(example: Any) -> None:
    """The file is sent, and so is a part of it."""
    assert ask(example.source).body == EXAMPLE.read_bytes()
    assert ask(example.source, headers={"range": "bytes=0-2"}).body == b'"""'
    assert "filename*=UTF-8''na%C3%AFve.py" in (ask(example.source).header("content-disposition") or "")


@pytest.mark.thread_unsafe(reason="looks at the state of a module")
def test_background_example(example: Any) -> None:
    """The mail is sent after the response."""
    example.sent_mails.clear()
    ask(example.order)
    assert example.sent_mails == ["Thank you"]
