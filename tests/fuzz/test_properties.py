"""The fuzz harness notices: for each property there is an application, broken on purpose, that it must catch."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from fuzzing.campaign import campaign, cases
from fuzzing.cases import Case
from fuzzing.exchange import Budget, exchange
from fuzzing.memory import MemoryWatch, Usage
from fuzzing.properties import PROPERTIES, violations
from subprocesses import run_python

BUDGET = Budget(steps=100, seconds=0.05, body=1000)
"""Small, because the applications here hang on purpose; a correct one would need none of it."""

Send = Callable[[dict[str, Any]], Any]


def start(status: Any = 200, *headers: tuple[Any, Any]) -> dict[str, Any]:
    """Return the first message of an answer."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def body(content: Any = b"", more: Any = False) -> dict[str, Any]:
    """Return another."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def sends(*messages: dict[str, Any]) -> Any:
    """Return an application that sends messages and has read the request before."""

    async def app(scope: dict[str, Any], receive: Any, send: Send) -> None:
        while (await receive()).get("more_body", False):
            pass
        for message in messages:
            await send(message)

    return app


async def raises(scope: Any, receive: Any, send: Any) -> None:
    raise LookupError("escaped")


async def cancels(scope: Any, receive: Any, send: Any) -> None:
    raise asyncio.CancelledError


async def raises_timeout(scope: Any, receive: Any, send: Any) -> None:
    raise TimeoutError("its own")


async def waits(scope: Any, receive: Any, send: Any) -> None:
    await asyncio.get_running_loop().create_future()


async def waits_for_more(scope: Any, receive: Any, send: Any) -> None:
    while True:
        await receive()


async def receives_for_ever(scope: Any, receive: Any, send: Any) -> None:
    while True:
        with suppress(Exception):
            await receive()


async def sends_for_ever(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    while True:
        await send(body(b"", more=True))


async def sends_too_much(scope: Any, receive: Any, send: Any) -> None:
    await send(start())
    while True:
        await send(body(b"x" * 500, more=True))


BROKEN: dict[str, tuple[Any, str]] = {
    "exception": (raises, "escape"),
    "cancelled": (cancels, "escape"),
    "own-timeout": (raises_timeout, "escape"),
    "waits": (waits, "hang"),
    "waits-for-a-body-that-has-ended": (waits_for_more, "hang"),
    "sends-for-ever": (sends_for_ever, "hang"),
    "sends-too-much": (sends_too_much, "hang"),
    "server-error": (sends(start(500), body(b"oops")), "server-error"),
    "unavailable": (sends(start(503), body(b"oops")), "server-error"),
    "nothing": (sends(), "messages"),
    "only-a-start": (sends(start()), "messages"),
    "two-starts": (sends(start(), start(), body()), "messages"),
    "body-first": (sends(body(), start()), "messages"),
    "no-end": (sends(start(), body(b"x", more=True)), "messages"),
    "two-ends": (sends(start(), body(), body()), "messages"),
    "more-after-the-end": (sends(start(), body(), body(b"", more=True)), "messages"),
    "unknown-message": (sends(start(), {"type": "http.response.debug"}, body()), "messages"),
    "status-is-text": (sends(start("200"), body()), "types"),
    "status-is-interim": (sends(start(101), body()), "types"),
    "status-is-large": (sends(start(600), body()), "types"),
    "name-is-text": (sends(start(200, ("x", b"y")), body()), "types"),
    "value-is-text": (sends(start(200, (b"x", "y")), body()), "types"),
    "body-is-a-bytearray": (sends(start(), body(bytearray(b"x"))), "types"),
    "more-is-none": (sends(start(), body(b"", more=None)), "types"),
    "name-in-capitals": (sends(start(200, (b"X-Y", b"z")), body()), "fields"),
    "name-with-space": (sends(start(200, (b"x y", b"z")), body()), "fields"),
    "no-name": (sends(start(200, (b"", b"z")), body()), "fields"),
    "value-with-line-break": (sends(start(200, (b"x", b"a\r\nb: c")), body()), "fields"),
    "value-with-nul": (sends(start(200, (b"x", b"a\0")), body()), "fields"),
    "value-with-space-around": (sends(start(200, (b"x", b" a")), body()), "fields"),
    "two-types": (sends(start(200, (b"content-type", b"a/b"), (b"content-type", b"a/b")), body()), "fields"),
    "405-without-allow": (sends(start(405), body()), "fields"),
    "416-without-range": (sends(start(416), body()), "fields"),
    "length-too-large": (sends(start(200, (b"content-length", b"2")), body(b"x")), "length"),
    "length-too-small": (sends(start(200, (b"content-length", b"0")), body(b"x")), "length"),
    "length-is-no-number": (sends(start(200, (b"content-length", b"x")), body(b"x")), "length"),
    "no-content-with-length": (sends(start(204, (b"content-length", b"0")), body()), "length"),
    "no-content-with-body": (sends(start(204), body(b"x")), "length"),
    "not-modified-with-body": (sends(start(304), body(b"x")), "length"),
    "transfer-encoding": (sends(start(200, (b"transfer-encoding", b"chunked")), body(b"x")), "length"),
    "no-json": (sends(start(200, (b"content-type", b"application/json")), body(b"{")), "document"),
    "nan": (sends(start(200, (b"content-type", b"application/json")), body(b"[NaN]")), "document"),
    "json-not-utf-8": (sends(start(200, (b"content-type", b"application/json")), body(b'"\xff"')), "document"),
    "other-status": (
        sends(start(400, (b"content-type", b"application/problem+json")), body(b'{"status":404}')),
        "document",
    ),
}
GOOD: dict[str, Any] = {
    "text": sends(start(200, (b"content-type", b"text/plain"), (b"content-length", b"1")), body(b"x")),
    "parts": sends(start(), body(b"x", more=True), body()),
    "no-content": sends(start(204), body()),
    "not-modified": sends(start(304, (b"etag", b'"x"'), (b"content-length", b"5")), body()),
    "odd-but-legal": sends(start(299, (b"x!#$%&'*+-.^_`|~", b"\xff \t,"), (b"x", b""), (b"x", b"")), body()),
    "problem": sends(start(404, (b"content-type", b"application/problem+json")), body(b'{"status":404}')),
}


@pytest.mark.parametrize(("app", "name"), BROKEN.values(), ids=BROKEN)
def test_broken_application_is_caught(app: Any, name: str) -> None:
    """The property that does not hold is named."""
    found = violations(asyncio.run(exchange(app, Case(), BUDGET)))
    assert name in {violation.name for violation in found}


@pytest.mark.parametrize("app", GOOD.values(), ids=GOOD)
def test_good_application_is_not(app: Any) -> None:
    """Nothing is found where nothing is wrong."""
    assert violations(asyncio.run(exchange(app, Case(), Budget()))) == []


def test_every_property_has_a_broken_application() -> None:
    """No property is there that nothing shows to work."""
    assert {name for _, name in BROKEN.values()} == set(PROPERTIES)


def test_crash_that_is_meant() -> None:
    """The route that is there to crash may, with or without a slash; others may not."""
    app = sends(start(500), body(b"oops"))
    for path, count in ((b"/crash", 0), (b"/crash/", 0), (b"/crash/x", 1), (b"/", 1)):
        assert len(violations(asyncio.run(exchange(app, Case(path=path), BUDGET)))) == count


def test_body_in_the_answer_to_head() -> None:
    """It is caught, and the length that GET would have is not."""
    case = Case("HEAD")
    good = sends(start(200, (b"content-length", b"5")), body())
    bad = sends(start(200, (b"content-length", b"5")), body(b"hello"))
    assert violations(asyncio.run(exchange(good, case, BUDGET))) == []
    assert [found.name for found in violations(asyncio.run(exchange(bad, case, BUDGET)))] == ["length"]


def test_client_that_leaves() -> None:
    """No answer, a whole one and a part of one are all right; an exception is not."""
    case = Case("POST", chunks=(b"x",), leaves=True)
    part = sends(start(200, (b"content-length", b"5")), body(b"he", more=True))
    for app in (sends(), part, GOOD["text"]):
        assert violations(asyncio.run(exchange(app, case, BUDGET))) == []
    assert violations(asyncio.run(exchange(raises, case, BUDGET)))


async def by_chunk(scope: Any, receive: Any, send: Send) -> None:
    """Answer with the length of the first chunk instead of that of the body."""
    message = await receive()
    size = b"%d" % len(message["body"])
    while message.get("more_body", False):
        message = await receive()
    await send(start())
    await send(body(size))


def test_chunks_that_matter_are_caught() -> None:
    """An answer must not depend on how the body was cut."""
    with campaign(by_chunk, 0) as running:
        _, found = running.judge(Case("POST", chunks=(b"ab", b"c")))
        _, nothing = running.judge(Case("POST", chunks=(b"abc",)))
    assert [violation.name for violation in found] == ["chunks"]
    assert nothing == []


@pytest.mark.parametrize(
    ("usages", "fine"),
    [
        pytest.param([Usage(1000, 0), Usage(1000, 0)], True, id="level"),
        pytest.param([Usage(1000, 0), Usage(1100, 0)], True, id="a-little"),
        pytest.param([Usage(1000, 0), Usage(1301, 0)], False, id="blocks"),
        pytest.param([Usage(1000, 0), Usage(1000, 5001)], False, id="resident"),
    ],
)
def test_growing_memory_is_caught(usages: list[Usage], fine: bool) -> None:
    """Blocks and bytes that stay are noticed."""
    watch = MemoryWatch(iter(usages).__next__, blocks_per_request=0.2, least_blocks=150, resident=5000)
    watch.begin(500)
    assert (watch.judge(2000) is None) == fine


def test_leaking_application_is_caught() -> None:
    """An application that keeps something of each request is noticed in a run."""
    kept: list[object] = []

    async def leaks(scope: Any, receive: Any, send: Any) -> None:
        kept.append([[number] for number in range(30)])
        await GOOD["text"](scope, receive, send)

    for app, leaky in ((leaks, True), (GOOD["text"], False)):
        watch = MemoryWatch(blocks_per_request=15, least_blocks=1000)
        with campaign(app, 1, ("path",), memory=watch) as running:
            assert (running.run(cases(1000)).memory is not None) == leaky


def test_loop_that_is_kept_is_caught() -> None:
    """A request that never lets the event loop go ends the process, which says what it was doing."""
    program = """if True:
        from fuzzing.watchdog import Watchdog
        with Watchdog(0.2, lambda: "the case") as dog:
            dog.alive()
            while True:
                pass
    """
    done = run_python("-c", f"import sys; sys.path.insert(0, {SUPPORT!r}); exec({program!r})")
    assert (done.returncode, "the case" in done.stdout) == (4, True)


SUPPORT = __import__("fuzzing").__path__[0].rpartition("/")[0]
