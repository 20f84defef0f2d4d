"""What is sent to every application, and what each has to answer.

The applications greet whoever their constant `NAME` names, so that a framework which answers without calling the
handler is found out. The rows here are those that frameworks are tuned for; `drawn.py` has those that none is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

JSON: Final = ((b"content-type", b"application/json"),)
ITEM: Final = b'{"name":"hat","price":12.5,"count":3}'
PIECE: Final = 64 * 1024
"""Bytes of one message of a body that comes or goes in pieces."""


@dataclass(frozen=True)
class Workload:
    """One request, and its answer; or one WebSocket connection."""

    method: str
    path: str
    answer: bytes | None = None
    """The body: text, or JSON whose spacing and order are free; `None` when every framework words it its own way."""
    query: bytes = b""
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200
    app: str = "app"
    """The name of the application in its module: `large` has 500 routes, `wrapped` five middleware, `reading` one that
    reads bodies."""
    messages: tuple[str, ...] = ()
    """What is sent over a WebSocket, and echoed; empty for a request."""
    pieces: bool = False
    """Whether bodies of many pieces come and go, so that the client stays connected after the last."""
    size: int = 1
    """Of what a row is about: bytes, messages, routes."""

    @property
    def accepts(self) -> frozenset[int]:
        """The statuses that are right: some say 422 of what others say 400 of."""
        return frozenset({400, 422} if self.status == 400 else {self.status})


def make_orders() -> list[dict[str, Any]]:
    """Return what the response model describes, as plain values: 10 KB of JSON."""
    address = {"street": "Long Street 5", "city": "Springfield", "latitude": 1.5, "longitude": -2.25}
    lines = [{"sku": f"sku-{number}", "amount": 1.25 * number, "paid": number % 2 == 0} for number in range(10)]
    return [{"id": number, "note": None, "tags": ["a", "b"], "home": address, "lines": lines} for number in range(18)]


def as_json(value: object) -> bytes:
    """Return a value as an answer in JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


TUNED: Final[dict[str, Workload]] = {
    "plaintext": Workload("GET", "/plaintext", b"Hello, World!"),
    "json": Workload("GET", "/json", b'{"message":"Hello, World!"}'),
    "path": Workload("GET", "/users/42", b'{"user_id":42}'),
    "query": Workload("GET", "/search", b'{"q":"hawk","limit":5}', query=b"q=hawk&limit=5"),
    "body": Workload("POST", "/items", ITEM, body=ITEM, headers=JSON),
    # Neither the first nor the last of the table: some frameworks try the routes one after the other.
    "500 routes": Workload("GET", "/resources50/7", b'{"item_id":7}', app="large"),
    "3-deep DI": Workload("GET", "/dependencies", b'{"message":"Hello, World!"}'),
    "5 middleware": Workload("GET", "/json", b'{"message":"Hello, World!"}', app="wrapped"),
    "10 KB model": Workload("GET", "/orders", as_json(make_orders())),
}
"""By the name of the row."""

ISSUE_ROWS: Final = ("plaintext", "json", "path", "query", "body", "500 routes")
"""The rows of the target against hawkapi 0.2.0."""

THREAD_ROWS: Final = ("plaintext", "json", "path", "query", "body")
"""The rows that the gain of further threads is measured on."""

RESOURCES: Final = 100
"""`large` has five routes for each: GET and POST of the collection, GET, PUT and DELETE of an item."""

MEGABYTES: Final = 4
LARGE: Final = b"\x07" * PIECE * (MEGABYTES * 1024 * 1024 // PIECE)
BOUNDARY: Final = b"--------bench"
MULTIPART: Final = b"".join(
    (
        b"--" + BOUNDARY + b"\r\n",
        b'content-disposition: form-data; name="file"; filename="large.bin"\r\n',
        b"content-type: application/octet-stream\r\n\r\n",
        LARGE,
        b"\r\n--" + BOUNDARY + b"--\r\n",
    )
)
TRANSFERS: Final[dict[str, Workload]] = {
    "upload, pieces": Workload(
        "POST", "/upload", as_json({"size": len(LARGE)}), body=LARGE, pieces=True, size=len(LARGE)
    ),
    "upload, multipart": Workload(
        "POST",
        "/files",
        as_json({"size": len(LARGE)}),
        body=MULTIPART,
        headers=((b"content-type", b"multipart/form-data; boundary=" + BOUNDARY),),
        pieces=True,
        size=len(LARGE),
    ),
    "stream": Workload("GET", "/stream", LARGE, pieces=True, size=len(LARGE)),
}
"""What is told in MB/s."""

TEXTS: Final = tuple(f"message {number} of a conversation" for number in range(200))
ECHO: Final[dict[str, Workload]] = {"echo": Workload("WEBSOCKET", "/echo", messages=TEXTS, size=len(TEXTS))}
"""What is told in messages per second."""


def make_scope(workload: Workload) -> dict[str, Any]:
    """Return the scope that a server would make."""
    headers = [(b"host", b"127.0.0.1"), (b"user-agent", b"bench"), (b"accept", b"*/*"), *workload.headers]
    if workload.body:
        headers.append((b"content-length", str(len(workload.body)).encode()))
    scope: dict[str, Any] = {
        "type": "websocket" if workload.messages else "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws" if workload.messages else "http",
        "path": workload.path,
        "raw_path": workload.path.encode(),
        "query_string": workload.query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    if workload.messages:
        return {**scope, "subprotocols": []}
    return {**scope, "method": workload.method}
