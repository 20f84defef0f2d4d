"""Telling plugins what flags were, without letting them hold up or break who asked."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable
from typing import Any, Final, final

logger = logging.getLogger("hawkapi")

FAILED: Final = "on_flag_evaluated of plugin %s failed for flag %r"


@final
class HookTasks:
    """The hooks that are still running.

    Thread-safe: the tasks of every event loop are in one set.
    """

    def __init__(self) -> None:
        # THREADS: relies on `add` and `discard` of a set being atomic; nothing walks over it. A loop keeps only weak
        # references to tasks, so these keep them alive. A task is removed when it ends, also cancelled; one whose loop
        # is closed under it never ends, and stays as long as the application.
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, awaitable: Awaitable[object], plugin: object, key: str) -> None:
        """Run a hook in a task of the running event loop."""
        task = asyncio.get_running_loop().create_task(_finish(awaitable, plugin, key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def __len__(self) -> int:
        return len(self._tasks)


def notify(app: Any, tasks: HookTasks, key: str, value: object, context: object) -> None:
    """Call `on_flag_evaluated(key, value, context)` of each plugin of an application that has it.

    What a hook raises is logged. One that gives an awaitable goes on in a task.
    """
    for plugin in getattr(app, "plugins", ()):
        hook = getattr(plugin, "on_flag_evaluated", None)
        if hook is None:
            continue
        try:
            result = hook(key, value, context)
            if inspect.isawaitable(result):
                tasks.start(result, plugin, key)
        except Exception:
            logger.exception(FAILED, type(plugin).__name__, key)


async def _finish(awaitable: Awaitable[object], plugin: object, key: str) -> None:
    try:
        await awaitable
    except Exception:
        logger.exception(FAILED, type(plugin).__name__, key)
