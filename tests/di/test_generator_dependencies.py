"""Generators as dependencies: when they go on after their `yield`, and what they see then.

Annotations are evaluated at once here, because some of them name functions inside of tests.
"""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Annotated, Any, cast

import pytest
from asgi import http_scope, request

from hawkapi import BackgroundTasks, Depends, FileResponse, HawkAPI, HTTPException, Response, StreamingResponse
from hawkapi.background import BackgroundTask
from hawkapi.exceptions import UnsupportedTypeError
from hawkapi.types import Message

type Opener = Callable[[], Any]


def opener(log: list[str], name: str, kind: str) -> Opener:
    """Return a generator dependency of a kind that notes what happens to it."""

    def plain() -> Generator[str]:
        log.append(f"open {name}")
        try:
            yield name
        except BaseException as exc:
            log.append(f"{name} saw {type(exc).__name__}")
            raise
        finally:
            log.append(f"close {name}")

    async def asynchronous() -> AsyncGenerator[str]:
        log.append(f"open {name}")
        try:
            yield name
        except BaseException as exc:
            log.append(f"{name} saw {type(exc).__name__}")
            raise
        finally:
            log.append(f"close {name}")

    return plain if kind == "plain" else asynchronous


KINDS = pytest.mark.parametrize("kind", ["plain", "async"])


async def exchange(app: HawkAPI, log: list[str]) -> list[dict[str, Any]]:
    """Send a GET request for `/`, note in the log when the last byte was sent, and return the messages."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            log.append("sent")

    await app(http_scope("GET", "/"), receive, send)
    return sent


async def cancelled(app: HawkAPI, log: list[str], moment: asyncio.Event) -> None:
    """Send a request as `exchange` does, and cancel it at a moment."""
    task = asyncio.ensure_future(exchange(app, log))
    await moment.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def statuses(app: HawkAPI, count: int) -> set[int]:
    """Send requests at the same time, and return the statuses that they are answered with."""

    async def everyone() -> list[list[dict[str, Any]]]:
        return await asyncio.gather(*(exchange(app, []) for _ in range(count)))

    return {messages[0]["status"] for messages in asyncio.run(everyone())}


@KINDS
def test_closed_after_the_response_and_before_background_tasks(kind: str) -> None:
    """Opened in order, closed in reverse, after the last byte."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/")
    async def handler(
        tasks: BackgroundTasks,
        a: Annotated[str, Depends(opener(log, "a", kind))],
        b: Annotated[str, Depends(opener(log, "b", kind))],
    ) -> str:
        tasks.add_task(log.append, "background")
        log.append("handler")
        return a + b

    assert asyncio.run(exchange(app, log))[1]["body"] == b'"ab"'
    assert log == ["open a", "open b", "handler", "sent", "close b", "close a", "background"]


@KINDS
def test_closed_after_a_stream(kind: str) -> None:
    """What a stream reads from is open until its end."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/")
    async def handler(a: Annotated[str, Depends(opener(log, "a", kind))]) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            log.append("chunk")
            yield b"x"

        return StreamingResponse(chunks())

    asyncio.run(exchange(app, log))
    assert log == ["open a", "chunk", "sent", "close a"]


@pytest.mark.parametrize("respond", [Response, lambda body, **given: StreamingResponse([body], **given)])
@KINDS
def test_closed_before_the_background_task_of_a_response(kind: str, respond: Any) -> None:
    """A background task finds dependencies closed, whether the handler asked for a queue or the response has one."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/", response_model=None)
    async def handler(tasks: BackgroundTasks, a: Annotated[str, Depends(opener(log, "a", kind))]) -> Response:
        tasks.add_task(log.append, "the queue's")
        return cast("Response", respond(b"x", background=BackgroundTask(log.append, "the response's")))

    asyncio.run(exchange(app, log))
    assert log == ["open a", "sent", "close a", "the response's", "the queue's"]


async def endless() -> AsyncIterator[bytes]:
    """Yield what no client waits for the end of."""
    while True:
        yield b"x"


@pytest.mark.asgi_only("nobody notices who leaves before one piece is sent")
@pytest.mark.parametrize(
    "result",
    [
        pytest.param(dict[str, str], id="json"),
        pytest.param(lambda: Response(b"x", background=BackgroundTask(print)), id="response"),
        pytest.param(lambda: StreamingResponse(endless()), id="stream"),
        pytest.param(lambda: FileResponse(__file__), id="file"),
    ],
)
@KINDS
def test_client_that_leaves_is_thrown_in(kind: str, result: Callable[[], Any]) -> None:
    """A client that has gone ends the request: that is no commit, and nothing is done in the background."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/", response_model=None)
    async def handler(tasks: BackgroundTasks, a: Annotated[str, Depends(opener(log, "a", kind))]) -> Any:
        tasks.add_task(log.append, "background")
        return result()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError("nobody is there")

    asyncio.run(app(http_scope("GET", "/"), receive, send))
    assert log == ["open a", "a saw ClientDisconnect", "close a"]


@KINDS
def test_function_scope_is_closed_before_the_response(kind: str) -> None:
    """A dependency with the function's scope is closed first, while there is no response yet."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/")
    async def handler(
        a: Annotated[str, Depends(opener(log, "a", kind), scope="function")],
        b: Annotated[str, Depends(opener(log, "b", kind))],
    ) -> str:
        return a + b

    asyncio.run(exchange(app, log))
    assert log == ["open a", "open b", "close a", "sent", "close b"]


