"""The driver's own cost: a bare ASGI function that gives the right answers with no framework's help."""

from __future__ import annotations

from typing import Any

ANSWERS = {
    "/plaintext": (b"text/plain; charset=utf-8", b"Hello, World!"),
    "/json": (b"application/json", b'{"message":"Hello, World!"}'),
    "/users/42": (b"application/json", b'{"user_id":42}'),
    "/search": (b"application/json", b'{"q":"hawk","limit":5}'),
    "/items": (b"application/json", b'{"name":"hat","price":12.5,"count":3}'),
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer by path; read the body where there is one."""
    content_type, body = ANSWERS[scope["path"]]
    if scope["method"] == "POST":
        await receive()
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
