"""Where flags come from: a mapping, the process environment, a file."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from hawkapi._optional import load_optional
from hawkapi._threading import named_lock

if TYPE_CHECKING:
    from hawkapi.flags.flags import EvalContext

__all__ = ["EnvFlagProvider", "FileFlagProvider", "StaticFlagProvider"]

logger = logging.getLogger("hawkapi")

TRUE_WORDS: Final = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS: Final = frozenset({"0", "false", "no", "off"})

SETTLED_AFTER_NS: Final = 50_000_000
"""The clock of files stands still for up to 10 ms (a timer tick; Linux, APFS and NTFS are finer than that): of two
changes within one tick, the second cannot be seen. A file read within this time after its change is read again."""


class StaticFlagProvider:
    """Flags from a mapping, which is copied. Thread-safe.

    A flag is on if it is `True` or a number other than 0; it is a text only if it is a `str`, and a number only if it
    is an `int` or a `float`, and finite. What has another type is the default.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)

    async def get_bool(self, key: str, default: bool, *, context: EvalContext | None = None) -> bool:
        """Return whether a flag is on."""
        return _as_bool(self._values.get(key), default)

    async def get_string(self, key: str, default: str, *, context: EvalContext | None = None) -> str:
        """Return a flag that is a text."""
        return _as_string(self._values.get(key), default)

    async def get_number(self, key: str, default: float, *, context: EvalContext | None = None) -> float:
        """Return a flag that is a number."""
        return _as_number(self._values.get(key), default)


class EnvFlagProvider:
    """Flags from the process environment, read anew each time. Thread-safe.

    The flag `new.check-out` is the variable `HAWKAPI_FLAG_NEW_CHECK_OUT`. It is on if that is `1`, `true`, `yes` or
    `on`, off if it is `0`, `false`, `no` or `off`, in any case, and a number if it is a finite one. Anything else is
    the default.

    Args:
        prefix: of the names of variables, default `HAWKAPI_FLAG_`.
    """

    def __init__(self, prefix: str = "HAWKAPI_FLAG_") -> None:
        self._prefix = prefix

    async def get_bool(self, key: str, default: bool, *, context: EvalContext | None = None) -> bool:
        """Return whether a flag is on."""
        word = (self._text(key) or "").strip().lower()
        return word in TRUE_WORDS or (default and word not in FALSE_WORDS)

    async def get_string(self, key: str, default: str, *, context: EvalContext | None = None) -> str:
        """Return a flag as it is written."""
        text = self._text(key)
        return default if text is None else text

    async def get_number(self, key: str, default: float, *, context: EvalContext | None = None) -> float:
        """Return a flag that is a number."""
        try:
            number = float(self._text(key) or "")
        except ValueError:
            return default
        return _as_number(number, default)

    def _text(self, key: str) -> str | None:
        return os.environ.get(self._prefix + key.upper().replace(".", "_").replace("-", "_"))


type _Stamp = tuple[int, int, int]
"""What tells one state of a file from another: time of modification in ns, size, inode."""


class _Content(NamedTuple):
    """What a file held when it was last read; immutable."""

    values: Mapping[str, Any]
    stamp: _Stamp | None = None
    """`None` before the first reading."""
    settled: bool = True
    """Whether any later change shows in the stamp."""


