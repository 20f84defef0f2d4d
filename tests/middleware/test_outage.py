"""`Outage`: who may ask a server that has failed, and what is logged of it."""

from __future__ import annotations

import logging

import pytest

from hawkapi.middleware._outage import Outage, describe


class Clock:
    """A clock that stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def make(clock: Clock) -> Outage:
    """Return what notes the outages of a server."""
    return Outage("Redis at host:1", logging.getLogger("outage"), "nothing is limited", clock)


def fail(outage: Outage) -> None:
    """Ask, and get no answer."""
    epoch = outage.begin()
    assert epoch is not None
    outage.failed(epoch, ConnectionError())


def test_server_that_answers() -> None:
    """Everybody may ask."""
    outage = make(Clock())
    assert [outage.begin(), outage.begin(), outage.is_on] == [0, 0, False]
    outage.succeeded(0)
    assert outage.begin() == 0


def test_waits_grow() -> None:
    """From trial to trial they double, up to the longest; after an answer they begin anew."""
    clock = Clock()
    outage = make(clock)
    waits = []
    for _ in range(8):
        fail(outage)
        start = clock.now
        while outage.is_on:
            clock.now += 0.001
        waits.append(clock.now - start)
    assert waits == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0], abs=0.01)
    epoch = outage.begin()
    assert epoch is not None
    outage.succeeded(epoch)
    fail(outage)
    clock.now += 0.1
    assert not outage.is_on


def test_one_caller_tries() -> None:
    """The others do without until it is known what comes of it, or for as long as the next wait."""
    clock = Clock()
    outage = make(clock)
    fail(outage)
    clock.now = 0.1
    assert [outage.begin(), outage.begin()] == [1, None]
    clock.now = 0.31
    assert outage.begin() == 1


def test_failures_of_one_epoch_are_one() -> None:
    """What failed together does not make the wait longer; an answer from before the failure ends no outage."""
    clock = Clock()
    outage = make(clock)
    epochs = [outage.begin() for _ in range(3)]
    for epoch in epochs[:2]:
        assert epoch is not None
        outage.failed(epoch, TimeoutError())
    outage.succeeded(0)
    assert outage.is_on
    clock.now = 0.1
    assert not outage.is_on


def test_log(caplog: pytest.LogCaptureFixture) -> None:
    """Its beginning is a warning, its end a line; trials in vain are not."""
    caplog.set_level(logging.INFO, "outage")
    clock = Clock()
    outage = make(clock)
    for _ in range(5):
        fail(outage)
        clock.now += 10
    epoch = outage.begin()
    assert epoch is not None
    outage.succeeded(epoch)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "Redis at host:1 cannot be used (ConnectionError); nothing is limited"),
        ("INFO", "Redis at host:1 can be used again"),
    ]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("redis://:secret@host"), "ValueError"),
        (ValueError("NOAUTH Authentication required."), "ValueError, NOAUTH"),
        (ValueError("SECRETpassword"), "ValueError"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_text_of_an_error(error: Exception, expected: str) -> None:
    """Only its class, and a code that Redis begins its errors with."""
    assert describe(error) == expected
