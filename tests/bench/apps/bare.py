"""The driver's own cost: a bare ASGI function that gives the right answers with no framework's help."""

from __future__ import annotations

from typing import Any

JSON = b"application/json"
ANSWERS = {
    ("GET", "/plaintext"): (200, b"text/plain; charset=utf-8", b"Hello, World!"),
    ("GET", "/json"): (200, JSON, b'{"message":"Hello, World!"}'),
    ("HEAD", "/json"): (200, JSON, b""),
    ("GET", "/users/42"): (200, JSON, b'{"user_id":42}'),
    ("GET", "/search"): (200, JSON, b'{"q":"hawk","limit":5}'),
    ("POST", "/items"): (200, JSON, b'{"name":"hat","price":12.5,"count":3}'),
    ("PUT", "/items"): (400, JSON, b'{"detail":"price is no number"}'),
    ("GET", "/resources50/7"): (200, JSON, b'{"item_id":7}'),
    ("GET", "/headers"): (200, JSON, b'{"request_id":"c2a1","language":"de"}'),
    ("GET", "/cookies"): (200, JSON, b'{"session":"c2a1","theme":"dark"}'),
    ("GET", "/nowhere"): (404, JSON, b'{"detail":"Not Found"}'),
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer by method and path; read the body where there is one."""
    method = scope["method"]
    status, content_type, body = ANSWERS[method, scope["path"]]
    if method in {"POST", "PUT"}:
        await receive()
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