class FileFlagProvider:
    """Flags from a JSON, TOML or YAML file, which is read again when it has changed. Thread-safe.

    What the values are is as for `StaticFlagProvider`; a file that holds no mapping has no flags. Each question looks
    at the file's modification time, size and inode (a `stat`, some microseconds on a local disk), and whoever finds
    them changed reads the file in a worker thread and answers from the new content. Without the file, or while it is
    broken, the last good values count; a broken file is logged once for each change.

    Args:
        path: ends in `.json`, `.toml`, `.yaml` or `.yml`. YAML needs PyYAML: `pip install 'hawkapi[yaml]'`.
        clock_ns: the clock of files, default that of the system.

    Raises:
        ValueError: at the first question, the file is there but its name has another ending.
        ImportError: at the first question, PyYAML is needed and not installed.
    """

    def __init__(self, path: str | Path, *, clock_ns: Callable[[], int] = time.time_ns) -> None:
        self._path = Path(path)
        self._clock_ns = clock_ns
        # THREADS: published by one store after it is complete, loaded once for each question.
        self._content = _Content({})
        # THREADS: protects reading and replacing `_content`, so that a slow reader of an old state does not replace a
        # newer one, and one change is logged once. Taken in worker threads only and held while the file is read: no
        # event loop ever waits for it, and no user code runs under it. Readers of `_content` do not need it.
        self._reading = named_lock("flag_file")

    async def get_bool(self, key: str, default: bool, *, context: EvalContext | None = None) -> bool:
        """Return whether a flag is on."""
        return _as_bool((await self._values()).get(key), default)

    async def get_string(self, key: str, default: str, *, context: EvalContext | None = None) -> str:
        """Return a flag that is a text."""
        return _as_string((await self._values()).get(key), default)

    async def get_number(self, key: str, default: float, *, context: EvalContext | None = None) -> float:
        """Return a flag that is a number."""
        return _as_number((await self._values()).get(key), default)

    async def _values(self) -> Mapping[str, Any]:
        content = self._content
        try:
            stamp = _stamp_of(os.stat(self._path))  # noqa: PTH116 - PERF: a third of what Path.stat costs
        except OSError:
            return content.values
        if content.settled and content.stamp == stamp:
            return content.values
        parse = _parser_for(self._path)
        return (await asyncio.to_thread(self._refresh, parse)).values

    def _refresh(self, parse: Callable[[bytes], object]) -> _Content:
        """Read the file unless somebody has meanwhile, and return what counts now."""
        with self._reading:
            before = self._content
            try:
                # Before the content: what changes while it is read shows at the next question.
                stamp = _stamp_of(self._path.stat())
            except OSError:
                return before
            if before.settled and before.stamp == stamp:
                return before
            age_ns = self._clock_ns() - stamp[0]
            self._content = self._read(parse, stamp, before, settled=not 0 <= age_ns < SETTLED_AFTER_NS)
            return self._content

    def _read(self, parse: Callable[[bytes], object], stamp: _Stamp, before: _Content, *, settled: bool) -> _Content:
        try:
            values = parse(self._path.read_bytes())
        except Exception as exc:  # noqa: BLE001 - each format has errors of its own, and flags must outlive them all
            if stamp != before.stamp:
                logger.error("flags: %s cannot be read, the last good values stay: %s", self._path, exc)
            # Permissions may change without the stamp.
            return _Content(before.values, stamp, settled and not isinstance(exc, OSError))
        return _Content(cast("dict[str, Any]", values) if isinstance(values, dict) else {}, stamp, settled)


def _stamp_of(status: os.stat_result) -> _Stamp:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _parser_for(path: Path) -> Callable[[bytes], object]:
    """Return the function that reads a format.

    Raises:
        ValueError: no format has the suffix.
        ImportError: the package for it is missing.
    """
    suffix = path.suffix.lower()
    if suffix == ".json":
        return json.loads
    if suffix == ".toml":
        return _parse_toml
    if suffix in {".yaml", ".yml"}:
        safe_load: Callable[[bytes], object]
        safe_load = load_optional("yaml", needed_by=str(path), package="PyYAML", extra="yaml").safe_load
        return safe_load
    raise ValueError(f"Unsupported flag file extension {suffix!r} of {path}; use .json, .toml, .yaml or .yml")


def _parse_toml(data: bytes) -> object:
    import tomllib  # here, because `import hawkapi` loads this module and hardly any application has such a file

    return tomllib.loads(data.decode())


def _as_bool(value: object, default: bool) -> bool:
    return bool(value) if isinstance(value, bool | int | float) else default


def _as_string(value: object, default: str) -> str:
    return value if isinstance(value, str) else default


def _as_number(value: object, default: float) -> float:
    """Return a finite number; an `int` that no float can hold is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return default
    try:
        number = float(value)
    except OverflowError:
        return default
    return number if math.isfinite(number) else default
