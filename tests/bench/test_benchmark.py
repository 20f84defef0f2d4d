"""The benchmark as a whole, with so few requests that its numbers mean nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import benchmark
import contenders
import pytest
from contenders import Contender, ContenderError, Process
from grown import ADDITIONS
from plan import Plan, build_name, is_free_threaded
from rows import WORKLOADS
from tables import served, threads

PYTHON = Path(sys.executable)
FEW = ["--rounds=2", "--milliseconds=1"]


def test_run_prints_tables_and_verdicts_and_writes_the_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever the numbers are, it succeeds; the file keeps what it had about other builds and tables."""
    file = tmp_path / "data.json"
    file.write_text(json.dumps({"other": OLD, build_name(): OLD}))
    assert benchmark.main([*FEW, "--only=echo", "--only=additions", "--only=served", "--json", str(file)]) == 0
    printed = capfd.readouterr().out
    assert "thousand messages/s" in printed
    assert "Behind servers: nothing was measured" in printed
    assert f"Targets, {build_name()}" in printed
    written = json.loads(file.read_text())
    assert written["other"] == OLD
    tables = written[build_name()]["tables"]
    assert {*written[build_name()]["settings"]} == {"echo", "additions", "served"}
    assert tables["old"] == OLD["tables"]["old"]
    assert [*tables["additions"]] == [*ADDITIONS]
    assert {"portable", "starlette"} <= {*tables["echo"]["echo"]}
    pairs = [pair for found in tables["echo"].values() for samples in found.values() for pair in samples]
    assert len(pairs) == 2 * len(tables["echo"]["echo"])
    assert all(0 < bare < app for bare, app in pairs)


OLD: dict[str, Any] = {"about": {}, "settings": {}, "tables": {"old": {"row": {"a": [1]}}}}


def test_write_json_over_a_file_that_is_not(tmp_path: Path) -> None:
    """What cannot be read is replaced."""
    file = tmp_path / "data.json"
    file.write_text("no JSON")
    benchmark.write_json(file, "3.13", OLD)
    assert json.loads(file.read_text()) == {"3.13": OLD}


@pytest.mark.parametrize("option", ["--rounds=0", "--milliseconds=0", "--rounds=x", "--only=nothing", "--peer=falcon"])
def test_options_that_mean_nothing_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """There is at least one round, and every table has a name."""
    with pytest.raises(SystemExit):
        benchmark.main([option])
    assert option.split("=", maxsplit=1)[0] in capsys.readouterr().err


def test_contenders_begin_with_ours_as_most_run_it() -> None:
    """A compiled wheel comes first; the predecessor has no codec; peers that live apart come last."""
    plan = Plan(PYTHON, Path("wheel"), Path("predecessor"), {"fastapi": Path("fastapi")})
    found = contenders.contenders(plan)
    assert found[0].python == plan.wheel
    assert found[0].ours
    assert [each.module for each in found if each.python == plan.predecessor] == ["hawkapi_0_2"]
    assert (found[-1].name, found[-1].python) == ("fastapi", Path("fastapi"))
    assert not any(each.paths for each in found if each.python != PYTHON)


def test_process_that_ends_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    """An application that cannot be imported stops the run; its traceback is on stderr."""
    with pytest.raises(ContenderError, match="nobody: its process ended with 1"):
        Process(Contender("nobody", "no_such_app", PYTHON))
    assert "no_such_app" in capfd.readouterr().err


def test_wrong_answer_stops_the_run(tmp_path: Path) -> None:
    """It says who answered what."""
    app = tmp_path / "wrong_app.py"
    app.write_text(
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'something'})\n"
    )
    with (
        contenders.running([Contender("wrong", "wrong_app", PYTHON, paths=(tmp_path,))], seed=1) as [process],
        pytest.raises(ContenderError, match="wrong gives a wrong answer to plaintext: 200 b'something'"),
    ):
        process.rows(["plaintext"])


@pytest.mark.parametrize("module", ["ours", "growing"])
def test_our_applications_answer_every_row(module: str) -> None:
    """Each of the rows is answered by one of the two, and with another seed as well."""
    mine = contenders.ours(Plan(PYTHON), module)
    # The largest of the curves take long to make and to serve.
    small = [row for row, workload in WORKLOADS.items() if workload.app in OF_OURS or workload.size <= 100]
    expected = [row for row in small if (WORKLOADS[row].app in OF_OURS) == (module == "ours")]
    with contenders.running(mine[-1:], seed=5) as [process]:
        assert process.rows(expected) == expected


OF_OURS = {"app", "large", "wrapped", "reading"}


def test_threads_are_measured_where_they_run_at_the_same_time() -> None:
    """A process answers with what more threads gain, of the bare callable and of the application."""
    with contenders.running(contenders.ours(Plan(PYTHON))[-1:], seed=1) as [process]:
        gains = process.ask(threads="json", count=2, seconds=0.001)
    assert len(gains) == 2
    assert all(gain > 0 for gain in gains)


def test_threads_table_is_empty_with_the_gil() -> None:
    """There they run in turn."""
    if not is_free_threaded():
        assert threads.measure(Plan(PYTHON)) == {}
        assert threads.grids({}) == []


@pytest.mark.parametrize(
    ("printed", "message"),
    [
        pytest.param("Requests/sec:  1234.50", "", id="rate"),
        pytest.param(
            "Requests/sec:  1234.50\n  Non-2xx or 3xx responses: 3", "Non-2xx or 3xx responses: 3", id="errors"
        ),
        pytest.param("unable to connect", "unable to connect", id="nobody there"),
    ],
)
def test_wrk_is_believed_when_all_answers_are_right(tmp_path: Path, printed: str, message: str) -> None:
    """A rate of answers that are errors would be no rate."""
    wrk = tmp_path / "wrk"
    wrk.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\n")
    wrk.chmod(0o755)
    if not message:
        assert served.ask(wrk, 1, 1) == 1234.5
        return
    with pytest.raises(ContenderError, match=message):
        served.ask(wrk, 1, 1)
