"""The logger `hawkapi` as lines of JSON."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from logs import fresh_logger

from hawkapi.observability.logger import StructuredFormatter, setup_structured_logging


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """Give the logger without handlers, and put it back."""
    with fresh_logger() as logger:
        yield logger


def record(**extra: Any) -> logging.LogRecord:
    """Return a record."""
    made = logging.LogRecord("hawkapi", logging.INFO, __file__, 1, "hello %s", ("world",), None)
    made.created = 1_700_000_000.5
    made.__dict__.update(extra)
    return made


def test_line() -> None:
    """It has what every record has."""
    assert json.loads(StructuredFormatter().format(record())) == {
        "timestamp": "2023-11-14T22:13:20.500+00:00",
        "level": "INFO",
        "logger": "hawkapi",
        "message": "hello world",
    }


def test_extras() -> None:
    """What belongs to a request is there, the trace too; anything else is not."""
    extras = {
        "service": "shop",
        "request_id": "r",
        "trace_id": "t",
        "method": "GET",
        "path": "/",
        "status_code": 200,
        "duration_ms": 0.5,
    }
    line = json.loads(StructuredFormatter().format(record(**extras, colour="red", secret="s")))  # noqa: S106
    assert {name: line[name] for name in list(line)[4:]} == extras


def test_exception() -> None:
    """Its class, its text and its traceback are there."""
    try:
        raise ValueError("no")
    except ValueError:
        made = record(exc_info=sys.exc_info())
    line = json.loads(StructuredFormatter().format(made))
    assert line["exception"] == {"type": "ValueError", "message": "no"}
    assert line["traceback"].splitlines()[0] == "Traceback (most recent call last):"
    assert line["traceback"].endswith("ValueError: no\n")


def test_text_of_a_client() -> None:
    """A path with a line break stays in its line."""
    assert "\n" not in StructuredFormatter().format(record(path="/a\nb"))


def test_setup(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """It writes to standard error as it is then, once, from the level on that is wanted."""
    assert setup_structured_logging("warning") is log
    setup_structured_logging("warning")
    log.info("not this")
    log.warning("this")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "this"


def test_setup_as_text(log: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    """The last format counts."""
    setup_structured_logging()
    setup_structured_logging(log_format="text")
    log.info("this")
    assert capsys.readouterr().err.endswith(" INFO hawkapi: this\n")


def test_setup_beside_others(log: logging.Logger) -> None:
    """A logger that has handlers keeps them, and gets no other."""
    own = logging.NullHandler()
    log.addHandler(own)
    setup_structured_logging()
    assert (log.handlers, own.formatter) == ([own], None)


def test_stream_of_its_own(log: logging.Logger) -> None:
    """The handler writes nowhere else."""
    setup_structured_logging()
    with pytest.raises(AttributeError, match=r"this handler writes to sys\.stderr"):
        log.handlers[0].setStream(sys.stdout)  # type: ignore[attr-defined]


def test_level_that_is_none() -> None:
    """It is refused."""
    with pytest.raises(ValueError, match="Unknown level"):
        setup_structured_logging("loud")
