"""Where health probes stand among the routes: first of all, and behind everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from hawkapi.routing._parse import join_paths, parse_template
from hawkapi.routing._registry import Change, Contents, Entry, Registry
from hawkapi.routing.route import Route

type Probe = tuple[str | None, Callable[..., Any]]
"""Its path, if it has one, and its handler."""

PROBED: Final = frozenset({"GET", "HEAD"})


def place_probes(registry: Registry, prefix: str, tags: Sequence[str], probes: Iterable[Probe]) -> tuple[Entry, ...]:
    """Register the probes of an application that nobody can see yet; its dependencies do not guard them.

    PERF: without a trial plan and without copies, because tests make applications by the thousand: about 0.1 ms.

    Raises:
        InvalidPathError: a path has no meaning.
        RouteConflictError: two probes have the same path.
    """
    entries = tuple(probe_entry(join_paths(prefix, path), handler, tags) for path, handler in probes if path)
    registry.apply(Change(added=Contents(entries)))
    return entries


def probe_entry(path: str, handler: Callable[..., Any], tags: Sequence[str]) -> Entry:
    """Return the route of a probe.

    It has a name of its own: users call their handlers `healthz` too, and `url_path_for` finds those.
    """
    template = parse_template(path)
    name = f"hawkapi.{handler.__name__}"
    return Entry(Route(template.path, handler, PROBED, name, tags=list(tags), include_in_schema=False), template)


def give_way(probes: Iterable[Entry], registry: Registry, change: Change) -> Change:
    """Return a change that also removes the probes at whose paths it puts something else.

    Called with the registration lock held.
    """
    taken = {entry.route.path for entry in change.added.entries if not PROBED.isdisjoint(entry.route.methods)}
    taken.update(entry.mount.path for entry in change.added.mounts)
    gone = tuple(
        probe
        for probe in probes
        if probe.route.path in taken and id(probe.route) in registry.entries and probe not in change.removed.entries
    )
    if not gone:
        return change
    return change._replace(removed=change.removed._replace(entries=change.removed.entries + gone))
