"""Start-up and shutdown where a server asks for them in two plain calls per worker, around its use of an event loop.

Both run the loop: `start` until start-up is over, `stop` until shutdown is. In between, one task of that loop stands in
the application's lifespan, as ASGI has it, so that what start-up entered is left in the same task.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any, final

from hawkapi._threading import AsyncEvent
from hawkapi.exceptions import LifespanError, describe_exception
from hawkapi.types import ASGIApp, Message

logger = logging.getLogger("hawkapi")


@final
class LoopLifespan:
    """The lifespan of an application on one event loop. Loop-bound; the loop does not run when this is called.

    Args:
        app: the application.
    """

    __slots__ = ("_answered", "_app", "_asked", "_stopping", "_task", "failure", "state")

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._asked = False
        self._answered = AsyncEvent()
        self._stopping = AsyncEvent()
        self._task: asyncio.Task[None] | None = None
        self.failure: str | None = None
        """Why start-up has failed."""
        self.state: dict[str, Any] = {}
        """The lifespan state."""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run start-up.

        Raises:
            LifespanError: it failed; its traceback has been logged.
        """
        loop.run_until_complete(self._start())
        if self.failure is not None:
            raise LifespanError(f"start-up failed: {self.failure}")

    def stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run shutdown, whose failures are logged."""
        if self._task is not None:
            self._stopping.set()
            try:
                loop.run_until_complete(self._task)
            except (Exception, asyncio.CancelledError):
                logger.exception("shutdown failed")

    async def receive(self) -> Message:
        """Give the application `lifespan.startup`, and `lifespan.shutdown` when the time has come."""
        if not self._asked:
            self._asked = True
            return {"type": "lifespan.startup"}
        await self._stopping.wait()
        return {"type": "lifespan.shutdown"}

    async def send(self, message: Message) -> None:
        """Take the answer of the application."""
        if message["type"] == "lifespan.startup.failed":
            self.failure = message.get("message") or "the application gives no reason"
        self._answered.set()

    async def _start(self) -> None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        task = asyncio.ensure_future(self._run(scope))
        await self._answered.wait()
        if self.failure is None:
            self._task = task
        else:
            await task

    async def _run(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self.receive, self.send)
        except BaseException as exc:
            # What a start-up hook was cancelled with counts, too; the loop itself lets go of the other two.
            if self._answered.is_set() or isinstance(exc, KeyboardInterrupt | SystemExit):
                raise
            logger.exception("start-up failed")
            self.failure = describe_exception(exc)
        finally:
            self._answered.set()
