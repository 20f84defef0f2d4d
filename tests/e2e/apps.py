"""The application that real servers serve to the end-to-end tests, one route per thing that is proved.

`HAWKAPI_E2E_FILES` names the directory that `/static` serves and whose `large.bin` `/file` sends. What the server sees
of a client's going away is recorded under a key that the client has chosen, and `/records/{key}` waits for it, so no
test has to guess how long that takes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from hawkapi import (
    BackgroundTasks,
    EventSourceResponse,
    FileResponse,
    HawkAPI,
    Header,
    HTTPException,
    JSONResponse,
    PlainTextResponse,
    Query,
    RedirectResponse,
    Request,
    Response,
    ServerSentEvent,
    StaticFiles,
    StreamingResponse,
)
from hawkapi._threading import AsyncEvent, ShardedCounter
from hawkapi.exceptions import ClientDisconnect
from hawkapi.requests import UploadFile

FILES = Path(os.environ["HAWKAPI_E2E_FILES"])
MIB = 1024 * 1024
RECORD_TIMEOUT_S = 20.0


class Records:
    """What happened, by key; thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._events: defaultdict[str, list[str]] = defaultdict(list)

    def add(self, key: str, event: str) -> None:
        """Record an event."""
        with self._changed:
            self._events[key].append(event)
            self._changed.notify_all()

    def wait(self, key: str, count: int) -> list[str]:
        """Return the events of a key as soon as there are so many, or those there are when it takes too long."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._events[key]) >= count, RECORD_TIMEOUT_S)
            return list(self._events[key])


@dataclass
class Item:
    name: str
    price: float = 0.5
    tags: list[str] = field(default_factory=list)


records = Records()
counter = ShardedCounter()


@asynccontextmanager
async def lifespan(app: HawkAPI) -> AsyncIterator[dict[str, Any]]:
    """Record start and stop; give requests something of it."""
    records.add("lifespan", "start")
    yield {"started": True}


app = HawkAPI(max_body_size=MIB, lifespan=lifespan)
roomy = HawkAPI(max_body_size=1024 * MIB)
"""The same with room for large uploads, at `/roomy`."""


@app.get("/hello/{name}")
async def hello(name: str, excited: bool = False) -> dict[str, str]:
    """Answer with JSON."""
    return {"message": f"Hello, {name}{'!' if excited else '.'}"}


@app.get("/sync/{number:int}")
def sync(number: int) -> dict[str, object]:
    """Answer from a worker thread."""
    return {"number": number, "main": threading.current_thread() is threading.main_thread()}


@app.get("/plain")
async def plain() -> PlainTextResponse:
    """Answer with text."""
    return PlainTextResponse("plain text\n")


@app.post("/items")
async def add_item(item: Item) -> Item:
    """Answer with the body, validated."""
    return item


@app.delete("/items/{name}")
async def delete_item(name: str) -> None:
    """Answer without content."""


@app.get("/either")
async def either() -> dict[str, object]:
    """Answer with JSON or MessagePack, as the client wants it."""
    return {"text": "ü", "numbers": [1, -2, 3.5], "nothing": None}


@app.post("/echo")
async def echo(request: Request) -> Response:
    """Answer with the bytes of the body."""
    return Response(await request.body(), content_type="application/octet-stream")


@app.post("/ignore")
async def ignore() -> dict[str, bool]:
    """Answer without having read the body."""
    return {"ignored": True}


@app.get("/path/{rest:path}")
async def path(rest: str, request: Request) -> dict[str, object]:
    """Answer with what became of the target."""
    return {"rest": rest, "url": request.url, "query": request.query_string.decode("latin-1")}


@app.get("/fields")
async def fields(request: Request) -> dict[str, object]:
    """Answer with the header fields, and with their number."""
    return {"count": len(request.headers), "x": request.headers.getlist("x"), "cookies": request.cookies}


@app.get("/typed")
async def typed(
    limit: Annotated[int, Query(ge=1, le=10)], x_trace: Annotated[str, Header()] = "none"
) -> dict[str, object]:
    """Answer with converted parameters."""
    return {"limit": limit, "trace": x_trace}


@app.get("/cookies/set")
async def set_cookies(value: str) -> Response:
    """Set two cookies, one of them to what the client says."""
    response = PlainTextResponse("set")
    response.set_cookie("plain", "1", max_age=60, httponly=True)
    response.set_cookie("given", quote(value))
    return response


@app.get("/reflect")
async def reflect(value: str) -> Response:
    """Answer with a header field that the client has chosen."""
    return PlainTextResponse("reflected", headers={"x-reflected": value})


@app.get("/redirect")
async def redirect(to: str) -> RedirectResponse:
    """Redirect where the client says."""
    return RedirectResponse(to)


@app.get("/attachment")
async def attachment(name: str) -> FileResponse:
    """Send a file under a name that the client has chosen."""
    return FileResponse(FILES / "small.txt", filename=name)


@app.get("/stream/{count:int}")
async def stream(count: int) -> StreamingResponse:
    """Send numbered lines."""

    async def lines() -> AsyncIterator[bytes]:
        for number in range(count):
            yield b"%d\n" % number

    return StreamingResponse(lines(), content_type="text/plain")


@app.get("/stream/sync/{count:int}")
def stream_sync(count: int) -> StreamingResponse:
    """Send numbered lines of a plain generator."""

    def lines() -> Iterator[bytes]:
        for number in range(count):
            yield b"%d\n" % number

    return StreamingResponse(lines(), content_type="text/plain")


@app.get("/stream/broken")
async def broken() -> StreamingResponse:
    """Fail after some of the body has been sent."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"beginning"
        raise RuntimeError("failed on purpose")

    return StreamingResponse(parts())


