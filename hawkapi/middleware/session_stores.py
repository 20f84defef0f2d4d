"""Where sessions are kept that are not in a cookie: in the process, or in files. `session_redis.py` has one more."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, final, runtime_checkable

from hawkapi._threading import named_lock

__all__ = ["FileSessionStore", "MemorySessionStore", "SessionStore"]

DROPPED_AT_ONCE: Final = 2
"""Old sessions that one new one drops: more than it makes, so the table shrinks, and never all of them at once."""

UNFINISHED_S: Final = 3600
"""After this time a session without content is what a process has left that was killed while it made one."""


@runtime_checkable
class SessionStore(Protocol):
    """Keeps sessions by key, for some seconds each. One object serves all threads and event loops.

    Keys are 64 hexadecimal digits. They are made of what clients send, and do not tell it: who reads the store cannot
    take a session over. Texts are JSON without surrogates. What a method raises is answered as what a handler raises.
    """

    async def read(self, key: str) -> str | None:
        """Return a session, or `None` if there is none, or none any more."""
        ...

    async def create(self, key: str, text: str, max_age: int) -> None:
        """Keep a new session for so many seconds."""
        ...

    async def replace(self, key: str, text: str, max_age: int) -> bool:
        """Change a session, which is kept for so many seconds from now; return whether it was there.

        A session that was deleted meanwhile must not come back: somebody has logged out.
        """
        ...

    async def delete(self, key: str) -> None:
        """Forget a session, if it is there."""
        ...


@final
class MemorySessionStore:
    """Keeps sessions in this process, for all its threads; they end with it.

    Args:
        max_sessions: at most so many, default 10 000; then the one that was changed longest ago goes.
        clock: seconds from any moment on, never going back; default `time.monotonic`.

    Raises:
        ValueError: the number is out of its range.

    Thread-safe.
    """

    def __init__(self, *, max_sessions: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        if max_sessions < 1:
            raise ValueError(f"max_sessions is {max_sessions}; it must be at least 1")
        self._max_sessions = max_sessions
        self._clock = clock
        # Protects the table and its order, for a few statements that call nothing of the user's.
        self._lock = named_lock("memory_sessions")
        self._sessions: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def __len__(self) -> int:
        """How many are kept now, some of which may have expired."""
        return len(self._sessions)

    async def read(self, key: str) -> str | None:
        """Return a session, or `None` if there is none."""
        now = self._clock()
        with self._lock:
            return self._current(key, now)

    async def create(self, key: str, text: str, max_age: int) -> None:
        """Keep a new session."""
        now = self._clock()
        with self._lock:
            self._put(key, text, now + max_age, now)

    async def replace(self, key: str, text: str, max_age: int) -> bool:
        """Change a session that is there."""
        now = self._clock()
        with self._lock:
            if self._current(key, now) is None:
                return False
            self._put(key, text, now + max_age, now)
            return True

    async def delete(self, key: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(key, None)

    def _current(self, key: str, now: float) -> str | None:
        # PERF: on 3.13t `get` takes the dict's own lock twice where the key is another string than the one that another
        # thread has stored, and spins: 31 us instead of 0.2 for `in` and `[]`; the lock of the store is held anyway.
        if key not in self._sessions:
            return None
        expires, text = self._sessions[key]
        return text if now <= expires else None

    def _put(self, key: str, text: str, expires: float, now: float) -> None:
        self._sessions.pop(key, None)
        self._sessions[key] = (expires, text)
        for _ in range(DROPPED_AT_ONCE):
            oldest, (ends, _) = next(iter(self._sessions.items()))
            if len(self._sessions) <= self._max_sessions and now <= ends:
                return
            del self._sessions[oldest]


@final
class FileSessionStore:
    """Keeps sessions in a directory, for all processes that use it; they outlive a restart.

    A session is a directory with one file, which is always replaced as a whole, so no reader sees half of one. To
    delete it is to rename the directory: who changes the session at the same moment finds nothing to change.

    Args:
        directory: made if it is not there, for its owner only; nothing else may be in it.
        cleanup_interval: seconds between two times when what has expired is removed, by who writes, default 300.
        clock: seconds since 1970, default `time.time`.

    Raises:
        OSError: the directory cannot be made.

    Thread-safe; files are read and written in worker threads.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        *,
        cleanup_interval: float = 300,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory = Path(directory)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._cleanup_interval = cleanup_interval
        self._clock = clock
        # Protects the moment of the next clean-up, so that one thread does it.
        self._lock = named_lock("session_files")
        self._cleans_at = clock() + cleanup_interval

    async def read(self, key: str) -> str | None:
        """Return a session, or `None` if there is none."""
        return await asyncio.to_thread(self._read, self._place(key))

    async def create(self, key: str, text: str, max_age: int) -> None:
        """Keep a new session."""
        await asyncio.to_thread(self._create, self._place(key), text, max_age)

    async def replace(self, key: str, text: str, max_age: int) -> bool:
        """Change a session that is there."""
        return await asyncio.to_thread(self._replace, self._place(key), text, max_age)

    async def delete(self, key: str) -> None:
        """Forget a session."""
        await asyncio.to_thread(self._delete, self._place(key))

    async def purge(self) -> int:
        """Remove what has expired, and return how many sessions that were."""
        return await asyncio.to_thread(self._purge)

    def _place(self, key: str) -> Path:
        # SECURITY: a key is a name, never a path.
        if not (key.isascii() and key.isalnum()):
            raise ValueError("the key of a session has letters and digits only")
        return self._directory / key

    def _read(self, place: Path) -> str | None:
        try:
            # What is damaged is read with replacements, and then is no time, or no session: it ends, and fails nobody.
            expires, _, text = (place / "session").read_bytes().decode("utf-8", "replace").partition("\n")
        except FileNotFoundError:
            return None
        if self._clock() <= _number(expires):
            return text
        self._delete(place)
        return None

    def _create(self, place: Path, text: str, max_age: int) -> None:
        place.mkdir(mode=0o700, exist_ok=True)
        self._write(place, text, max_age)
        self._clean_when_due()

    def _replace(self, place: Path, text: str, max_age: int) -> bool:
        if self._read(place) is None:
            return False
        try:
            self._write(place, text, max_age)
        except FileNotFoundError:  # It was deleted since.
            return False
        self._clean_when_due()
        return True

    def _write(self, place: Path, text: str, max_age: int) -> None:
        draft = place / secrets.token_hex(8)
        draft.write_bytes(f"{self._clock() + max_age}\n{text}".encode())
        draft.replace(place / "session")

    def _delete(self, place: Path) -> None:
        gone = self._directory / f".{secrets.token_hex(8)}"
        try:
            place.rename(gone)
        except FileNotFoundError:
            return
        shutil.rmtree(gone, ignore_errors=True)

    def _clean_when_due(self) -> None:
        now = self._clock()
        with self._lock:
            if now < self._cleans_at:
                return
            self._cleans_at = now + self._cleanup_interval
        self._purge()

    def _purge(self) -> int:
        count = 0
        for place in self._directory.iterdir():
            if not place.is_dir():
                continue
            if place.name.startswith("."):  # Its deletion did not come to its end.
                shutil.rmtree(place, ignore_errors=True)
            elif (place / "session").exists():
                count += self._read(place) is None
            elif self._is_unfinished(place):
                self._delete(place)
        return count

    def _is_unfinished(self, place: Path) -> bool:
        try:
            return self._clock() - place.stat().st_mtime > UNFINISHED_S
        except FileNotFoundError:
            return False


def _number(text: str) -> float:
    """Return when a session expires; one that is damaged has."""
    try:
        return float(text)
    except ValueError:
        return 0.0
