"""The TypeScript compiler, fetched by an npm that is a shell script."""

from __future__ import annotations

from pathlib import Path

import pytest
from console import CIError
from fake_machine import FakeMachine
from typescript import SCRIPT, VERSION, find

INSTALL = """\
echo "$*" >> "$HOME/calls"
mkdir -p "$3/node_modules/typescript/bin" && : > "$3/{script}"
"""


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    """Give a machine with node."""
    fake = FakeMachine(tmp_path)
    fake.program("node", "")
    return fake


def test_compiler_fetched_once(fake: FakeMachine) -> None:
    """It is below the cache, whole, and found without npm the next time."""
    fake.program("npm", INSTALL.format(script=SCRIPT))
    place = fake.machine.cache / "typescript" / VERSION / SCRIPT
    assert [find(fake.machine), find(fake.machine)] == [place, place]
    assert place.exists()
    assert len((fake.machine.home / "calls").read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("npm", "message"),
    [
        pytest.param(None, "there is no npm on PATH; install Node.js 20 or later", id="absent"),
        pytest.param("exit 1", "npm", id="fails"),
        pytest.param("", "npm installed no node_modules/typescript/bin/tsc; try: npm install", id="does-nothing"),
    ],
)
def test_compiler_that_cannot_be_fetched(fake: FakeMachine, npm: str | None, message: str) -> None:
    """The error says what to do, and nothing is left in the cache."""
    if npm is not None:
        fake.program("npm", npm)
    with pytest.raises(CIError, match=message):
        find(fake.machine)
    assert not (fake.machine.cache / "typescript" / VERSION).exists()
