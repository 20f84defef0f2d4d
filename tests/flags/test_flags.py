"""`Flags`: questions, contexts, and the plugins that hear of the answers."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import logging
import weakref
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from asgi import http_scope, request

from hawkapi import Depends, HawkAPI, HTTPException, Request
from hawkapi.flags import EvalContext, FlagDisabled, Flags, StaticFlagProvider, get_flags

PROVIDER = StaticFlagProvider({"on": True, "off": False, "colour": "red", "ratio": 0.25})


class Recorder:
    """A provider that answers with the context it is asked in."""

    async def get_bool(self, key: str, default: bool, *, context: EvalContext | None = None) -> Any:
        return context

    async def get_string(self, key: str, default: str, *, context: EvalContext | None = None) -> Any:
        return context

    async def get_number(self, key: str, default: float, *, context: EvalContext | None = None) -> Any:
        return context


def test_questions() -> None:
    """Each kind of question has its kind of answer, and a default."""

    async def ask() -> list[object]:
        flags = Flags(PROVIDER)
        return [
            await flags.bool("on"),
            await flags.bool("unknown"),
            await flags.bool("unknown", True),
            await flags.string("colour"),
            await flags.string("unknown"),
            await flags.string("unknown", "blue"),
            await flags.number("ratio"),
            await flags.number("unknown"),
            await flags.number("unknown", default=2.5),
        ]

    assert asyncio.run(ask()) == [True, False, True, "red", "", "blue", 0.25, 0.0, 2.5]


def test_require() -> None:
    """What is on is not refused."""
    asyncio.run(Flags(PROVIDER).require("on"))


@pytest.mark.parametrize("key", ["off", "unknown"])
def test_require_what_is_off(key: str) -> None:
    """What is off ends the request with 404."""
    with pytest.raises(FlagDisabled, match=f"flag '{key}' disabled") as caught:
        asyncio.run(Flags(PROVIDER).require(key))
    assert (caught.value.key, caught.value.status_code) == (key, 404)
    assert isinstance(caught.value, HTTPException)


def test_flag_disabled_in_a_handler() -> None:
    """Nobody need catch it: the client sees 404; a handler for the class may say otherwise."""
    app = HawkAPI(flags=PROVIDER)

    @app.get("/")
    async def read(request: Request) -> None:
        await (await get_flags(request)).require("off")

    first = request(app, "GET", "/")

    @app.exception_handler(FlagDisabled)
    async def disabled(request: Request, exc: FlagDisabled) -> Any:
        return {"off": exc.key}

    second = request(app, "GET", "/")
    assert (first.status, first.json()["detail"]) == (404, "flag 'off' disabled")
    assert (second.status, second.json()) == (500, {"off": "off"})


def test_contexts() -> None:
    """The context of a call replaces the stored one, for every kind of question."""
    stored, given = EvalContext(user_id="1"), EvalContext(tenant_id="2")
    flags: Any = Flags(Recorder(), stored)

    async def ask() -> list[object]:
        questions = (flags.bool, flags.string, flags.number)
        return [await ask("x", context=context) for ask in questions for context in (None, given)]

    assert asyncio.run(ask()) == [stored, given] * 3


def test_context_is_immutable() -> None:
    """Neither its attributes nor its default mappings can be changed."""
    context: Any = EvalContext()
    assert (context.user_id, context.tenant_id, dict(context.headers), dict(context.attrs)) == (None, None, {}, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        context.user_id = "1"
    with pytest.raises(TypeError):
        context.headers["x"] = "1"
    with pytest.raises(TypeError):
        context.attrs["x"] = "1"


def test_get_flags() -> None:
    """The provider is the application's; the context knows the header fields, and believes no client who it is."""
    app = HawkAPI(flags=Recorder())

    async def ask() -> EvalContext:
        headers = [("X-User-Id", "1"), ("X-Tenant-Id", "2"), ("Accept", "a"), ("accept", "b")]
        flags: Any = await get_flags(Request(http_scope("GET", "/", headers, app=app), asyncio.Queue().get))
        context: EvalContext = await flags.bool("x")
        return context

    context = asyncio.run(ask())
    assert (context.user_id, context.tenant_id) == (None, None)
    assert (context.headers["X-USER-ID"], "Accept" in context.headers, context.headers.get("x")) == ("1", True, None)
    assert context.headers == {"x-user-id": "1", "x-tenant-id": "2", "accept": "b"}
    assert len(context.headers) == 3


