"""What a router has registered, and where each part of it came from.

A router that is included is copied, route by route, into the one that includes it. Each copy keeps its *chain*: the
inclusions it went through, the outermost first. With it `replace_router` finds what came from a router, wherever that
was included, and sends the routes of another one the same way.

Rules of this file: nothing but a `Registry` changes once it is made. A registry is changed by `apply` only, with the
router's registration lock held: first the table is computed, which may refuse the change, then nothing can fail.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, final

import hawkapi.routing._tree as _tree
from hawkapi.routing._parse import Template, join_paths, parse_template
from hawkapi.routing.mounts import Mount
from hawkapi.routing.options import scopes_of
from hawkapi.routing.route import Route, WebSocketRoute


class Context(NamedTuple):
    """What a router does to everything that is registered with it."""

    prefix: str
    tags: tuple[str, ...]
    dependencies: tuple[Any, ...]
    version: str | None

    def extended(self, prefix: str, tags: tuple[str, ...], dependencies: tuple[Any, ...]) -> Context:
        """Return a context in which further ones stand behind this router's."""
        if not (prefix or tags or dependencies):
            return self
        joined = join_paths(self.prefix, prefix).rstrip("/")
        return Context(joined, self.tags + tags, self.dependencies + dependencies, self.version)

    def place(self, route: Route, path: str, *, versioned: bool) -> Route:
        """Return a route as it is below this router.

        Args:
            route: as it is without this router.
            path: the route's path.
            versioned: whether the path already begins with the route's own version.

        Raises:
            ValueError: the version is empty.
        """
        version = self.version if route.version is None else route.version
        full = join_paths(self.prefix, path)
        if not (versioned and route.version is not None):
            full = join_version(version, full)
        dependencies = (*self.dependencies, *route.dependencies)
        return dataclasses.replace(
            route,
            path=full,
            version=version,
            tags=[*self.tags, *route.tags],
            dependencies=dependencies,
            required_scopes=tuple(sorted({*scopes_of(self.dependencies), *route.required_scopes})),
        )

    def place_mount(self, mount: Mount) -> Mount:
        """Return a mount as it is below this router."""
        return dataclasses.replace(
            mount, path=mount_path(join_version(self.version, join_paths(self.prefix, mount.path)))
        )


def join_version(version: str | None, path: str) -> str:
    """Put a version in front of a path.

    Raises:
        ValueError: the version has nothing but slashes.
    """
    if version is None:
        return path
    if not version.strip("/"):
        raise ValueError(f"version {version!r} is empty; leave it out instead")
    return join_paths(version, path)


def mount_path(path: str) -> str:
    """Return the path of a mount: normalised, and empty for the root.

    Raises:
        InvalidPathError: it has no meaning.
        ValueError: it has parameters.
    """
    template = parse_template(path)
    if template.names:
        raise ValueError(f"an application cannot be mounted at {template.path!r}: the path has parameters")
    return "" if template.path == "/" else template.path


@final
class Inclusion:
    """One call of `include_router`. Compared by identity: the same router may be included several times."""

    __slots__ = ("context", "router")

    def __init__(self, router: object, context: Context) -> None:
        self.router = router
        """What was included."""
        self.context = context
        """That of the router which included it, at that moment."""


type Chain = tuple[Inclusion, ...]


@final
class Entry:
    """A registered route."""

    __slots__ = ("chain", "route", "template")

    def __init__(self, route: Route, template: Template, chain: Chain = ()) -> None:
        self.route = route
        self.template = template
        self.chain = chain

    def below(self, chain: Chain) -> Entry:
        """Return the entry as it is after further inclusions."""
        route = self.route
        for inclusion in reversed(chain):
            route = inclusion.context.place(route, route.path, versioned=True)
        return Entry(route, parse_template(route.path), (*chain, *self.chain))

    def checked(self, check: Callable[[Route], Route]) -> Entry:
        """Return the entry with the route that a check made of its route; its path is normalised."""
        route = check(self.route)
        template = self.template if route.path == self.template.path else parse_template(route.path)
        return Entry(route, template, self.chain)


@final
class MountEntry:
    """A registered mount."""

    __slots__ = ("chain", "mount")

    def __init__(self, mount: Mount, chain: Chain = ()) -> None:
        self.mount = mount
        self.chain = chain

    def below(self, chain: Chain) -> MountEntry:
        """Return the entry as it is after further inclusions."""
        mount = self.mount
        for inclusion in reversed(chain):
            mount = inclusion.context.place_mount(mount)
        return MountEntry(mount, (*chain, *self.chain))


