"""What is risky in an application that many event loops and threads serve at once: `DOC060` to `DOC073`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hawkapi.doctor._project import Place
from hawkapi.doctor.findings import Severity, SurveyRule
from hawkapi.doctor.rules._gil import gil_switches
from hawkapi.doctor.rules._kept_objects import clients, primitives, thread_bound
from hawkapi.doctor.rules._running import (
    cached_coroutines,
    context_variables,
    loops_in_workers,
    own_loops,
    process_wide,
    state_in_workers,
    thread_locals,
)
from hawkapi.doctor.rules._shared_state import changing_loops, late_settings, lost_updates
from hawkapi.doctor.survey import Survey

__all__ = ["THREAD_RULES"]


def _rule(
    rule_id: str, severity: Severity, title: str, look: Callable[[Survey], Iterator[tuple[Place, str, str]]]
) -> SurveyRule:
    return SurveyRule(rule_id, "threads", severity, title, look)


DOC060: Final = _rule("DOC060", Severity.ERROR, "an asyncio primitive outlives its event loop", primitives)
DOC061: Final = _rule("DOC061", Severity.ERROR, "a loop-bound client is shared by all loops", clients)
DOC062: Final = _rule("DOC062", Severity.ERROR, "a thread-bound object is shared", thread_bound)
DOC063: Final = _rule("DOC063", Severity.WARN, "a shared value is read and written back", lost_updates)
DOC064: Final = _rule("DOC064", Severity.WARN, "a shared value is checked, then set", late_settings)
DOC065: Final = _rule("DOC065", Severity.WARN, "a loop over a collection that requests change", changing_loops)
DOC066: Final = _rule("DOC066", Severity.ERROR, "a plain function needs an event loop", loops_in_workers)
DOC067: Final = _rule("DOC067", Severity.INFO, "a plain function writes request state", state_in_workers)
DOC068: Final = _rule("DOC068", Severity.WARN, "a threading.local holds a request's data", thread_locals)
DOC069: Final = _rule("DOC069", Severity.WARN, "a context variable is lost or shared", context_variables)
DOC070: Final = _rule("DOC070", Severity.WARN, "an import switches the GIL on", gil_switches)
DOC071: Final = _rule("DOC071", Severity.ERROR, "a coroutine is kept in a cache", cached_coroutines)
DOC072: Final = _rule("DOC072", Severity.WARN, "request code makes an event loop", own_loops)
DOC073: Final = _rule("DOC073", Severity.WARN, "request code changes the whole process", process_wide)

THREAD_RULES: Final[tuple[SurveyRule, ...]] = (
    DOC060,
    DOC061,
    DOC062,
    DOC063,
    DOC064,
    DOC065,
    DOC066,
    DOC067,
    DOC068,
    DOC069,
    DOC070,
    DOC071,
    DOC072,
    DOC073,
)
"""What `hawkapi doctor --threads` looks for."""
