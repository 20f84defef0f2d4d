"""Uploads and streams in MB/s, and WebSocket messages, in-process."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from contenders import contenders
from grid import Grid
from plan import Plan
from results import Data, names_in
from rounds import costs
from tables.base import Table
from workloads import ECHO, TRANSFERS

ROUNDS: Final = 7
"""At most; one request of these is long."""


def measure_transfers(plan: Plan) -> Data:
    """Return pairs of costs of whole transfers."""
    return costs(plan, contenders(plan), list(TRANSFERS), plan.fewer(ROUNDS))


def measure_echo(plan: Plan) -> Data:
    """Return pairs of costs of whole connections."""
    return costs(plan, contenders(plan), list(ECHO), plan.fewer(ROUNDS))


def transfer_grids(data: Data) -> Sequence[Grid]:
    """Return megabytes per second of CPU time."""
    names = names_in(data)
    rows = {
        row: [rate(found[name], TRANSFERS[row].size / 1e6) if name in found else None for name in names]
        for row, found in data.items()
    }
    return [Grid("transfers", "MB/s", "MB per second of CPU time", names, rows, logarithmic=True)]


def echo_grids(data: Data) -> Sequence[Grid]:
    """Return thousands of messages per second of CPU time."""
    names = names_in(data)
    rows = {
        row: [rate(found[name], ECHO[row].size / 1e3) if name in found else None for name in names]
        for row, found in data.items()
    }
    return [Grid("echo", "thousand messages/s", "thousand messages per second of CPU time", names, rows)]


def rate(pairs: Sequence[tuple[float, float]], amount: float) -> float:
    """Return how much of an amount is done in a second of CPU time, the median over the rounds."""
    return amount / statistics.median(app for _, app in pairs)


TRANSFERS_TABLE = Table(
    "transfers",
    "Uploads and streams",
    "Megabytes per second of CPU time without a server: 4 MiB that come or go in pieces of 64 KiB, as a plain body, as "
    "a file in a multipart form, and as a streamed response. hawkapi 0.2.0 cannot stream from an ordinary handler.",
    measure_transfers,
    transfer_grids,
)
ECHO_TABLE = Table(
    "echo",
    "WebSocket echo",
    "Thousand messages per second of CPU time that a handler receives and sends back, without a server: 200 over each "
    "connection.",
    measure_echo,
    echo_grids,
)
