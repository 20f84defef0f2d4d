"""The route table: an immutable trie over path segments, with structure shared between generations.

Problem. Requests on many threads look routes up while any thread may register one. A lookup must see all of a
registration or nothing of it, must cost the same with 10 000 routes as with 10, and registering must not copy 10 000
routes.

How it works. Nothing here changes once it can be seen: `add` returns a new table that shares every node off the
changed path with the old one, and so does `remove`. A node's children sit in `Branches`: one dict of most of them and
a short one of the latest changes, which alone is copied by a change, so that a change costs the length of the path and
little more. Templates without parameters are whole keys of one `Branches`, so that most lookups are one or two
accesses. Mounts are few; their dict is copied when one changes.

Matching. A template without parameters wins; then, segment by segment, a literal wins over the parameter; a dead end,
a right path with the wrong method included, goes back to the parameter alternative. One trailing slash of the request
path is ignored. A parameter never takes an empty segment.

Replicas. Without the GIL two threads that read one object contend for its reference count. `copy_table` gives a
thread its own table, node for node, and takes over from the thread's previous copy every part whose original is still
the same. `Branches` knows the keys of its latest changes, so that a thread that is not far behind need not compare: a
refresh costs what changed. One that is further behind compares all.

Rules of this file. It is compiled by mypyc where there is a GIL: final classes with typed attributes, plain functions,
no closures. The one thing written after publication is `Endpoint.plan`, by the first request: threads that share an
endpoint may both compile its plan, the plans are equal, and the last store wins.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, final

from hawkapi.exceptions import RouteConflictError
from hawkapi.routing._parse import Parameter, Template
from hawkapi.routing.mounts import Mount
from hawkapi.routing.route import Route

MOST_RECENT: Final = 16
"""Up to how many changes are kept apart from the rest; in large maps three times the square root of their size."""

REMEMBERED_CHANGES: Final = 32
"""How many changes a map remembers: several threads register, and several times, between two requests of one."""


@final
class Endpoint:
    """One route under one method, and the plan by which its requests are answered."""

    def __init__(self, route: Route, names: tuple[str, ...]) -> None:
        self.route = route
        self.names = names
        self.plan: Any = None
        self.source: Endpoint | None = None


@final
class Node:
    """A place in the trie: what ends here and what goes on from here."""

    def __init__(
        self,
        endpoints: dict[str, Endpoint],
        literals: Branches,
        parameter: Parameter | None,
        below: Node | None,
    ) -> None:
        self.endpoints = endpoints
        self.literals = literals
        self.parameter = parameter
        self.convert: Callable[[str], object] | None = parameter.converter.convert if parameter is not None else None
        self.takes_rest = parameter.converter.takes_rest if parameter is not None else False
        self.below = below
        self.source: Node | None = None


@final
class Branches:
    """An immutable map from segments to nodes that is cheap to change by copying."""

    def __init__(
        self,
        base: dict[str, Node],
        recent: dict[str, Node],
        size: int,
        lineage: object,
        version: int,
        log: tuple[str, ...],
    ) -> None:
        self.base = base
        """What has been there for some time."""
        self.recent = recent
        """What has changed since `base` was made. A key that was removed has an empty node."""
        self.size = size
        """How many keys have a node that is not empty."""
        self.lineage = lineage
        """The same object in every map that grew out of one empty map."""
        self.version = version
        """How many changes made this map out of the empty one."""
        self.log = log
        """The keys of the last changes, the newest at the end."""
        self.source: Branches | None = None

    def get(self, key: str) -> Node | None:
        """Return the node under a key; it may be empty."""
        node = self.recent.get(key)
        return node if node is not None else self.base.get(key)

    def replace(self, key: str, node: Node | None) -> Branches:
        """Return a map with another node under a key, or without that key."""
        old = self.get(key)
        size = self.size - (old is not None and not _is_empty(old)) + (node is not None)
        recent = dict(self.recent)
        recent[key] = node if node is not None else _empty_node()
        base = self.base
        # PERF: of r changes each copies `recent` and one copies `base`; the sum is least near the square root of its
        # size, and a base costs more per child, because its copy does not stay in the processor's cache.
        if len(recent) > MOST_RECENT and len(recent) * len(recent) > 9 * len(base):
            base, recent = _merge(base, recent), {}
        log = (*self.log[-REMEMBERED_CHANGES + 1 :], key)
        return Branches(base, recent, size, self.lineage, self.version + 1, log)

    def changed_since(self, before: Branches) -> set[str] | None:
        """Return the keys that changed since an earlier map, or `None` when that is not remembered."""
        behind = self.version - before.version
        if before.lineage is not self.lineage or not 0 < behind <= len(self.log):
            return None
        return set(self.log[-behind:])


def _empty_branches() -> Branches:
    return Branches({}, {}, 0, object(), 0, ())


def _merge(base: dict[str, Node], recent: dict[str, Node]) -> dict[str, Node]:
    merged = dict(base)
    merged.update(recent)
    for key, node in recent.items():
        if _is_empty(node):
            del merged[key]
    return merged


@final
class Table:
    """All routes of one generation."""

    def __init__(self, whole: Branches, root: Node, mounts: dict[str, Mount]) -> None:
        self.whole = whole
        """Templates without parameters, by their full path."""
        self.root = root
        """Templates with parameters, by segments."""
        self.mounts = mounts
        """Other applications, by the path that they are mounted at."""
        self.longest_mount = max([len(path) for path in mounts], default=-1)
        self.source: Table | None = None

    def find(self, method: str, path: str) -> tuple[Endpoint, list[object]] | None:
        """Return the endpoint for a request and the values of its path parameters, or `None`.

        Args:
            method: upper-case.
            path: percent-decoded, with its leading slash, without the query.
        """
        whole = self.whole
        # PERF: `Branches.get` without its call, and the second lookup only where there is something to look for.
        node = whole.recent.get(path) if whole.recent else None
        if node is None:
            node = whole.base.get(path)
            if node is None and path.endswith("/") and path != "/":
                node = whole.get(path[:-1])
        if node is not None:
            endpoint = node.endpoints.get(method)
            if endpoint is not None:
                return endpoint, []
        values: list[object] = []
        endpoint = _descend(self.root, path, method, values)
        return None if endpoint is None else (endpoint, values)

    def allowed(self, path: str) -> frozenset[str]:
        """Return every method that some route answers at a path."""
        found: set[str] = set()
        for candidate in (path, path[:-1]):
            node = self.whole.get(candidate)
            if node is not None and (candidate == path or path.endswith("/")):
                found.update(node.endpoints)
        _collect(self.root, _segments(path), 0, found)
        return frozenset(found)

    def find_mount(self, path: str) -> Mount | None:
        """Return the mount with the longest path that a path is, or is below of, or `None`."""
        if not self.mounts:
            return None
        end = len(path)
        # SECURITY: nothing longer than the longest mount is looked up, or a path of slashes would cost its square.
        if end > self.longest_mount:
            end = path.rfind("/", 0, self.longest_mount + 1)
        while end > 0:
            mount = self.mounts.get(path[:end])
            if mount is not None:
                return mount
            end = path.rfind("/", 0, end)
        return self.mounts.get("")


def _segments(path: str) -> list[str]:
    segments = path.split("/")
    del segments[0]
    if segments and not segments[-1]:
        segments.pop()
    return segments


def _descend(node: Node, path: str, method: str, values: list[object]) -> Endpoint | None:
    """Return the endpoint for a request below a node, adding the values of its parameters.

    PERF: nearly every place of a table has either a literal or a parameter for a segment, so there is nothing to go
    back to and a loop finds the endpoint; `_walk` does the rest. A lookup of `/users/42` takes 1.1 us instead of 1.4
    with the GIL, 2.3 instead of 2.9 without.
    """
    segments = path.split("/")
    last = len(segments) - 1
    if not segments[last] and last > 0:
        last -= 1
    depth = 0
    while depth < last:
        depth += 1
        segment = segments[depth]
        literals = node.literals
        literal = literals.recent.get(segment) if literals.recent else None
        if literal is None:
            literal = literals.base.get(segment)
        below = node.below
        if literal is not None:
            if below is not None:
                return _walk(node, path, segments[1 : last + 1], depth - 1, method, values)
            node = literal
            continue
        if below is None or not segment:
            return None
        if node.takes_rest:
            endpoint = below.endpoints.get(method)
            if endpoint is not None:
                values.append(path.split("/", depth)[depth])
            return endpoint
        convert = node.convert
        value: object = segment if convert is None else convert(segment)
        if value is None:
            return None
        values.append(value)
        node = below
    return node.endpoints.get(method)


def _walk(node: Node, path: str, segments: list[str], depth: int, method: str, values: list[object]) -> Endpoint | None:
    if depth == len(segments):
        return node.endpoints.get(method)
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        endpoint = _walk(literal, path, segments, depth + 1, method, values)
        if endpoint is not None:
            return endpoint
    below = node.below
    if below is None or not segment:
        return None
    if node.takes_rest:
        endpoint = below.endpoints.get(method)
        if endpoint is not None:
            values.append(path.split("/", depth + 1)[depth + 1])
        return endpoint
    convert = node.convert
    value: object = segment if convert is None else convert(segment)
    if value is None:
        return None
    values.append(value)
    endpoint = _walk(below, path, segments, depth + 1, method, values)
    if endpoint is None:
        values.pop()
    return endpoint


def _collect(node: Node, segments: list[str], depth: int, found: set[str]) -> None:
    """Add the methods of every route that matches, down both the literal and the parameter."""
    if depth == len(segments):
        found.update(node.endpoints)
        return
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        _collect(literal, segments, depth + 1, found)
    below = node.below
    if below is None or not segment:
        return
    if node.takes_rest:
        found.update(below.endpoints)
    elif node.convert is None or node.convert(segment) is not None:
        _collect(below, segments, depth + 1, found)


def empty_table() -> Table:
    """Return a table without routes."""
    return Table(_empty_branches(), _empty_node(), {})


def _empty_node() -> Node:
    return Node({}, _empty_branches(), None, None)


def add(table: Table, route: Route, template: Template) -> Table:
    """Return a table with one more route.

    Raises:
        RouteConflictError: another route answers one of the methods at this path, or has a parameter of another type
            at the same position.
    """
    endpoint = Endpoint(route, template.names)
    if not template.names:
        node = table.whole.get(template.path)
        node = _add_endpoint(node if node is not None else _empty_node(), endpoint)
        return Table(table.whole.replace(template.path, node), table.root, table.mounts)
    return Table(table.whole, _add_below(table.root, template.segments, 0, endpoint), table.mounts)


def remove(table: Table, route: Route, template: Template) -> Table:
    """Return a table without a route, which has to be there."""
    if not template.names:
        whole = table.whole.replace(template.path, _remove_endpoint(table.whole.get(template.path), route))
        return Table(whole, table.root, table.mounts)
    root = _remove_below(table.root, template.segments, 0, route)
    return Table(table.whole, root if root is not None else _empty_node(), table.mounts)


def add_mount(table: Table, mount: Mount) -> Table:
    """Return a table with one more mount.

    Raises:
        RouteConflictError: something else is mounted at its path.
    """
    if mount.path in table.mounts:
        raise RouteConflictError(f"Route conflict: an application is already mounted at {mount.path or '/'}")
    mounts = dict(table.mounts)
    mounts[mount.path] = mount
    return Table(table.whole, table.root, mounts)


def remove_mount(table: Table, mount: Mount) -> Table:
    """Return a table without a mount, which has to be there."""
    mounts = dict(table.mounts)
    del mounts[mount.path]
    return Table(table.whole, table.root, mounts)


def routes_at(table: Table, template: Template) -> list[Route]:
    """Return the routes of a template, and of those that only name their parameters differently."""
    node: Node | None = table.root
    if not template.names:
        node = table.whole.get(template.path)
    else:
        for segment in template.segments:
            if node is None:
                break
            if isinstance(segment, str):
                node = node.literals.get(segment)
            elif node.parameter is None or node.parameter.converter.name != segment.converter.name:
                node = None
            else:
                node = node.below
    found: list[Route] = []
    if node is not None:
        for method, endpoint in node.endpoints.items():
            # A route with several methods is found under the first of them, as `_add_endpoint` sorted them.
            if method == min(endpoint.route.methods):
                found.append(endpoint.route)
    return found


def _add_endpoint(node: Node, endpoint: Endpoint) -> Node:
    endpoints = dict(node.endpoints)
    route = endpoint.route
    for method in sorted(route.methods):
        other = endpoints.get(method)
        if other is not None:
            raise RouteConflictError(
                f"Route conflict: {method} {route.path} ({route.name}) is already answered by "
                f"{other.route.path} ({other.route.name})"
            )
        endpoints[method] = endpoint
    return Node(endpoints, node.literals, node.parameter, node.below)


def _add_below(node: Node, segments: tuple[str | Parameter, ...], depth: int, endpoint: Endpoint) -> Node:
    if depth == len(segments):
        return _add_endpoint(node, endpoint)
    segment = segments[depth]
    if isinstance(segment, str):
        child = node.literals.get(segment)
        child = _add_below(child if child is not None else _empty_node(), segments, depth + 1, endpoint)
        return Node(node.endpoints, node.literals.replace(segment, child), node.parameter, node.below)
    parameter = node.parameter
    if parameter is not None and parameter.converter.name != segment.converter.name:
        raise RouteConflictError(
            f"Route conflict: {endpoint.route.path} has {{{segment.name}:{segment.converter.name}}} where another "
            f"route has {{{parameter.name}:{parameter.converter.name}}}; one position takes one type"
        )
    below = node.below if node.below is not None else _empty_node()
    return Node(node.endpoints, node.literals, segment, _add_below(below, segments, depth + 1, endpoint))


def _remove_endpoint(node: Node | None, route: Route) -> Node | None:
    assert node is not None
    endpoints = {method: endpoint for method, endpoint in node.endpoints.items() if endpoint.route is not route}
    return _unless_empty(Node(endpoints, node.literals, node.parameter, node.below))


def _remove_below(node: Node | None, segments: tuple[str | Parameter, ...], depth: int, route: Route) -> Node | None:
    assert node is not None
    if depth == len(segments):
        return _remove_endpoint(node, route)
    segment = segments[depth]
    if isinstance(segment, str):
        child = _remove_below(node.literals.get(segment), segments, depth + 1, route)
        literals = node.literals.replace(segment, child)
        return _unless_empty(Node(node.endpoints, literals, node.parameter, node.below))
    below = _remove_below(node.below, segments, depth + 1, route)
    parameter = node.parameter if below is not None else None
    return _unless_empty(Node(node.endpoints, node.literals, parameter, below))


def _is_empty(node: Node) -> bool:
    """Whether nothing ends at a node and nothing goes on from it."""
    return not node.endpoints and not node.literals.size and node.below is None


def _unless_empty(node: Node) -> Node | None:
    return None if _is_empty(node) else node


def copy_table(original: Table, previous: Table | None) -> Table:
    """Return a thread's own copy of a table.

    Args:
        original: the published table.
        previous: the thread's copy of an earlier generation; unchanged parts, plans included, are taken over.
    """
    if previous is None:
        table = Table(
            _copy_branches(original.whole, None), _copy_node(original.root, None), _copy_mounts(original.mounts)
        )
    else:
        before = previous.source
        if before is original:
            return previous
        kept = before is not None and before.mounts is original.mounts
        table = Table(
            _copy_branches(original.whole, previous.whole),
            _copy_node(original.root, previous.root),
            previous.mounts if kept else _copy_mounts(original.mounts),
        )
    table.source = original
    return table


def _copy_mounts(original: dict[str, Mount]) -> dict[str, Mount]:
    return {path: mount.copy() for path, mount in original.items()}


def _copy_node(original: Node, previous: Node | None) -> Node:
    if previous is not None and previous.source is original:
        return previous
    below = original.below
    node = Node(
        _copy_endpoints(original.endpoints, {} if previous is None else previous.endpoints),
        _copy_branches(original.literals, None if previous is None else previous.literals),
        original.parameter,
        None if below is None else _copy_node(below, None if previous is None else previous.below),
    )
    node.source = original
    return node


def _copy_branches(original: Branches, previous: Branches | None) -> Branches:
    before = None if previous is None else previous.source
    if previous is not None and before is original:
        return previous
    changed = None if before is None else original.changed_since(before)
    if previous is None or before is None or changed is None:
        base = _copy_children(original.base, previous)
        recent = _copy_children(original.recent, previous)
    elif original.base is before.base:
        base = previous.base
        recent = dict(previous.recent)
        for key in changed:
            recent[key] = _copy_node(original.recent[key], previous.get(key))
    else:
        base = _copy_merged(original, previous, changed)
        recent = {key: base[key] for key in original.recent}
    branches = Branches(base, recent, original.size, original.lineage, original.version, ())
    branches.source = original
    return branches


def _copy_children(original: dict[str, Node], previous: Branches | None) -> dict[str, Node]:
    return {key: _copy_node(node, None if previous is None else previous.get(key)) for key, node in original.items()}


def _copy_merged(original: Branches, previous: Branches, changed: set[str]) -> dict[str, Node]:
    """Return the copies of all children where the original's base has been made anew."""
    merged = dict(previous.base)
    merged.update(previous.recent)
    for key in previous.recent:
        if original.get(key) is None:
            del merged[key]
    for key in changed:
        node = original.get(key)
        if node is not None:
            merged[key] = _copy_node(node, previous.get(key))
        else:
            merged.pop(key, None)
    return merged


def _copy_endpoints(original: dict[str, Endpoint], previous: dict[str, Endpoint]) -> dict[str, Endpoint]:
    copies: dict[str, Endpoint] = {}
    made: dict[int, Endpoint] = {}
    for method, endpoint in original.items():
        old = previous.get(method)
        copy = old if old is not None and old.source is endpoint else made.get(id(endpoint))
        if copy is None:
            copy = Endpoint(endpoint.route, endpoint.names)
            copy.source = endpoint
        made[id(endpoint)] = copies[method] = copy
    return copies
