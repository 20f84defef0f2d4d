"""The route table: an immutable trie over path segments, with structure shared between generations.

Problem. Requests on many threads look routes up while any thread may register one. A lookup must see all of a
registration or nothing of it, must cost the same with 10 000 routes as with 10, and registering must not copy 10 000
routes.

How it works. Nothing here changes once it can be seen: `add` returns a new table that shares every node off the
changed path with the old one, and so does `remove`. A node's children sit in `Branches`, a hash table of small dicts
of which a change copies one, in C, so a change costs the length of the path and little more. Templates without
parameters are whole keys of one `Branches`, so that most lookups are a single access. Mounts are few; their dict is
copied when one changes.

Matching. A template without parameters wins; then, segment by segment, a literal wins over the parameter; a dead end,
a right path with the wrong method included, goes back to the parameter alternative. One trailing slash of the request
path is ignored. A parameter never takes an empty segment.

Replicas. Without the GIL two threads that read one object contend for its reference count. `copy_table` gives a
thread its own table, node for node, and takes over from the thread's previous copy every part whose original is still
the same. `Branches` knows the keys of its latest changes, so that a thread that is not far behind need not compare: a
refresh costs what changed. One that is further behind compares the buckets, and the nodes of those that differ.

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

SMALLEST_SPLIT: Final = 16
"""Children up to which one dict is enough."""

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
        self, buckets: tuple[dict[str, Node], ...], size: int, lineage: object, version: int, recent: tuple[str, ...]
    ) -> None:
        self.buckets = buckets
        self.size = size
        self.mask = len(buckets) - 1
        self.lineage = lineage
        """The same object in every map that grew out of one empty map."""
        self.version = version
        """How many changes made this map out of the empty one."""
        self.recent = recent
        """The keys of the last changes, the newest at the end."""
        self.source: Branches | None = None

    def get(self, key: str) -> Node | None:
        """Return the node under a key."""
        if self.mask == 0:
            return self.buckets[0].get(key)
        return self.buckets[hash(key) & self.mask].get(key)

    def replace(self, key: str, node: Node) -> Branches:
        """Return a map with another node under a key."""
        index = hash(key) & self.mask
        bucket = dict(self.buckets[index])
        size = self.size if key in bucket else self.size + 1
        bucket[key] = node
        buckets = list(self.buckets)
        buckets[index] = bucket
        # As many buckets as each holds children keeps both copies, of the tuple and of one dict, short.
        count = len(buckets)
        spread = _split(buckets, count * 2) if size > count * max(SMALLEST_SPLIT, count) else buckets
        return self._next(spread, size, key)

    def without(self, key: str) -> Branches:
        """Return a map that does not have a key; it has to be there."""
        index = hash(key) & self.mask
        bucket = dict(self.buckets[index])
        del bucket[key]
        buckets = list(self.buckets)
        buckets[index] = bucket
        return self._next(buckets, self.size - 1, key)

    def _next(self, buckets: list[dict[str, Node]], size: int, key: str) -> Branches:
        recent = (*self.recent[-REMEMBERED_CHANGES + 1 :], key)
        return Branches(tuple(buckets), size, self.lineage, self.version + 1, recent)

    def changed_since(self, before: Branches) -> set[str] | None:
        """Return the keys that changed since an earlier map, or `None` when that is not remembered."""
        behind = self.version - before.version
        if before.lineage is not self.lineage or before.mask != self.mask or not 0 < behind <= len(self.recent):
            return None
        return set(self.recent[-behind:])


def _empty_branches() -> Branches:
    return Branches(({},), 0, object(), 0, ())


def _split(buckets: list[dict[str, Node]], count: int) -> list[dict[str, Node]]:
    spread: list[dict[str, Node]] = [{} for _ in range(count)]
    for bucket in buckets:
        for key, node in bucket.items():
            spread[hash(key) & (count - 1)][key] = node
    return spread


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
        node = self.whole.get(path)
        if node is None and path.endswith("/") and path != "/":
            node = self.whole.get(path[:-1])
        if node is not None:
            endpoint = node.endpoints.get(method)
            if endpoint is not None:
                return endpoint, []
        values: list[object] = []
        endpoint = _walk(self.root, path, _segments(path), 0, method, values)
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
        whole = _replace_or_drop(table.whole, template.path, _remove_endpoint(table.whole.get(template.path), route))
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
        literals = _replace_or_drop(node.literals, segment, child)
        return _unless_empty(Node(node.endpoints, literals, node.parameter, node.below))
    below = _remove_below(node.below, segments, depth + 1, route)
    parameter = node.parameter if below is not None else None
    return _unless_empty(Node(node.endpoints, node.literals, parameter, below))


def _replace_or_drop(branches: Branches, key: str, node: Node | None) -> Branches:
    return branches.without(key) if node is None else branches.replace(key, node)


def _unless_empty(node: Node) -> Node | None:
    """Return a node, or `None` when nothing ends there and nothing goes on."""
    return node if node.endpoints or node.literals.size or node.below is not None else None


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
    if previous is None or before is None or before.mask != original.mask:
        buckets = [_copy_bucket(bucket, {}, {}, previous) for bucket in original.buckets]
    elif before is original:
        return previous
    else:
        buckets = list(previous.buckets)
        changed = original.changed_since(before)
        if changed is None:
            for index, bucket in enumerate(original.buckets):
                if before.buckets[index] is not bucket:
                    buckets[index] = _copy_bucket(bucket, before.buckets[index], buckets[index], previous)
        else:
            _copy_changed(original, previous, changed, buckets)
    branches = Branches(tuple(buckets), original.size, original.lineage, original.version, ())
    branches.source = original
    return branches


def _copy_changed(original: Branches, previous: Branches, changed: set[str], buckets: list[dict[str, Node]]) -> None:
    """Bring buckets of the previous copy up to date where keys changed."""
    fresh: set[int] = set()
    for key in changed:
        index = hash(key) & original.mask
        if index not in fresh:
            buckets[index] = dict(buckets[index])
            fresh.add(index)
        node = original.get(key)
        if node is None:
            buckets[index].pop(key, None)
        else:
            buckets[index][key] = _copy_node(node, previous.get(key))


def _copy_bucket(
    bucket: dict[str, Node], before: dict[str, Node], copies: dict[str, Node], previous: Branches | None
) -> dict[str, Node]:
    """Copy a bucket; `copies` holds the copies of what is the same in `before`, `previous` those of other places."""
    fresh = {}
    for key, node in bucket.items():
        if before.get(key) is node:
            fresh[key] = copies[key]
        else:
            fresh[key] = _copy_node(node, None if previous is None else previous.get(key))
    return fresh


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
