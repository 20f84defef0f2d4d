"""The log of an application as lines of JSON: `setup_structured_logging`."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, Final

from hawkapi._threading import named_lock
from hawkapi.exceptions import describe_exception

__all__ = ["StructuredFormatter", "setup_structured_logging"]

EXTRAS: Final = ("service", "request_id", "trace_id", "method", "path", "status_code", "duration_ms")
"""What records may have besides, in the order in which it is written."""

TEXT_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"

_SETUP: Final = named_lock("log_handlers")
"""Protects the handlers of the logger between the look for one and its addition. It does not cover who else adds."""


class StructuredFormatter(logging.Formatter):
    """Writes a record as a line of JSON: `timestamp` (ISO 8601, UTC), `level`, `logger`, `message`.

    What the record has of `service`, `request_id`, `trace_id`, `method`, `path`, `status_code` and `duration_ms` comes
    after that, and where there is an exception, `exception` with its `type` and `message`, and `traceback`, a text.
    Thread-safe: it is never changed.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update((name, value) for name in EXTRAS if (value := getattr(record, name, None)) is not None)
        exc = record.exc_info[1] if record.exc_info else None
        if exc is not None:
            line["exception"] = {"type": type(exc).__name__, "message": describe_exception(exc)}
            line["traceback"] = "".join(traceback.format_exception(exc))
        return json.dumps(line, default=str)


class StderrHandler(logging.StreamHandler[Any]):
    """Writes to standard error as it is when a record comes; programs and tests replace it."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        """Standard error."""
        return sys.stderr

    @stream.setter
    def stream(self, stream: Any) -> None:
        raise AttributeError("this handler writes to sys.stderr; add one of your own for another stream")


def setup_structured_logging(level: str = "INFO", *, log_format: str = "json") -> logging.Logger:
    """Have the logger `hawkapi` write to standard error, and return it.

    A logger that has handlers keeps them; one that this function has added takes the new format. Records still reach
    the handlers of the root logger: with some there, they are written twice.

    Args:
        level: of the logger, in any case, default INFO.
        log_format: `json`, a line of JSON for each record (default), or `text`.

    Raises:
        ValueError: there is no such level.

    Thread-safe.
    """
    logger = logging.getLogger("hawkapi")
    logger.setLevel(level.upper())
    with _SETUP:
        if not logger.handlers:
            logger.addHandler(StderrHandler())
        for handler in logger.handlers:
            if isinstance(handler, StderrHandler):
                text = logging.Formatter(TEXT_FORMAT)
                handler.setFormatter(StructuredFormatter() if log_format == "json" else text)
    return logger