class Contents(NamedTuple):
    """Everything that a router holds at one moment."""

    entries: tuple[Entry, ...] = ()
    mounts: tuple[MountEntry, ...] = ()
    chains: tuple[Chain, ...] = ()
    """Every inclusion, also of routers that had no routes."""

    def below(self, chain: Chain) -> Contents:
        """Return the contents as they are after further inclusions."""
        return Contents(
            tuple(entry.below(chain) for entry in self.entries),
            tuple(mount.below(chain) for mount in self.mounts),
            (chain, *((*chain, *inner) for inner in self.chains)),
        )

    def checked(self, check: Callable[[Route], Route], check_mount: Callable[[Mount], None]) -> Contents:
        """Return the contents with the routes that a check made of theirs; another one sees the mounts."""
        checked = self._replace(entries=tuple(entry.checked(check) for entry in self.entries))
        for entry in self.mounts:
            check_mount(entry.mount)
        return checked


class Change(NamedTuple):
    """What is taken out and what is put in, all or nothing."""

    removed: Contents = Contents()
    added: Contents = Contents()
    in_place: bool = False
    """Whether what is put in stands in the order of routes where the first of what is taken out stood."""


class Registry:
    """Everything that is registered with one router. Changed with the router's registration lock held."""

    def __init__(self) -> None:
        self.table = _tree.empty_table()
        self.sockets = _tree.empty_table()
        """The routes of WebSockets: apart, so that what answers HTTP knows nothing of them."""
        self.entries: dict[int, Entry] = {}
        """By the identity of the route, in order of registration."""
        self.mounts: tuple[MountEntry, ...] = ()
        self.chains: tuple[Chain, ...] = ()
        self.named: dict[str, dict[int, Entry]] = {}
        # THREADS: read without the lock by `url_path_for`; relied on to be atomic are one `get` and one store.
        self.first_named: dict[str, Entry] = {}

    def contents(self) -> Contents:
        """Return everything at this moment."""
        return Contents(tuple(self.entries.values()), self.mounts, self.chains)

    def entry_of(self, route: Route) -> Entry | None:
        """Return the entry of a route, or of one that is equal to it."""
        entry = self.entries.get(id(route))
        if entry is not None:
            return entry
        return next((entry for entry in self.entries_at(route.path) if entry.route == route), None)

    def entries_at(self, path: str) -> list[Entry]:
        """Return the entries with a path, given as `Route.path` has it."""
        template = parse_template(path)
        routes = [*_tree.routes_at(self.table, template), *_tree.routes_at(self.sockets, template)]
        return [self.entries[id(route)] for route in routes if route.path == path]

    def entries_named(self, name: str) -> list[Entry]:
        """Return the entries with a name in order of registration."""
        return list(self.named.get(name, {}).values())

    def apply(self, change: Change) -> None:
        """Make a change.

        Raises:
            RouteConflictError: what is put in contradicts what is there, or itself; nothing has changed.
        """
        table, sockets = self.table, self.sockets
        for entry in change.removed.entries:
            if isinstance(entry.route, WebSocketRoute):
                sockets = _tree.remove(sockets, entry.route, entry.template)
            else:
                table = _tree.remove(table, entry.route, entry.template)
        for mounted in change.removed.mounts:
            table = _tree.remove_mount(table, mounted.mount)
        for entry in change.added.entries:
            if isinstance(entry.route, WebSocketRoute):
                sockets = _tree.add(sockets, entry.route, entry.template)
            else:
                table = _tree.add(table, entry.route, entry.template)
        for mounted in change.added.mounts:
            table = _tree.add_mount(table, mounted.mount)
        self.table, self.sockets = table, sockets
        self._update_entries(change)
        self._update_names(change)
        self.mounts = without(self.mounts, change.removed.mounts) + change.added.mounts
        self.chains = without(self.chains, change.removed.chains) + change.added.chains

    def _update_entries(self, change: Change) -> None:
        added = {id(entry.route): entry for entry in change.added.entries}
        if change.in_place and change.removed.entries:
            gone = {id(entry.route) for entry in change.removed.entries}
            updated: dict[int, Entry] = {}
            for key, entry in self.entries.items():
                if key not in gone:
                    updated[key] = entry
                else:
                    updated.update(added)
                    added = {}
            self.entries = updated
            return
        for entry in change.removed.entries:
            del self.entries[id(entry.route)]
        self.entries.update(added)

    def _update_names(self, change: Change) -> None:
        for entry in change.removed.entries:
            self.named[str(entry.route.name)].pop(id(entry.route))
        for entry in change.added.entries:
            self.named.setdefault(str(entry.route.name), {})[id(entry.route)] = entry
        for name in {str(entry.route.name) for entry in (*change.removed.entries, *change.added.entries)}:
            same = self.named[name]
            if same:
                self.first_named[name] = next(iter(same.values()))
            else:
                del self.named[name], self.first_named[name]


def without[T](everything: tuple[T, ...], gone: Sequence[T]) -> tuple[T, ...]:
    """Return what is left of a tuple, compared by identity."""
    if not gone:
        return everything
    ids = {id(item) for item in gone}
    return tuple(item for item in everything if id(item) not in ids)


def is_below(chain: Chain, places: Iterable[Chain]) -> bool:
    """Whether a chain is one of some places or goes on from one."""
    return any(chain[: len(place)] == place for place in places)
