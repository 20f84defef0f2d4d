"""The examples of the documentation do what their pages say."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest
from asgi import request

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@pytest.mark.parametrize(
    ("example", "target", "answer"),
    [
        pytest.param("hello.py", "/hello/world?excited=true", {"message": "Hello, world!"}, id="hello"),
        pytest.param("routing.py", "/items/5", {"item_id": 5, "name": "lamp"}, id="routing-router"),
        pytest.param("routing.py", "/v2/shop/items/5", {"item_id": 5, "name": "lamp"}, id="routing-version"),
        pytest.param("routing.py", "/v2/shop/orders/7", {"order": 7}, id="routing-controller"),
        pytest.param("routing.py", "/admin/status", {"status": "fine"}, id="routing-mount"),
        pytest.param("routing.py", "/links", ["/items/5", "/admin/status"], id="routing-urls"),
        pytest.param("response_model.py", "/users/1", {"name": "ada"}, id="response-model"),
    ],
)
def test_example(example: str, target: str, answer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's request has the page's answer."""
    monkeypatch.syspath_prepend(EXAMPLES)
    app = importlib.import_module(example.removesuffix(".py")).app
    reply = request(app, "GET", target)
    assert (reply.status, reply.json()) == (200, answer)
