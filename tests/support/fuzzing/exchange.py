"""`exchange`: one case given to an application, within a budget, and everything that it did."""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final

from fuzzing.cases import Case

_NEW_EACH_TIME: Final = (
    (b"content-type", re.compile(rb"boundary=\"?([^\";]+)")),
    (b"content-security-policy", re.compile(rb"'nonce-([^']+)'")),
)
"""What a field names that is drawn for each answer: the boundary of byte ranges, and the nonce of scripts."""


@dataclass(frozen=True)
class Budget:
    """What one request may use; exceeding it is a hang."""

    steps: int = 20_000
    """Calls of `receive` and `send`."""
    seconds: float = 20.0
    """Far more than any request needs on a loaded machine."""
    body: int = 64 * 1024 * 1024
    """Bytes sent."""


class BudgetExceededError(BaseException):
    """The application used too much; not an `Exception`, so that it does not become a response."""


@dataclass
class Exchange:
    """A case and what became of it."""

    case: Case
    messages: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None
    """What came out of the application."""
    hang: str = ""
    """How the budget was exceeded."""

    @property
    def status(self) -> int:
        """The status that was sent, 0 for none."""
        start = self.messages[0] if self.messages else {}
        status = start.get("status", 0)
        return status if type(status) is int else 0

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """The fields that were sent."""
        return list(self.messages[0].get("headers", ())) if self.messages else []

    @property
    def body(self) -> bytes:
        """The body that was sent."""
        return b"".join(bytes(message.get("body", b"")) for message in self.messages[1:])

    @property
    def content_type(self) -> bytes:
        """The media type that was sent, without parameters."""
        return dict(self.headers).get(b"content-type", b"").partition(b";")[0]

    def canonical(self) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
        """Return the answer without what may differ between two answers to the same request.

        A client that left may have seen a part of the answer or nothing: nothing is compared then.
        """
        if self.case.leaves:
            return 0, [], b""
        headers, body = sorted(self.headers), self.body
        for name, pattern in _NEW_EACH_TIME:
            found = pattern.search(dict(headers).get(name, b""))
            if found is not None:
                headers = [(key, value.replace(found[1], b"NEW")) for key, value in headers]
                body = body.replace(found[1], b"NEW")
        return self.status, headers, body

    def digest(self) -> bytes:
        """Return eight bytes that stand for the canonical answer."""
        return hashlib.blake2b(repr(self.canonical()).encode(), digest_size=8).digest()


async def exchange(app: Any, case: Case, budget: Budget) -> Exchange:
    """Give a case to an application, as a server does.

    After the body `receive` waits until the answer has been sent, and says then that the client has left.
    """
    result = Exchange(case)
    wire = _Wire(result, budget)
    try:
        async with asyncio.timeout(budget.seconds):
            await app(case.scope(), wire.receive, wire.send)
    except BudgetExceededError as exc:
        result.hang = str(exc)
    except TimeoutError as exc:
        # The application's own error looks the same; it came before the time was over.
        if exc.__cause__ is None:
            result.error = exc
        else:
            result.hang = f"more than {budget.seconds} seconds"
    except BaseException as exc:
        if isinstance(exc, KeyboardInterrupt):
            raise
        result.error = exc
    return result


class _Wire:
    """The two callables of one request."""

    def __init__(self, result: Exchange, budget: Budget) -> None:
        case = result.case
        chunks = case.chunks or (b"",)
        last = len(chunks) - 1
        self._incoming = [
            {"type": "http.request", "body": chunk, "more_body": index < last or case.leaves}
            for index, chunk in enumerate(chunks)
        ][::-1]
        self._result = result
        self._budget = budget
        self._steps = 0
        self._size = 0
        self._ended = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        self._step()
        if self._incoming:
            return self._incoming.pop()
        if not self._result.case.leaves:
            await self._ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self._step()
        self._result.messages.append(message)
        self._size += len(message.get("body", b""))
        if self._size > self._budget.body:
            raise BudgetExceededError(f"more than {self._budget.body} bytes were sent")
        if message.get("type") == "http.response.body" and not message.get("more_body", False):
            self._ended.set()
        # As a server does now and then, so that other tasks of the request run.
        await asyncio.sleep(0)

    def _step(self) -> None:
        self._steps += 1
        if self._steps > self._budget.steps:
            raise BudgetExceededError(f"more than {self._budget.steps} calls of receive and send")
