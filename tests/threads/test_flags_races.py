"""Flags are asked for on many event loops while their file changes."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from loops import run_in_loops

from hawkapi import HawkAPI
from hawkapi.flags import FileFlagProvider, Flags, StaticFlagProvider

pytestmark = pytest.mark.race

ASKERS = 4
CHANGES = 60


def replace(file: Path, number: int) -> None:
    """Put a file with two flags, the number and its negative, in the place of the last one, in one step."""
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"number": number, "negative": -number}))
    os.utime(fresh, (number, number))
    fresh.replace(file)


def test_changes_are_seen_by_every_loop_and_never_undone(tmp_path: Path) -> None:
    """Whoever asks after a change gets the new values, or newer ones; nobody ever gets older ones again."""
    file = tmp_path / "flags.json"
    replace(file, 1)
    provider = FileFlagProvider(file)
    written = [1]

    async def change() -> int:
        for number in range(2, CHANGES + 1):
            await asyncio.to_thread(replace, file, number)
            written.append(number)
            assert await provider.get_number("number", 0) == number
        return CHANGES

    async def ask() -> int:
        last = 0
        while last < CHANGES:
            known = written[-1]
            number = int(await provider.get_number("number", 0))
            negative = int(await provider.get_number("negative", 0))
            assert number >= max(known, last)
            assert -negative >= number
            last = number
        return last

    assert run_in_loops(ASKERS + 1, lambda index: change() if index == 0 else ask()) == [CHANGES] * (ASKERS + 1)


def test_a_change_is_read_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """However many loops find a file changed, it is read once: a broken one is logged once."""
    file = tmp_path / "flags.json"
    provider = FileFlagProvider(file)
    for moment in range(1, 21):
        file.write_text("{")
        os.utime(file, (moment, moment))

        async def ask(_index: int) -> list[bool]:
            return await asyncio.gather(*(provider.get_bool("flag", False) for _ in range(5)))

        assert run_in_loops(ASKERS, ask) == [[False] * 5] * ASKERS
        assert len(caplog.records) == moment


def test_hooks_of_many_loops_are_kept_and_forgotten() -> None:
    """The hooks that run in all loops at once are all kept until they end, and none longer."""
    app = HawkAPI()
    rounds = 50
    together = threading.Barrier(ASKERS)

    async def ask(_index: int) -> int:
        ended: list[str] = []
        done = asyncio.Event()

        class Plugin:
            async def on_flag_evaluated(self, key: str, value: object, context: object) -> None:
                await asyncio.sleep(0)
                ended.append(key)
                if len(ended) == rounds:
                    done.set()

        flags = Flags(StaticFlagProvider({}), app=SimpleNamespace(plugins=(Plugin(),), _flag_hooks=app._flag_hooks))
        for number in range(rounds):
            await flags.bool(str(number))
        together.wait(30)
        kept = len(app._flag_hooks)
        together.wait(30)
        await done.wait()
        return kept

    assert run_in_loops(ASKERS, ask) == [ASKERS * rounds] * ASKERS
    assert len(app._flag_hooks) == 0
