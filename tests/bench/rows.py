"""Every request of the benchmark, by the name of its row."""

from __future__ import annotations

from typing import Final

from drawn import DRAWN
from grown import ADDITIONS, GROWN
from workloads import ECHO, TRANSFERS, TUNED, Workload

_TABLES: Final = (TUNED, DRAWN, TRANSFERS, ECHO, ADDITIONS, GROWN)

WORKLOADS: Final[dict[str, Workload]] = {name: workload for table in _TABLES for name, workload in table.items()}