def test_failing_commit_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    """What fails at the end of the function's scope is a failure like the handler's, which the outer ones see."""
    log: list[str] = []

    async def transaction() -> AsyncGenerator[None]:
        yield
        raise HTTPException(409, "commit")

    app = HawkAPI()

    @app.get("/")
    async def handler(
        outer: Annotated[str, Depends(opener(log, "outer", "async"))],
        inner: Annotated[None, Depends(transaction, scope="function")],
    ) -> str:
        return "done"

    assert (asyncio.run(exchange(app, log))[0]["status"], log) == (
        409,
        ["open outer", "outer saw HTTPException", "close outer", "sent"],
    )


def failing(where: str, exc: Exception) -> Callable[..., Any]:
    """Return a handler, or a dependency, that raises."""

    async def fail() -> str:
        raise exc

    fail.__qualname__ = where
    return fail


@KINDS
@pytest.mark.parametrize("where", ["handler", "dependency", "guard", "result", "parameter"])
def test_failure_is_thrown_in(kind: str, where: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever fails while there is no response is seen, before the response to it is sent."""
    log: list[str] = []
    app = HawkAPI()
    guard = [Depends(opener(log, "a", kind))]
    fail = failing(where, HTTPException(418, "t"))
    if where == "dependency":

        @app.get("/", dependencies=guard)
        async def handler(x: Annotated[str, Depends(fail)]) -> str:
            return x
    elif where == "parameter":

        @app.get("/", dependencies=guard)
        async def strict(number: int) -> int:
            return number
    elif where == "result":

        @app.get("/", dependencies=guard, response_model=int)
        async def wrong() -> Any:
            return "text"
    else:
        app.get("/", dependencies=[*guard, Depends(fail)] if where == "guard" else guard)(fail)
    status = asyncio.run(exchange(app, log))[0]["status"]
    seen, expected = {
        "parameter": ("RequestValidationError", 400),
        "result": ("ResponseValidationError", 500),
    }.get(where, ("HTTPException", 418))
    assert (status, log[0], log[2:]) == (expected, "open a", ["close a", "sent"])
    assert log[1] == f"a saw {seen}" or where == "result"


@KINDS
def test_failure_is_translated(kind: str) -> None:
    """What a generator raises instead becomes the response, and is what the outer ones see."""
    log: list[str] = []

    def translating() -> Generator[None]:
        try:
            yield
        except KeyError:
            raise HTTPException(404, "translated") from None

    async def translating_too() -> AsyncGenerator[None]:
        try:
            yield
        except KeyError:
            raise HTTPException(404, "translated") from None

    app = HawkAPI()
    dependency = translating if kind == "plain" else translating_too
    app.get("/", dependencies=[Depends(opener(log, "outer", kind)), Depends(dependency)])(failing("x", KeyError()))
    assert request(app, "GET", "/").json()["detail"] == "translated"
    assert log == ["open outer", "outer saw HTTPException", "close outer"]


@KINDS
def test_swallowed_failure_is_still_the_response(kind: str) -> None:
    """A generator that catches a failure and says nothing does not make it a success: there is no result."""

    def swallowing() -> Generator[None]:
        try:
            yield
        except HTTPException:
            return

    async def swallowing_too() -> AsyncGenerator[None]:
        try:
            yield
        except HTTPException:
            return

    app = HawkAPI()
    dependency = swallowing if kind == "plain" else swallowing_too
    app.get("/", dependencies=[Depends(dependency)])(failing("x", HTTPException(418)))
    assert request(app, "GET", "/").status == 418


def never() -> Generator[None]:
    """End at once."""
    yield from ()


async def never_async() -> AsyncGenerator[None]:
    """End at once."""
    for _ in ():
        yield


def broken() -> Generator[None]:
    """Open what ends at once."""
    with contextmanager(never)():
        yield


async def broken_async() -> AsyncGenerator[None]:
    """Open what ends at once."""
    async with asynccontextmanager(never_async)():
        yield


@pytest.mark.parametrize(
    ("dependency", "message"),
    [
        pytest.param(never, "the dependency never ended without a yield", id="plain"),
        pytest.param(never_async, "the dependency never_async ended without a yield", id="async"),
        pytest.param(partial(never), "the dependency never ended without a yield", id="partial"),
        pytest.param(broken, "generator didn't yield", id="plain-inside"),
        pytest.param(broken_async, "generator didn't yield", id="async-inside"),
    ],
)
def test_generator_that_never_yields(dependency: Any, message: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log names it; what it opened itself is told of by its own traceback."""
    app = HawkAPI()
    app.get("/", dependencies=[Depends(dependency)])(failing("x", LookupError()))
    assert request(app, "GET", "/").status == 500
    (record,) = caplog.records
    assert record.exc_info is not None
    assert (type(record.exc_info[1]), str(record.exc_info[1])) == (RuntimeError, message)


@KINDS
def test_failure_while_closing_is_logged(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """The response stands; the others are closed all the same, and see it; background tasks run."""
    log: list[str] = []

    def breaking() -> Generator[None]:
        yield
        raise ValueError("close")

    async def breaking_too() -> AsyncGenerator[None]:
        yield
        raise ValueError("close")

    app = HawkAPI()

    @app.get("/")
    async def handler(
        tasks: BackgroundTasks,
        a: Annotated[str, Depends(opener(log, "a", kind))],
        b: Annotated[None, Depends(breaking if kind == "plain" else breaking_too)],
    ) -> str:
        tasks.add_task(log.append, "background")
        return a

    with caplog.at_level(logging.ERROR, "hawkapi"):
        assert asyncio.run(exchange(app, log))[0]["status"] == 200
    assert log == ["open a", "sent", "a saw ValueError", "close a", "background"]
    assert [record.message for record in caplog.records] == ["closing the dependencies of '/' failed"]


@pytest.mark.asgi_only("a stream that fails ends as if it were complete")
@KINDS
def test_broken_stream_is_thrown_in(kind: str) -> None:
    """A stream that fails on the way has failed for its dependencies too; the server learns of it."""
    log: list[str] = []
    app = HawkAPI()

    @app.get("/")
    async def handler(a: Annotated[str, Depends(opener(log, "a", kind))]) -> StreamingResponse:
        async def chunks() -> AsyncIterator[bytes]:
            yield b"x"
            raise LookupError("broken")

        return StreamingResponse(chunks())

    with pytest.raises(LookupError):
        asyncio.run(exchange(app, log))
    assert log == ["open a", "a saw LookupError", "close a"]


@KINDS
def test_response_that_fails_before_it_begins(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A response that cannot be sent is a failure for its dependencies, and background tasks do not run."""
    log: list[str] = []

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("broken")

    app = HawkAPI()

    @app.get("/", response_model=None)
    async def handler(tasks: BackgroundTasks, a: Annotated[str, Depends(opener(log, "a", kind))]) -> Any:
        tasks.add_task(log.append, "background")
        return broken

    assert asyncio.run(exchange(app, log))[0]["status"] == 500
    assert log == ["open a", "sent", "a saw LookupError", "close a"]


@KINDS
def test_cancelled_request_closes(kind: str) -> None:
    """A request that is cancelled while its handler runs leaves nothing open."""
    log: list[str] = []
    begun = asyncio.Event()
    app = HawkAPI()

    @app.get("/")
    async def handler(a: Annotated[str, Depends(opener(log, "a", kind))]) -> None:
        begun.set()
        await asyncio.Event().wait()

    asyncio.run(cancelled(app, log, begun))
    assert log == ["open a", "a saw CancelledError", "close a"]


def test_request_cancelled_while_a_plain_generator_opens() -> None:
    """A thread cannot be interrupted; what it opens for a request that has gone is closed by it."""
    entered, go_on, closed = threading.Event(), threading.Event(), threading.Event()

    def slow() -> Generator[None]:
        entered.set()
        assert go_on.wait(10)
        try:
            yield
        finally:
            closed.set()

    app = HawkAPI()
    app.get("/", dependencies=[Depends(slow)])(failing("x", LookupError()))

    async def cancel() -> None:
        task = asyncio.ensure_future(exchange(app, []))
        assert await asyncio.to_thread(entered.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not closed.is_set()
        go_on.set()
        assert await asyncio.to_thread(closed.wait, 10)

    asyncio.run(cancel())


def test_plain_generator_keeps_its_context_variables() -> None:
    """Both halves of a plain generator run in one context: a token from the first is good in the second."""
    user: ContextVar[str] = ContextVar("user")
    log: list[str] = []

    def as_user() -> Generator[str]:
        token = user.set("someone")
        yield user.get()
        user.reset(token)
        log.append(user.get("nobody"))

    app = HawkAPI()

    @app.get("/")
    async def handler(name: Annotated[str, Depends(as_user)]) -> str:
        return name

    assert (request(app, "GET", "/").json(), log) == ("someone", ["nobody"])


def test_generator_that_depends_on_another() -> None:
    """Nested generators are closed from the inside out, and one that is shared once."""
    log: list[str] = []
    connection = opener(log, "connection", "plain")

    async def session(held: Annotated[str, Depends(connection)]) -> AsyncGenerator[str]:
        log.append("open session")
        yield f"session of {held}"
        log.append("close session")

    app = HawkAPI()

    @app.get("/")
    async def handler(s: Annotated[str, Depends(session)], c: Annotated[str, Depends(connection)]) -> list[str]:
        return [s, c]

    assert request(app, "GET", "/").json() == ["session of connection", "connection"]
    assert log == ["open connection", "open session", "close session", "close connection"]


def test_outliving_a_function_scope_is_refused() -> None:
    """Who is closed after the response cannot use what is closed before it."""

    async def short() -> AsyncGenerator[int]:
        yield 1

    async def long(value: Annotated[int, Depends(short, scope="function")]) -> AsyncGenerator[int]:
        yield value

    async def handler(value: Annotated[int, Depends(long)]) -> int:
        return value

    with pytest.raises(UnsupportedTypeError, match="value is closed before the response is sent"):
        HawkAPI().get("/x")(handler)


@pytest.mark.race
def test_more_open_generators_than_threads() -> None:
    """Requests whose plain generators outnumber the threads three to one all end: none holds a thread while open."""
    app = HawkAPI(worker_threads=4)
    barrier = asyncio.Barrier(300)
    closed: list[int] = []

    def held() -> Generator[int]:
        yield threading.get_ident()
        closed.append(1)

    def user(held_one: Annotated[int, Depends(held)]) -> Generator[int]:
        yield held_one
        closed.append(2)

    @app.get("/")
    async def handler(a: Annotated[int, Depends(held)], b: Annotated[int, Depends(user)]) -> int:
        await barrier.wait()
        return 1

    assert (statuses(app, 300), len(closed)) == ({200}, 600)


def test_generators_that_wait_for_what_others_hold() -> None:
    """Requests that wait for a connection leave threads to those that have one, however these go on."""
    app = HawkAPI(worker_threads=2)
    connections, locks = threading.Semaphore(2), threading.Semaphore(1)

    def connection() -> Generator[None]:
        assert connections.acquire(timeout=10)
        yield
        connections.release()

    def lock(held: Annotated[None, Depends(connection)]) -> Generator[None]:
        assert locks.acquire(timeout=10)
        yield
        locks.release()

    def plain(held: Annotated[None, Depends(lock)]) -> int:
        return 1

    @app.get("/")
    def handler(given: Annotated[int, Depends(plain)]) -> int:
        return given

    assert statuses(app, 30) == {200}


@pytest.mark.parametrize("fails", [False, True])
def test_cancellation_while_closing_is_not_lost(fails: bool) -> None:
    """Who cancels a request whose dependencies are being closed sees it cancelled; no response goes out after that."""
    log: list[str] = []
    closing = asyncio.Event()
    app = HawkAPI()

    async def slow() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            closing.set()
            await asyncio.Event().wait()

    @app.get("/")
    async def handler(
        a: Annotated[str, Depends(opener(log, "a", "async"))], b: Annotated[None, Depends(slow, scope="function")]
    ) -> None:
        if fails:
            raise HTTPException(409)

    asyncio.run(cancelled(app, log, closing))
    assert log == ["open a", "a saw CancelledError", "close a"]


def test_request_cancelled_while_a_plain_generator_closes() -> None:
    """It is closed all the same, also if no thread is free for that yet, and before those that it depends on."""
    log: list[str] = []
    closing, go_on = threading.Event(), threading.Event()
    app = HawkAPI(worker_threads=1)

    def slow() -> Generator[None]:
        yield
        closing.set()
        go_on.wait(10)

    @app.get("/slow")
    async def keeps_the_thread(a: Annotated[None, Depends(slow)]) -> None: ...

    outer = opener(log, "outer", "async")

    def waits(given: Annotated[str, Depends(outer)]) -> Generator[None]:
        yield
        log.append("close inner")

    @app.get("/")
    async def handler(a: Annotated[None, Depends(waits)]) -> None: ...

    async def cancel() -> None:
        first = asyncio.ensure_future(asyncio.to_thread(request, app, "GET", "/slow"))
        await asyncio.to_thread(closing.wait, 10)
        task = asyncio.ensure_future(exchange(app, log))
        while "sent" not in log:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await first

    asyncio.run(cancel())
    assert log == ["open outer", "sent", "close inner", "outer saw CancelledError", "close outer"]
