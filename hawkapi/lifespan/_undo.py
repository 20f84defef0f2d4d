"""What was started, and how it is undone: the last first, each part whatever the others do."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any, Self, final

from hawkapi.exceptions import exit_details

logger = logging.getLogger("hawkapi")

type Part = Callable[[], object]
"""A function, plain or async; what it returns is of no interest."""


async def call(part: Part) -> None:
    """Call a function on the event loop, and await what it returns if that is awaitable."""
    result = part()
    if inspect.isawaitable(result):
        await result


async def run_all(parts: Iterable[tuple[str, Part]]) -> list[Exception]:
    """Run parts one after the other, and return what they raised; each failure is logged with its traceback at once.

    A cancellation, or another exception that is no `Exception`, is raised again after the last part.
    """
    errors: list[Exception] = []
    interruption: BaseException | None = None
    for what, part in parts:
        try:
            await call(part)
        except Exception as exc:
            logger.exception("shutdown: %s failed", what)
            errors.append(exc)
        except GeneratorExit:
            raise  # The loop is closed: nothing can be awaited any more.
        except BaseException as exc:  # noqa: BLE001 - it is raised below
            interruption = interruption or exc
    if interruption is not None:
        raise interruption
    return errors


@final
class Undo:
    """What is left to undo in one loop. Left as a context manager, it undoes everything.

    Loop-bound, and used by one task only, as context managers and cancel scopes need.
    """

    __slots__ = ("_interruption", "_parts")

    def __init__(self) -> None:
        self._parts: list[tuple[str, Part]] = []
        self._interruption: BaseException | None = None

    def push(self, what: str, part: Part) -> None:
        """Undo a part before those that are there already; `what` is for the log."""
        self._parts.append((what, part))

    async def enter(self, manager: AbstractAsyncContextManager[Any], what: str) -> object:
        """Enter a context manager and return what it gives; it is left with a cancellation, but not with failures."""
        given: object = await manager.__aenter__()
        self.push(what, lambda: manager.__aexit__(*exit_details(self._interruption)))
        return given

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, exc: BaseException | None, traceback: object) -> None:
        if isinstance(exc, GeneratorExit):
            return  # The loop is closed: nothing can be awaited any more.
        if not isinstance(exc, Exception):
            self._interruption = exc
        await run_all(reversed(self._parts))
