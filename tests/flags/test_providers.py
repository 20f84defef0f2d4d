"""Providers: what a value is as a truth, a text and a number, and how a file is followed."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from hawkapi.flags import EnvFlagProvider, FileFlagProvider, FlagProvider, StaticFlagProvider


def answers(provider: FlagProvider, key: str = "flag") -> tuple[bool, bool, str, float]:
    """Return a flag as a truth with both defaults, as a text and as a number."""

    async def ask() -> tuple[bool, bool, str, float]:
        return (
            await provider.get_bool(key, False),
            await provider.get_bool(key, True),
            await provider.get_string(key, "default"),
            await provider.get_number(key, 0.5),
        )

    return asyncio.run(ask())


NONE = (False, True, "default", 0.5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(True, (True, True, "default", 0.5), id="true"),
        pytest.param(False, (False, False, "default", 0.5), id="false"),
        pytest.param(2, (True, True, "default", 2.0), id="int"),
        pytest.param(0, (False, False, "default", 0.0), id="zero"),
        pytest.param(1.5, (True, True, "default", 1.5), id="float"),
        pytest.param("true", (False, True, "true", 0.5), id="str"),
        pytest.param("", (False, True, "", 0.5), id="empty"),
        pytest.param(None, NONE, id="none"),
        pytest.param([1], NONE, id="list"),
        pytest.param(math.nan, (True, True, "default", 0.5), id="nan"),
        pytest.param(-math.inf, (True, True, "default", 0.5), id="infinity"),
        pytest.param(10**400, (True, True, "default", 0.5), id="too-large"),
    ],
)
def test_static_value(value: object, expected: object) -> None:
    """A value is only what its type is; numbers are truths too, and finite."""
    assert answers(StaticFlagProvider({"flag": value})) == expected


def test_static_values_are_copied() -> None:
    """What happens to the mapping afterwards changes nothing."""
    values: dict[str, Any] = {"flag": 1}
    provider = StaticFlagProvider(values)
    values["flag"] = values["other"] = 2
    assert (answers(provider), answers(provider, "other")) == ((True, True, "default", 1.0), NONE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1", (True, True, "1", 1.0), id="one"),
        pytest.param("TRUE", (True, True, "TRUE", 0.5), id="true"),
        pytest.param("yes", (True, True, "yes", 0.5), id="yes"),
        pytest.param("On", (True, True, "On", 0.5), id="on"),
        pytest.param("0", (False, False, "0", 0.0), id="zero"),
        pytest.param("False", (False, False, "False", 0.5), id="false"),
        pytest.param("no", (False, False, "no", 0.5), id="no"),
        pytest.param("OFF", (False, False, "OFF", 0.5), id="off"),
        pytest.param("1.5", (False, True, "1.5", 1.5), id="number"),
        pytest.param("maybe", (False, True, "maybe", 0.5), id="other"),
        pytest.param("", (False, True, "", 0.5), id="empty"),
        pytest.param("nan", (False, True, "nan", 0.5), id="nan"),
        pytest.param("inf", (False, True, "inf", 0.5), id="infinity"),
        pytest.param("1e999", (False, True, "1e999", 0.5), id="too-large"),
    ],
)
def test_variable(text: str, expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable is a text; some texts are truths, and some are numbers."""
    monkeypatch.setenv("HAWKAPI_FLAG_FLAG", text)
    assert answers(EnvFlagProvider()) == expected


def test_variable_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is the prefix and the key in capitals, with `_` for `.` and `-`; the environment is read each time."""
    provider = EnvFlagProvider("APP_")
    monkeypatch.delenv("APP_NEW_CHECK_OUT", raising=False)
    assert answers(provider, "new.check-out") == NONE
    monkeypatch.setenv("APP_NEW_CHECK_OUT", "1")
    assert answers(provider, "new.check-out") == (True, True, "1", 1.0)


@pytest.mark.parametrize("provider", [StaticFlagProvider({}), EnvFlagProvider(), FileFlagProvider("x.json")])
def test_providers_fit_the_protocol(provider: object) -> None:
    """Each of ours is a `FlagProvider`, and an object without the methods is none."""
    assert isinstance(provider, FlagProvider)
    assert not isinstance({}, FlagProvider)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that writes a file whose time of modification is newer than that of the last one."""
    times = iter(range(1_000_000, 2_000_000))

    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.write_text(text)
        now = next(times)
        os.utime(file, (now, now))
        return file

    return write


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("flags.json", '{"flag": 2}', id="json"),
        pytest.param("flags.toml", "flag = 2", id="toml"),
        pytest.param("FLAGS.TOML", "flag = 2", id="capitals"),
    ],
)
def test_file(name: str, text: str, write: Callable[[str, str], Path]) -> None:
    """The suffix says what the file is; its values are as those of a mapping."""
    provider = FileFlagProvider(str(write(name, text)))
    assert (answers(provider), answers(provider, "other")) == ((True, True, "default", 2.0), NONE)


