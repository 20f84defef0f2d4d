"""The driver's own cost: a bare ASGI function that gives the right answers with no framework's help."""

from __future__ import annotations

from typing import Any

from drawn import DRAWN
from workloads import ECHO, LARGE, PIECE, TRANSFERS, TUNED, Workload

JSON = b"application/json"


def answer_to(workload: Workload) -> tuple[int, bytes, bytes]:
    body = b'{"detail":"no"}' if workload.answer is None else workload.answer
    return workload.status, b"text/plain; charset=utf-8" if workload.path == "/plaintext" else JSON, body


ANSWERS = {
    (workload.method, workload.path): answer_to(workload)
    for table in (TUNED, TRANSFERS, ECHO, DRAWN)
    for name, workload in table.items()
    # It has the path of a body that is right.
    if name != "error"
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer by method and path; read the body where there is one."""
    if scope["type"] == "websocket":
        await echo(receive, send)
        return
    method = scope["method"]
    # What is not known here is a row whose answer is nobody's business: bodies of any size, routes by the thousand.
    status, content_type, body = ANSWERS.get((method, scope["path"])) or (200, JSON, b"{}")
    if method == "POST":
        while (await receive())["more_body"]:
            pass
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if body is LARGE:
        for start in range(0, len(body), PIECE):
            await send({"type": "http.response.body", "body": body[start : start + PIECE], "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


async def echo(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