@app.get("/stream/endless/{key}")
async def endless(key: str) -> StreamingResponse:
    """Send until the client leaves, and record that the generator was closed."""

    async def parts() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65_536
        finally:
            records.add(key, "closed")

    return StreamingResponse(parts())


@app.get("/events")
async def events() -> EventSourceResponse:
    """Send three events."""

    async def three() -> AsyncIterator[ServerSentEvent | str]:
        yield ServerSentEvent("one", event="first", id="1")
        yield ServerSentEvent("two\nlines")
        yield "three"

    return EventSourceResponse(three())


@app.get("/events/silent/{key}")
async def silent(key: str) -> EventSourceResponse:
    """Send one event and then nothing, and record that the generator was closed."""

    async def one() -> AsyncIterator[ServerSentEvent | str]:
        try:
            yield "hello"
            await AsyncEvent().wait()
        finally:
            records.add(key, "closed")

    return EventSourceResponse(one())


@app.get("/background/{key}")
async def in_background(key: str, tasks: BackgroundTasks) -> dict[str, str]:
    """Answer, and record it afterwards."""
    tasks.add_task(records.add, key, "after")
    return {"key": key}


@app.get("/records/{key}")
def read_records(key: str, count: int = 1) -> list[str]:
    """Wait for what is recorded under a key."""
    return records.wait(key, count)


@app.get("/file")
async def file() -> FileResponse:
    """Send a file of some chunks."""
    return FileResponse(FILES / "large.bin")


@app.get("/crash")
async def crash() -> None:
    """Fail unexpectedly."""
    raise RuntimeError("crashed on purpose")


@app.get("/refuse/{status:int}")
async def refuse(status: int) -> None:
    """Fail as it is meant to be."""
    raise HTTPException(status, "refused", headers={"x-refused": "yes"})


@app.get("/count")
async def count() -> dict[str, object]:
    """Count requests, and say which thread answers."""
    counter.add(1)
    return {"thread": threading.get_ident()}


@app.get("/counted")
async def counted() -> dict[str, int]:
    """Answer with the number of counted requests of all threads."""
    return {"count": counter.value}


@app.get("/lifespan")
async def lifespan_state(request: Request) -> dict[str, object]:
    """Answer with what the start-up left for requests."""
    return {"started": request.state.started}


async def digest_stream(request: Request, key: str = "") -> dict[str, object]:
    """Digest a body as it arrives; record when the client leaves before the end."""
    digest = hashlib.sha256()
    size = 0
    try:
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
            if key and size == len(chunk):
                records.add(key, "began")
    except ClientDisconnect:
        records.add(key, "disconnected")
        raise
    return {"size": size, "sha256": digest.hexdigest()}


async def digest_file(file: UploadFile, note: str | None = None) -> dict[str, object]:
    """Digest an uploaded file."""
    digest = hashlib.sha256()
    while chunk := await file.read(MIB):
        digest.update(chunk)
    return {"name": file.filename, "type": file.content_type, "size": file.size, "sha256": digest.hexdigest()}


async def form_fields(request: Request) -> JSONResponse:
    """Answer with the texts of a form."""
    async with request.form() as form:
        return JSONResponse({name: form.getlist(name) for name in form})


for place in (app, roomy):
    place.add_route("/upload/stream", digest_stream, methods=["POST"])
    place.add_route("/upload/file", digest_file, methods=["POST"])
    place.add_route("/form", form_fields, methods=["POST"])

app.mount("/roomy", roomy)
app.mount("/static", StaticFiles(directory=FILES / "public", html=True))
