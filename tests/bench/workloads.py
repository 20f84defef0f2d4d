"""What is sent to every application, and what each has to answer.

The applications greet whoever their constant `NAME` names, so that a framework which answers without calling the
handler is found out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

JSON: Final = ((b"content-type", b"application/json"),)
ITEM: Final = b'{"name":"hat","price":12.5,"count":3}'


@dataclass(frozen=True)
class Workload:
    """One request, and its answer."""

    method: str
    path: str
    answer: bytes | None = None
    """The body: text, or JSON whose spacing and order are free; `None` when every framework words it its own way."""
    query: bytes = b""
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200
    app: str = "app"
    """The name of the application in its module: `app`, or `large`, which has 500 routes."""


WORKLOADS: Final[dict[str, Workload]] = {
    "plaintext": Workload("GET", "/plaintext", b"Hello, World!"),
    "json": Workload("GET", "/json", b'{"message":"Hello, World!"}'),
    "path": Workload("GET", "/users/42", b'{"user_id":42}'),
    "query": Workload("GET", "/search", b'{"q":"hawk","limit":5}', query=b"q=hawk&limit=5"),
    "body": Workload("POST", "/items", ITEM, body=ITEM, headers=JSON),
    # Neither the first nor the last of the table: some frameworks try the routes one after the other.
    "500 routes": Workload("GET", "/resources50/7", b'{"item_id":7}', app="large"),
    "headers": Workload(
        "GET",
        "/headers",
        b'{"request_id":"c2a1","language":"de"}',
        headers=((b"x-request-id", b"c2a1"), (b"accept-language", b"de")),
    ),
    "cookies": Workload(
        "GET",
        "/cookies",
        b'{"session":"c2a1","theme":"dark"}',
        headers=((b"cookie", b"session=c2a1; theme=dark; lang=de"),),
    ),
    "HEAD": Workload("HEAD", "/json"),
    "404": Workload("GET", "/nowhere", status=404),
    "validation error": Workload(
        "PUT", "/items", body=b'{"name":"hat","price":"dear","count":3}', headers=JSON, status=400
    ),
}
"""By the name of the row."""

ISSUE_ROWS: Final = ("plaintext", "json", "path", "query", "body")
"""The rows that the targets of the issue are about; the gain of a second thread is measured on these."""

RESOURCES: Final = 100
"""`large` has five routes for each: GET and POST of the collection, GET, PUT and DELETE of an item."""


def make_scope(workload: Workload) -> dict[str, Any]:
    """Return the scope that a server would make."""
    headers = [(b"host", b"127.0.0.1"), (b"user-agent", b"bench"), (b"accept", b"*/*"), *workload.headers]
    if workload.body:
        headers.append((b"content-length", str(len(workload.body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": workload.method,
        "scheme": "http",
        "path": workload.path,
        "raw_path": workload.path.encode(),
        "query_string": workload.query,
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
