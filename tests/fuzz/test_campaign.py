"""Campaigns: cases are repeatable and legal, failures are made small, and some of each target find nothing."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzzing import bodies, mutation
from fuzzing.campaign import campaign, cases
from fuzzing.cases import Case
from fuzzing.shrinking import minimised, shrink
from fuzzing.targets import TARGETS, make_case

HERE = Path(__file__).parent
ALL = tuple(TARGETS)


def test_cases_are_repeatable() -> None:
    """Seed, target and number are all that a case depends on."""
    for number in range(2 * len(ALL)):
        target, case = make_case(7, number, ALL)
        assert make_case(7, number, (target,)) == (target, case)
        assert make_case(8, number, (target,)) != (target, case) or case == Case(path=case.path)


@pytest.mark.parametrize("target", ALL)
def test_cases_are_what_a_server_gives(target: str) -> None:
    """No case holds what a server would not have let through, and each survives being written down."""
    for number in range(100):
        _, case = make_case(1, number, (target,))
        assert Case.from_json(case.to_json()) == case
        assert case.path.startswith(b"/") or target in {"path", "anything"}
        for name, value in case.headers:
            assert re.fullmatch(rb"[!#$%&'*+\-.^_`|~0-9a-z]+", name)
            assert not re.search(rb"[\r\n\0]|^[ \t]|[ \t]$", value)
        assert case.scope()["headers"] == list(case.headers)


@pytest.mark.parametrize("mutate", mutation.MUTATIONS)
@pytest.mark.parametrize("value", [b"", b"a", b"some longer value"])
def test_mutations_take_everything(mutate: mutation.Mutation, value: bytes) -> None:
    """No mutation fails, whatever it is given."""
    assert all(isinstance(mutate(Random(seed), value), bytes) for seed in range(50))


def test_valid_bodies_are_among_the_cases() -> None:
    """The grammars make what parsers accept, often enough to get behind the parsers."""
    good = 0
    for seed in range(100):
        try:
            json.loads(bodies.as_json(Random(seed)))
        except ValueError:
            continue
        good += 1
    assert good > 60


@pytest.mark.parametrize("style", range(50))
def test_cut_bodies_are_whole(style: int) -> None:
    """Cutting loses nothing."""
    body = bytes(range(100))
    assert b"".join(bodies.cut(Random(style), body)) == body


@pytest.mark.parametrize(
    ("sequence", "needed"),
    [(b"abcdefgh", b"c"), (b"abcdefgh", b"ah"), (b"x" * 1000 + b"y" + b"x" * 1000, b"y"), (b"a", b"a"), (b"abc", b"")],
)
def test_minimised(sequence: bytes, needed: bytes) -> None:
    """What is left is what is needed, in its order."""
    assert minimised(sequence, lambda kept: all(byte in kept for byte in needed)) == needed


def test_failing_case_is_made_small() -> None:
    """Only the parts that the failure needs are left."""
    case = Case(
        "PUT",
        b"/a/b/c",
        b"x=1&y=2&z=3",
        ((b"accept", b"*/*"), (b"x-bad", b"aaaaBbbbb"), (b"host", b"x")),
        (b"some ", b"thing ", b"odd"),
        leaves=True,
    )

    def fails(candidate: Case) -> bool:
        return (
            b"B" in dict(candidate.headers).get(b"x-bad", b"") and b"y=" in candidate.query and b"o" in candidate.body
        )

    smallest = Case("GET", b"/", b"y=", ((b"x-bad", b"B"),), (b"o",))
    assert shrink(case, fails) == smallest


def test_shrinking_gives_up() -> None:
    """It ends, with a case that fails, also when there is much left to try."""
    case = Case(path=b"/" + bytes(1000))
    assert shrink(case, lambda candidate: len(candidate.path) > 500, max_attempts=20).path


async def hates_percent(scope: Any, receive: Any, send: Any) -> None:
    """Fail at every `%` in a query."""
    if b"%" in scope["query_string"]:
        raise ValueError("no percent")
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_campaign_finds_and_shrinks() -> None:
    """One cause is reported once, as the smallest request."""
    with campaign(hates_percent, 0, ("query",)) as running:
        result = running.run(cases(200))
    assert result.requests == 200
    assert len(result.digests) == 8 * 200
    (failure,) = result.failures
    assert failure.violation.name == "escape"
    assert failure.smallest == Case(path=b"/", query=b"%")
    assert make_case(0, failure.number, ("query",)) == ("query", failure.case)


def load(name: str) -> Any:
    """Import a module that lies beside this one."""
    sys.path.insert(0, str(HERE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(HERE))


def test_difference_is_found() -> None:
    """Two configurations that answered differently are named, with the number of the case."""
    everywhere = load("everywhere")
    one = everywhere.Configuration("one", "", "", b"aaaaaaaabbbbbbbbcccccccc")
    two = everywhere.Configuration("two", "", "", b"aaaaaaaaXbbbbbbb")
    assert everywhere.differences([one, one]) == []
    assert everywhere.differences([one, one, two]) == [(1, 2)]


@pytest.mark.parametrize("target", ALL)
def test_application_passes(target: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A few hundred requests of a target, always the same, find nothing; `nox -s fuzz` makes many more."""
    app = load("target_app").make_app(tmp_path)
    with campaign(app, 1, (target,)) as running:
        result = running.run(cases(150))
    found = [
        f"{failure.violation.name}: {failure.violation.message}\n{failure.smallest}" for failure in result.failures
    ]
    assert found == []
    assert set(result.statuses) - {0, 404, 405, 400}, "nothing got behind the parsers"
