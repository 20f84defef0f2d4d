"""Mounts: other ASGI applications below a path, and what they are told about where they are.

Two readings of a mounted scope exist. The usual one, ours, takes the mount's path off `path` and adds it to
`root_path`. The ASGI specification has `path` hold all of the request's path, `root_path` included, and Starlette
follows it: it takes `root_path` off by itself, and makes redirects and URLs of the whole `path`. Applications built on
Starlette therefore get the whole path, all others the rest.

From the scope alone the two cannot be told apart: under a mount at `/m`, is `/m/x` all of the path or the rest of
`/m/m/x`? So a scope whose `path` is a rest says so, in a key of its own that only hawkapi's applications read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from hawkapi.types import Receive, Scope, Send

__all__ = ["Mount"]

RELATIVE_TO: Final = "hawkapi.path_is_relative_to"
"""The scope's key for the `root_path` that has already been taken off its `path`."""

WHOLE_PATH_PACKAGES: Final = frozenset({"fastapi", "starlette"})
"""Whose applications, and classes derived from them, take `root_path` off `path` by themselves."""


@dataclass(frozen=True, slots=True)
class Mount:
    """An ASGI application below a path. Immutable, so it may be shared by threads."""

    path: str
    """One leading slash, none at the end; empty for the root."""
    app: Any
    name: str | None = None
    """What `url_path_for` calls it."""
    strip_path: bool = True
    """Whether the application gets the rest of the path instead of all of it."""

    def copy(self) -> Mount:
        """Return an equal mount; threads without the GIL contend for one that they share."""
        return Mount(self.path, self.app, self.name, self.strip_path)

    async def forward(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a connection to the application, with a scope of its own.

        Args:
            path: the path that was matched, as `route_path` returns it; it is this mount's or below it.
            scope: the connection's, of type `http` or `websocket`; it is left as it is.
            receive: as given to the outer application.
            send: as given to the outer application.
        """
        await self.app(self.child_scope(path, scope), receive, send)

    def child_scope(self, path: str, scope: Scope) -> Scope:
        """Return the scope for the application: a copy with `path` and `root_path` as it expects them."""
        child = dict(scope)
        rest = path[len(self.path) :] or "/"
        root_path = child["root_path"] = scope.get("root_path", "").rstrip("/") + self.path
        if self.strip_path:
            child["path"], child[RELATIVE_TO] = rest, root_path
        else:
            # The whole path as a server would send it for this `root_path`: no slash where the client sent none.
            child["path"] = root_path + path[len(self.path) :] or "/"
            child.pop(RELATIVE_TO, None)
        return child


def wants_whole_path(app: object) -> bool:
    """Whether an application expects `path` to hold `root_path`, as the ASGI specification has it."""
    return any(base.__module__.partition(".")[0] in WHOLE_PATH_PACKAGES for base in type(app).__mro__)


def route_path(scope: Scope) -> str:
    """Return the path that routes are matched against: without the `root_path` of a server or a mount (ASGI HTTP).

    Servers differ: `path` may hold `root_path` or not, so it is taken off where it is there. What a mount has already
    taken off is not looked for again.
    """
    path: str = scope["path"]
    if not path.isascii():
        # Some servers leave half surrogates where a path is not UTF-8; nothing could be sent that quotes them.
        path = path.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    root_path: str = scope.get("root_path", "")
    if not root_path:
        return path
    root_path = root_path.rstrip("/").removeprefix(scope.get(RELATIVE_TO, ""))
    if not root_path or not path.startswith(root_path):
        return path
    rest = path[len(root_path) :]
    if rest.startswith("/"):
        return rest
    return path if rest else "/"
