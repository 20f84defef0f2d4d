"""The logger of the package, for tests of what sets it up."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fresh_logger() -> Iterator[logging.Logger]:
    """Give the logger `hawkapi` without handlers and level, and put it back as it was."""
    logger = logging.getLogger("hawkapi")
    handlers, level = logger.handlers, logger.level
    logger.handlers = []
    logger.setLevel(logging.NOTSET)
    try:
        yield logger
    finally:
        logger.handlers = handlers
        logger.setLevel(level)