@pytest.mark.parametrize("extra", [{}, {"app": object()}], ids=["no-app", "other-app"])
def test_get_flags_without_flags(extra: dict[str, Any]) -> None:
    """Where there is no application of ours, every flag is its default."""

    async def ask() -> bool:
        flags = await get_flags(Request(http_scope("GET", "/", **extra), asyncio.Queue().get))
        return await flags.bool("on", True)

    assert asyncio.run(ask()) is True


def test_get_flags_as_a_dependency() -> None:
    """A handler gets the flags of its application, which is how the page asks for them."""
    app = HawkAPI(flags=PROVIDER)

    @app.get("/")
    async def read(flags: Annotated[Flags, Depends(get_flags)]) -> list[object]:
        return [await flags.bool("on"), await flags.string("colour")]

    @app.get("/old")
    async def read_as_default(flags: Flags = Depends(get_flags)) -> float:
        return await flags.number("ratio")

    assert [request(app, "GET", path).json() for path in ("/", "/old")] == [[True, "red"], 0.25]


def test_flags_of_an_application() -> None:
    """They are the given object, or a provider without flags."""
    assert HawkAPI(flags=PROVIDER).flags is PROVIDER
    assert isinstance(HawkAPI().flags, StaticFlagProvider)
    assert asyncio.run(HawkAPI().flags.get_bool("on", False)) is False


def test_plugins_hear_of_answers() -> None:
    """Each plugin with the hook is told key, value and context after each answer; others are left alone."""
    heard: list[tuple[object, ...]] = []
    plugin = SimpleNamespace(on_flag_evaluated=lambda *arguments: heard.append(arguments))
    app = SimpleNamespace(plugins=(SimpleNamespace(), plugin))
    context = EvalContext(user_id="1")

    async def ask() -> None:
        flags = Flags(PROVIDER, app=app)
        await flags.bool("on")
        await flags.string("colour", context=context)
        await flags.number("ratio")
        with pytest.raises(FlagDisabled):
            await flags.require("off")

    asyncio.run(ask())
    assert heard == [("on", True, None), ("colour", "red", context), ("ratio", 0.25, None), ("off", False, None)]


def test_failing_hooks(caplog: pytest.LogCaptureFixture) -> None:
    """What a hook raises, at once or later, is logged with the plugin and the flag, and the answer comes."""

    class Broken:
        def on_flag_evaluated(self, key: str, value: object, context: object) -> None:
            raise LookupError("at once")

    class BrokenLater:
        async def on_flag_evaluated(self, key: str, value: object, context: object) -> None:
            raise LookupError("later")

    async def ask() -> bool:
        answer = await Flags(PROVIDER, app=SimpleNamespace(plugins=(Broken(), BrokenLater()))).bool("on")
        await asyncio.sleep(0)
        return answer

    assert asyncio.run(ask()) is True
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.ERROR, "on_flag_evaluated of plugin Broken failed for flag 'on'"),
        (logging.ERROR, "on_flag_evaluated of plugin BrokenLater failed for flag 'on'"),
    ]


def test_async_hooks_run_beside_the_request() -> None:
    """An async hook does not hold up the answer, and its task is not collected before it has ended."""
    app = HawkAPI(flags=PROVIDER)

    async def ask() -> list[int]:
        waiting: list[weakref.ref[asyncio.Future[None]]] = []
        ended = asyncio.Event()

        class Slow:
            async def on_flag_evaluated(self, key: str, value: object, context: object) -> None:
                # Only the task knows this future, and only the future knows the task.
                future = asyncio.get_running_loop().create_future()
                waiting.append(weakref.ref(future))
                await future
                ended.set()

        owner: Any = SimpleNamespace(plugins=(Slow(),), _flag_hooks=app._flag_hooks)
        assert await Flags(PROVIDER, app=owner).bool("on") is True
        await asyncio.sleep(0)
        running = len(app._flag_hooks)
        gc.collect()
        future = waiting[0]()
        assert future is not None
        future.set_result(None)
        await ended.wait()
        await asyncio.sleep(0)
        return [running, len(app._flag_hooks)]

    assert asyncio.run(ask()) == [1, 0]


def test_hooks_of_a_loop_that_ends() -> None:
    """A hook that is cancelled with its loop is forgotten."""
    app = HawkAPI()

    class Endless:
        async def on_flag_evaluated(self, key: str, value: object, context: object) -> None:
            await asyncio.Event().wait()

    owner: Any = SimpleNamespace(plugins=(Endless(),), _flag_hooks=app._flag_hooks)

    async def ask() -> int:
        await Flags(PROVIDER, app=owner).bool("on")
        await asyncio.sleep(0)
        return len(app._flag_hooks)

    assert asyncio.run(ask()) == 1
    assert len(app._flag_hooks) == 0
