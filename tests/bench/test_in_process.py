"""The benchmark as a whole, with so few requests that its numbers mean nothing."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import contenders
import in_process
import pytest
from contenders import Contender, ContenderError, Process
from workloads import ISSUE_ROWS

PYTHON = Path(sys.executable)
FEW = ["--rounds", "2", "--requests", "2"]


def test_run_prints_tables_and_verdicts_and_writes_the_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Whatever the numbers are, it succeeds; the file keeps what it had about other builds."""
    file = tmp_path / "data.json"
    file.write_text('{"other": 1}')
    assert in_process.main([*FEW, "--json", str(file)]) == 0
    printed = capfd.readouterr().out
    assert "cost above bare" in printed
    assert "ahead of starlette and falcon on every row" in printed
    assert ("2nd thread / bare" in printed) == contenders.is_free_threaded()
    written = json.loads(file.read_text())
    assert written.pop("other") == 1
    [data] = written.values()
    assert {*ISSUE_ROWS} <= {*data["seconds"]}
    assert all(len(pairs) == 2 for row in ISSUE_ROWS for pairs in data["seconds"][row].values())
    assert all(pairs and bare > 0 for pairs in data["seconds"]["json"].values() for bare, _ in pairs)


def test_write_json_over_a_file_that_is_not(tmp_path: Path) -> None:
    """What cannot be read is replaced."""
    file = tmp_path / "data.json"
    file.write_text("no JSON")
    in_process.write_json(file, "3.13", {"a": 1})
    assert json.loads(file.read_text()) == {"3.13": {"a": 1}}


@pytest.mark.parametrize("option", ["--rounds=0", "--requests=1", "--requests=x"])
def test_numbers_that_measure_nothing_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    """There is at least one round, and a request to the bare callable before and after."""
    with pytest.raises(SystemExit):
        in_process.main([option])
    assert option.split("=", maxsplit=1)[0] in capsys.readouterr().err


def test_contenders_begin_with_ours_as_most_run_it() -> None:
    """A compiled wheel comes first; codecs that are not there are not measured; the predecessor has no codec."""
    wheel, predecessor = Path("wheel"), Path("predecessor")
    found = contenders.contenders(PYTHON, wheel=wheel, predecessor=predecessor)
    assert found[0].python == wheel
    assert found[0].ours
    assert [each.module for each in found if each.python == predecessor] == ["hawkapi_0_2"]
    assert not any(each.paths for each in found if each.python in {wheel, predecessor})


def test_process_that_ends_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    """An application that cannot be imported stops the run; its traceback is on stderr."""
    with pytest.raises(ContenderError, match="nobody: its process ended with 1"):
        Process(Contender("nobody", "no_such_app", PYTHON))
    assert "no_such_app" in capfd.readouterr().err


def test_rows_of_an_application_with_a_wrong_answer(tmp_path: Path) -> None:
    """The run stops and says who answered what."""
    app = tmp_path / "wrong_app.py"
    app.write_text(
        "async def app(scope, receive, send):\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'something'})\n"
    )
    process = Process(Contender("wrong", "wrong_app", PYTHON, paths=(tmp_path,)))
    try:
        with pytest.raises(ContenderError, match="wrong gives a wrong answer to plaintext: 200 b'something'"):
            in_process.rows_of(process)
    finally:
        process.close()
