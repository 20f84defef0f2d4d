"""Let schemathesis loose on served applications that are drawn by a seed: all its checks, in all its phases.

    python tests/schema/run.py --schemathesis PYTHON [--seed S] [--max-examples N] --with TITLE PYTHON CODEC ...

What it proves: what an application answers is what its document says, whatever the codec and the build. The document
is that of `tests/support/varied`, 40 routes that each run draws anew; all configurations must give the same bytes.
schemathesis is not installed where the application is: what it needs has no wheels for free-threaded builds.
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent.parent)]

import servers  # noqa: E402 - found through the path set above
from varied.application import source_of  # noqa: E402

START_TIMEOUT_S = 60.0
MAX_EXAMPLES = 12
"""Drawn requests for each operation, beside those that go through its values one by one."""


@dataclass(frozen=True)
class Configuration:
    """An interpreter with a codec."""

    title: str
    python: str
    codec: str
    """Empty for the interpreter's own choice."""


@dataclass(frozen=True)
class Outcome:
    """What one configuration was sent and what was found."""

    title: str
    document: bytes
    operations: int
    requests: int
    findings: int
    seconds: float


@contextmanager
def served(configuration: Configuration, seed: int) -> Iterator[tuple[str, Path]]:
    """Serve the application of a seed by uvicorn; give its address and its log."""
    variables = {"VARIED_SEED": str(seed)} | ({"HAWKAPI_CODEC": configuration.codec} if configuration.codec else {})
    options = ["--http", "h11", "--lifespan", "on", "--no-access-log", "--log-level", "error", "--ws", "none"]
    command = [configuration.python, "-P", "-W", "error", "-m", "uvicorn", "varied_app:app", "--app-dir", str(HERE)]
    with tempfile.TemporaryDirectory(prefix="hawkapi-varied-") as scratch:
        log = Path(scratch, "log")
        with (
            log.open("wb") as stream,
            servers.listening_process([*command, *options, "--loop", "asyncio", "--fd"], stream, variables) as found,
        ):
            (address, *_), _ = found
            yield f"http://{address[0]}:{address[1]}", log


def fetch(url: str) -> bytes:
    """Return what is at an address of the server; it may still be starting."""
    with urllib.request.urlopen(url, timeout=START_TIMEOUT_S) as response:  # noqa: S310 - on loopback
        body: bytes = response.read()
    return body


def attack(url: str, schemathesis: str, seed: int, max_examples: int) -> dict[str, Any]:
    """Run schemathesis against a server and return its report; what it finds it prints, with the request."""
    command = [schemathesis, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml")]
    command += ["run", f"{url}/openapi.json", "--seed", str(seed), "--max-examples", str(max_examples)]
    command += ["--checks", "all", "--continue-on-failure", "--generation-database", "none", "--no-color"]
    variables = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1"}
    with tempfile.TemporaryDirectory(prefix="hawkapi-schemathesis-") as scratch:
        report = Path(scratch, "report.json")
        command += ["--report", "json", "--report-json-path", str(report)]
        # Elsewhere, because it keeps what it has learned in the current directory.
        code = subprocess.run(command, cwd=scratch, env=variables, check=False).returncode
        if not report.exists():
            raise RuntimeError(f"schemathesis ended with {code} and wrote no report; its own words are above")
        found: dict[str, Any] = json.loads(report.read_bytes())
    return found


def run(configuration: Configuration, schemathesis: str, seed: int, max_examples: int) -> Outcome:
    """Attack one configuration."""
    print(f"\n== {configuration.title}", flush=True)
    began = time.monotonic()
    with served(configuration, seed) as (url, log):
        document = fetch(f"{url}/openapi.json")
        report = attack(url, schemathesis, seed, max_examples)
        # Of what is thrown at a server nothing may become an exception there.
        said = servers.complaints(log.read_text("utf-8", "replace"))
    cases = report["test_cases"]
    findings = cases["unique_failures"] + len(report["errors"]) + len(said) + (not report["complete"])
    if said:
        print("the server said: " + "\n".join(said))
    operations = report["operations"]["tested"]
    return Outcome(configuration.title, document, operations, cases["generated"], findings, time.monotonic() - began)


def show(outcomes: Sequence[Outcome]) -> None:
    """Print the table of configurations."""
    print(f"\n{'configuration':<24}{'operations':>12}{'requests':>12}{'findings':>12}{'seconds':>12}")
    for outcome in outcomes:
        counts = f"{outcome.operations:>12}{outcome.requests:>12}{outcome.findings:>12}{outcome.seconds:>12.0f}"
        print(f"{outcome.title:<24}{counts}")


def main() -> int:
    """Return 1 when something was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--schemathesis", required=True, metavar="PYTHON", help="an interpreter that has it")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it; default: a new one")
    parser.add_argument("--max-examples", type=int, default=MAX_EXAMPLES, help=f"for each operation, {MAX_EXAMPLES}")
    parser.add_argument("--source", action="store_true", help="print the application of the seed, and no more")
    parser.add_argument("--with", dest="configurations", nargs=3, action="append", metavar=("TITLE", "PYTHON", "CODEC"))
    given = parser.parse_args()
    seed: int = secrets.randbelow(2**32) if given.seed is None else given.seed
    if given.source:
        print(source_of(seed))
        return 0
    print(f"seed {seed}; to repeat: nox -s schemathesis -- --seed {seed}")
    print(f"to read the application: nox -s schemathesis -- --seed {seed} --source", flush=True)
    outcomes = [
        run(Configuration(*one), given.schemathesis, seed, given.max_examples) for one in given.configurations or ()
    ]
    show(outcomes)
    differ = len({outcome.document for outcome in outcomes}) > 1
    if differ:
        print("the configurations do not give the same document")
    print(f"seed {seed}")
    return int(differ or any(outcome.findings for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