@pytest.mark.parametrize("suffix", ["yaml", "yml"])
def test_yaml_file(suffix: str, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """YAML is read by PyYAML's safe loader."""
    yaml: Any = ModuleType("yaml")
    yaml.safe_load = lambda data: {"flag": data.decode()}
    monkeypatch.setitem(sys.modules, "yaml", yaml)
    assert answers(FileFlagProvider(write(f"flags.{suffix}", "flag: on")))[2] == "flag: on"


def test_yaml_file_with_the_real_parser(write: Callable[[str, str], Path]) -> None:
    """PyYAML does what this package thinks of it."""
    pytest.importorskip("yaml")
    provider = FileFlagProvider(write("flags.yaml", "flag: 2\non: x"))
    assert (answers(provider), answers(provider, "on")) == ((True, True, "default", 2.0), NONE)


def test_yaml_file_without_pyyaml(write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    file = write("flags.yml", "flag: 2")
    with pytest.raises(ImportError, match=r"needs PyYAML: pip install 'hawkapi\[yaml\]'"):
        answers(FileFlagProvider(file))


def test_file_of_an_unknown_kind(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    """Every question fails, unless there is no such file."""
    provider = FileFlagProvider(tmp_path / "flags.ini")
    assert answers(provider) == NONE
    write("flags.ini", "flag=1")
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^Unsupported flag file extension '.ini' of "):
            answers(provider)


def test_changed_file(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    """A change is seen at the next question; without the file the last values stay."""
    provider = FileFlagProvider(tmp_path / "flags.json")
    seen = [answers(provider)[3]]
    file = write("flags.json", '{"flag": 1}')
    seen.append(answers(provider)[3])
    write("flags.json", '{"flag": 2}')
    seen.append(answers(provider)[3])
    file.unlink()
    seen.append(answers(provider)[3])
    write("flags.json", "[1]")
    seen.append(answers(provider)[3])
    assert seen == [0.5, 1.0, 2.0, 2.0, 0.5]


def test_replaced_file(write: Callable[[str, str], Path], tmp_path: Path) -> None:
    """Another file in its place is seen although it has the same time and size."""
    file = write("flags.json", '{"flag": 1}')
    provider = FileFlagProvider(file)
    assert answers(provider)[3] == 1.0
    other = tmp_path / "other"
    other.write_text('{"flag": 2}')
    os.utime(other, ns=(0, file.stat().st_mtime_ns))
    other.replace(file)
    assert answers(provider)[3] == 2.0


@pytest.mark.parametrize(
    ("age_ns", "seen"),
    [
        pytest.param(0, 2.0, id="same-tick"),
        pytest.param(49_999_999, 2.0, id="within-50-ms"),
        pytest.param(50_000_000, 1.0, id="after-50-ms"),
        pytest.param(-1, 1.0, id="time-to-come"),
    ],
)
def test_change_that_the_time_of_modification_does_not_show(
    age_ns: int, seen: float, write: Callable[[str, str], Path]
) -> None:
    """It is seen if the file had just been changed when it was read: the clock of files has ticks."""
    file = write("flags.json", '{"flag": 1}')
    changed = file.stat().st_mtime_ns
    provider = FileFlagProvider(file, clock_ns=lambda: changed + age_ns)
    assert answers(provider)[3] == 1.0
    file.write_text('{"flag": 2}')
    os.utime(file, ns=(changed, changed))
    assert answers(provider)[3] == seen


def test_unchanged_file_is_not_read(write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Between changes no worker thread is asked for anything."""
    provider = FileFlagProvider(write("flags.json", '{"flag": 1}'))
    assert answers(provider)[3] == 1.0
    monkeypatch.setattr(asyncio, "to_thread", None)
    assert answers(provider)[3] == 1.0


def test_file_that_goes_before_it_is_read(
    write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is there at the question and gone in the worker thread is a missing file."""
    file = write("flags.json", '{"flag": 1}')

    async def run_later(function: Callable[..., object], *args: object) -> object:
        file.unlink()
        return function(*args)

    monkeypatch.setattr(asyncio, "to_thread", run_later)
    assert asyncio.run(FileFlagProvider(file).get_bool("flag", False)) is False
    assert caplog.records == []


@pytest.mark.parametrize(
    ("name", "good", "broken"),
    [
        pytest.param("flags.json", '{"flag": 1}', '{"flag": ', id="json"),
        pytest.param("flags.json", '{"flag": 1}', "[" * 100_000, id="deep"),
        pytest.param("flags.toml", "flag = 1", "flag = ", id="toml"),
        pytest.param("flags.toml", "flag = 1", "flag = '\udcff'", id="not-utf-8"),
    ],
)
def test_broken_file(name: str, good: str, broken: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The last good values stay, each broken state is logged once, and a repaired file counts again."""
    file = tmp_path / name
    provider = FileFlagProvider(file)
    seen = []
    for moment, text in enumerate([good, broken, broken, good.replace("1", "2")]):
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
        os.utime(file, (moment, moment))
        seen += [answers(provider)[3]]
    messages = [record.getMessage() for record in caplog.records]
    assert seen == [1.0, 1.0, 1.0, 2.0]
    assert [message.partition(": ")[2].split(" cannot be read, ")[0] for message in messages] == [str(file)] * 2
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


def test_file_that_is_broken_at_first(write: Callable[[str, str], Path], caplog: pytest.LogCaptureFixture) -> None:
    """Without good values, flags are their defaults."""
    assert answers(FileFlagProvider(write("flags.json", "{"))) == NONE
    assert len(caplog.records) == 1


def test_file_that_cannot_be_opened(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The last values stay, which is logged once; it is tried again, because the reason may go without a trace."""
    file = tmp_path / "flags.json"
    file.mkdir()
    os.utime(file, (1, 1))
    provider = FileFlagProvider(file)
    assert (answers(provider), len(caplog.records)) == (NONE, 1)
    file.rmdir()
    file.write_text('{"flag": 1}')
    assert (answers(provider)[3], len(caplog.records)) == (1.0, 1)
