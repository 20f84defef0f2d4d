"""What is risky in an application that many event loops and threads serve at once: `DOC060` to `DOC073`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from hawkapi.doctor._project import Place
from hawkapi.doctor.findings import Severity, SurveyRule
from hawkapi.doctor.rules import _gil, _kept_objects, _running, _shared_state
from hawkapi.doctor.survey import Survey

__all__ = ["THREAD_RULES"]


def _rule(
    rule_id: str, severity: Severity, title: str, look: Callable[[Survey], Iterator[tuple[Place, str, str]]]
) -> SurveyRule:
    return SurveyRule(rule_id, "threads", severity, title, look)


DOC060: Final = _rule(
    "DOC060", Severity.ERROR, "an asyncio primitive outlives its event loop", _kept_objects.primitives
)
DOC061: Final = _rule("DOC061", Severity.ERROR, "a loop-bound client is shared by all loops", _kept_objects.clients)
DOC062: Final = _rule("DOC062", Severity.ERROR, "a thread-bound object is shared", _kept_objects.thread_bound)
DOC063: Final = _rule("DOC063", Severity.WARN, "a shared value is read and written back", _shared_state.lost_updates)
DOC064: Final = _rule("DOC064", Severity.WARN, "a shared value is checked, then set", _shared_state.late_settings)
DOC065: Final = _rule(
    "DOC065", Severity.WARN, "a loop over a collection that requests change", _shared_state.changing_loops
)
DOC066: Final = _rule("DOC066", Severity.ERROR, "a plain function needs an event loop", _running.loops_in_workers)
DOC067: Final = _rule("DOC067", Severity.INFO, "a plain function writes request state", _running.state_in_workers)
DOC068: Final = _rule("DOC068", Severity.WARN, "a threading.local holds a request's data", _running.thread_locals)
DOC069: Final = _rule("DOC069", Severity.WARN, "a context variable is lost or shared", _running.context_variables)
DOC070: Final = _rule("DOC070", Severity.WARN, "an import switches the GIL on", _gil.gil_switches)
DOC071: Final = _rule("DOC071", Severity.ERROR, "a coroutine is kept in a cache", _running.cached_coroutines)
DOC072: Final = _rule("DOC072", Severity.WARN, "request code makes an event loop", _running.own_loops)
DOC073: Final = _rule("DOC073", Severity.WARN, "request code changes the whole process", _running.process_wide)

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
