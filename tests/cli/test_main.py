"""The `hawkapi` command as a whole."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from subprocesses import environment, run_python

import hawkapi
from hawkapi.cli import main


def exit_status(*arguments: str) -> object:
    """Return the status with which the command exits."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a command the help is printed and the status is 1."""
    assert exit_status() == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith("usage: hawkapi [-h] [--version] COMMAND ...")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` prints the version."""
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, f"hawkapi {hawkapi.__version__}\n")


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("no-such-command", "hawkapi: error: there is no command 'no-such-command' (usage: hawkapi --help)"),
        ("--wrong", "hawkapi: error: unrecognized arguments: --wrong (usage: hawkapi --help)"),
        ("info --xy", "hawkapi info: error: unrecognized arguments: --xy (usage: hawkapi info --help)"),
        ("run --port x", "hawkapi run: error: argument --port: 'x' is not a whole number (usage: hawkapi run --help)"),
        ("run main:app more", "hawkapi run: error: unrecognized arguments: more (usage: hawkapi run --help)"),
    ],
    ids=["command", "option", "option-of-a-command", "value", "argument"],
)
def test_wrong_usage(arguments: str, error: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong usage is one line on stderr, and the status is 2."""
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    assert (caught.value.code, capsys.readouterr().err) == (2, f"{error}\n")


def test_interrupt_while_the_application_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl+C then ends the command as it ends others, without a traceback."""
    (tmp_path / "interrupted.py").write_text("raise KeyboardInterrupt\n")
    monkeypatch.setattr(sys, "path", sys.path.copy())
    monkeypatch.chdir(tmp_path)
    assert (exit_status("routes", "interrupted"), capsys.readouterr().err) == (130, "")


def test_command_that_is_misspelt(capsys: pytest.CaptureFixture[str]) -> None:
    """The command that was probably meant is named."""
    with pytest.raises(SystemExit):
        main(["rotues"])
    assert capsys.readouterr().err.splitlines()[-1] == (
        "hawkapi: error: there is no command 'rotues'; did you mean routes? (usage: hawkapi --help)"
    )


@pytest.mark.parametrize("module", ["hawkapi", "hawkapi.cli"])
def test_codec_that_does_not_exist(module: str) -> None:
    """A wrong HAWKAPI_CODEC is one line for the command, although the package cannot even be imported."""
    done = run_python("-m", module, "info", HAWKAPI_CODEC="typo")
    assert (done.returncode, done.stderr) == (
        1,
        "hawkapi: HAWKAPI_CODEC is 'typo': set it to portable or msgspec, or unset it\n",
    )


def test_codec_that_does_not_exist_for_the_installed_command(tmp_path: Path) -> None:
    """The script that an installer makes ends in the same way."""
    script = tmp_path / "hawkapi"
    script.write_text("import sys\nfrom hawkapi.cli import main\nsys.exit(main())\n")
    done = run_python(str(script), "info", HAWKAPI_CODEC="typo")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def test_commands_are_loaded_when_they_are_called() -> None:
    """The command itself loads neither a server nor another command."""
    program = "import sys; from hawkapi.cli import status_of; status_of([]); print(*sys.modules)"
    loaded = set(run_python("-c", program).stdout.split())
    assert not loaded & {"uvicorn", "granian", "hawkapi.cli.run", "hawkapi.cli.dev"}


def test_exit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Programs that call `main` see an exit where the command would have one, but not where all is well."""
    document = tmp_path / "api.json"
    document.write_text('{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}')
    assert main(["check", str(document)]) == 0
    assert exit_status("check", "no.json") == 1
    capsys.readouterr()
    assert exit_status("diff", str(document), str(document)) == 0
    assert capsys.readouterr().out == "No API changes detected.\n"


def test_info(capsys: pytest.CaptureFixture[str]) -> None:
    """`info` prints its report and the status is 0."""
    assert main(["info"]) == 0
    assert capsys.readouterr().out.startswith("hawkapi ")


@pytest.mark.parametrize("module", ["hawkapi", "hawkapi.cli"])
def test_run_as_a_module(module: str) -> None:
    """`python -m` does what the command does."""
    done = run_python("-m", module, "--version")
    assert (done.returncode, done.stdout) == (0, f"hawkapi {hawkapi.__version__}\n")


def test_reader_that_has_gone() -> None:
    """Output that nobody reads any more ends the command quietly, as in `hawkapi info | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-P", "-m", "hawkapi", "info"]
    done = subprocess.run(
        command, env=environment(), stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_output_that_cannot_be_written() -> None:
    """A full disk is one line on stderr."""
    command = [sys.executable, "-P", "-m", "hawkapi", "info"]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert (done.returncode, done.stderr) == (1, "hawkapi: cannot write the output: No space left on device\n")
