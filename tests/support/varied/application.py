"""Drawing applications: the same seed gives the same source, and so the same routes, wherever it is."""

from __future__ import annotations

import linecache
import sys
from random import Random
from types import ModuleType

from varied.routes import BLOCKS

from hawkapi import HawkAPI

HEADER = '''\
"""Drawn by seed {seed}."""
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired, TypedDict
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from hawkapi import *
from hawkapi.responses import EventSourceResponse, ServerSentEvent
from varied.credentials import *
from varied.credentials import permission_key, policy
from varied.models import *

app = HawkAPI(title="Varied {seed}", version="1.0.0", validation_error_status={status})
app.permission_policy = policy


async def events(times: int) -> AsyncIterator[ServerSentEvent]:
    for number in range(times):
        yield ServerSentEvent(str(number))
'''


def source_of(seed: int, count: int = 40) -> str:
    """Return the source of an application of that many blocks of routes.

    Args:
        seed: what is drawn from.
        count: of blocks; most are one route. The first ones are one of each kind.
    """
    random = Random(seed)
    blocks = [*BLOCKS, *random.choices(BLOCKS, k=max(count - len(BLOCKS), 0))][:count]
    random.shuffle(blocks)
    header = HEADER.format(seed=seed, status=random.choice((400, 422)))
    return "\n\n\n".join([header, *(block(random, number) for number, block in enumerate(blocks))]) + "\n"


def application_of(seed: int, count: int = 40) -> HawkAPI:
    """Return the application of a seed, in a module of its own; tracebacks show its source."""
    source, name = source_of(seed, count), f"varied_{seed}"
    module = ModuleType(name)
    # Annotations of classes are evaluated in their module, by its name.
    sys.modules[name] = module
    module.__file__ = file = f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), vars(module))  # noqa: S102 - what was drawn above
    app: HawkAPI = vars(module)["app"]
    return app
