"""Seeds of tests that draw random numbers: the same in each run of the suite, others in each run of `nox -s races`."""

from __future__ import annotations

import os


def seeds(count: int) -> range:
    """Return as many seeds, which depend on the environment variable `HAWKAPI_RACE_SEED`, default 0."""
    first = int(os.environ.get("HAWKAPI_RACE_SEED", "0")) * count
    return range(first, first + count)
