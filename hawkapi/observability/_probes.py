"""Where health probes stand among the routes: first of all, and behind everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from hawkapi.routing._parse import join_paths, parse_template
from hawkapi.routing._registry import Change, Contents, Entry, Registry
from hawkapi.routing.route import Route


class Probe(NamedTuple):
    """What an application may answer by itself."""

    path: str | None
    """`None`: it does not."""
    handler: Callable[..., Any]
    page: str | None = None
    """The path of the page that it belongs to, and goes with; default none."""


class Placed(NamedTuple):
    """A probe among the routes."""

    entry: Entry
    paths: frozenset[str]
    """Its own and that of its page: if something else takes one of them, it goes."""


PROBED: Final = frozenset({"GET", "HEAD"})


def place_probes(registry: Registry, prefix: str, tags: Sequence[str], probes: Iterable[Probe]) -> tuple[Placed, ...]:
    """Register the probes of an application that nobody can see yet; its dependencies do not guard them.

    PERF: without a trial plan and without copies, because tests make applications by the thousand: about 20 µs each.

    Raises:
        InvalidPathError: a path has no meaning.
        RouteConflictError: two probes have the same path.
    """
    placed = tuple(place_probe(prefix, tags, probe.path, probe) for probe in probes if probe.path)
    registry.apply(Change(added=Contents(tuple(each.entry for each in placed))))
    return placed


def place_probe(prefix: str, tags: Sequence[str], path: str, probe: Probe) -> Placed:
    """Return a probe with its route, before that is registered."""
    entry = probe_entry(join_paths(prefix, path), probe.handler, tags)
    own = entry.route.path
    return Placed(entry, frozenset({own} if probe.page is None else {own, join_paths(prefix, probe.page)}))


def probe_entry(path: str, handler: Callable[..., Any], tags: Sequence[str]) -> Entry:
    """Return the route of a probe.

    It has a name of its own: users call their handlers `healthz` too, and `url_path_for` finds those.
    """
    template = parse_template(path)
    name = f"hawkapi.{handler.__name__}"
    return Entry(Route(template.path, handler, PROBED, name, tags=list(tags), include_in_schema=False), template)


def give_way(probes: Iterable[Placed], registry: Registry, change: Change) -> Change:
    """Return a change that also removes the probes at whose paths, or those of their pages, it puts something else.

    Called with the registration lock held.
    """
    taken = {entry.route.path for entry in change.added.entries if not PROBED.isdisjoint(entry.route.methods)}
    taken.update(entry.mount.path for entry in change.added.mounts)
    gone = tuple(
        entry
        for entry, paths in probes
        if not paths.isdisjoint(taken) and id(entry.route) in registry.entries and entry not in change.removed.entries
    )
    if not gone:
        return change
    return change._replace(removed=change.removed._replace(entries=change.removed.entries + gone))
