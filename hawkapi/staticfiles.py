"""`StaticFiles`: a directory, as an application that can be mounted.

SECURITY: the path of a request is judged as text before any file is looked at, and then followed one name at a time
from the directory on. A symbolic link is read and its target judged as text as well, so nothing outside the directory
is ever looked at, let alone opened.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Generator, Iterator
from enum import Enum
from typing import Final, NamedTuple, final

from hawkapi.exceptions import reason_phrase
from hawkapi.http.headers import Headers, MutableHeaders
from hawkapi.http.urls import encode_path
from hawkapi.responses._transfer import Batch, FileOrder, deliver_batches, transfer
from hawkapi.responses.base import Response
from hawkapi.responses.file import guess_content_type
from hawkapi.responses.problem import problem_response
from hawkapi.status import WS_1000_NORMAL_CLOSURE
from hawkapi.types import Receive, Scope, Send

__all__ = ["StaticFiles"]

MAX_LINKS: Final = 40
"""Symbolic links on the way to a file; what Linux allows."""

_ABSENT: Final = frozenset({errno.EACCES, errno.EISDIR, errno.ELOOP, errno.ENOTDIR, errno.EPERM})
_ON_WINDOWS: Final = os.name == "nt"
_DEVICE: Final = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9\xb9\xb2\xb3])(?:[. ].*)?", re.IGNORECASE
)
_NEVER_A_NAME: Final = re.compile(r'[<>:"|?*\x00-\x1f]|[. ]$')


class _Missing(Enum):
    """Why there is nothing to send; a client may know the first reason only."""

    NOT_FOUND = "Not found"
    HIDDEN = None


class _Place(NamedTuple):
    """Something in the directory."""

    path: str
    is_directory: bool


@final
class StaticFiles:
    """An ASGI application that answers `GET` and `HEAD` with the files of a directory.

    It sends weak entity tags, answers conditional requests and ranges as `FileResponse` does, and reads files in worker
    threads. Files whose names begin with a dot are sent too. Symbolic links are followed within the directory; one that
    leaves it is as good as absent (404).

    Args:
        directory: has to exist.
        html: answer a directory with its `index.html`, after a redirection (307) to the path with a slash at its end,
            and what is not there with the `404.html` at the top, if there is one (still with 404). Default off.
        max_age: seconds that a client may use a file without asking again; default 0, which makes it ask each time.

    Raises:
        RuntimeError: there is no such directory.
        ValueError: `max_age` is negative.

    Immutable, so it may serve in any number of threads.
    """

    def __init__(self, *, directory: str | os.PathLike[str], html: bool = False, max_age: int = 0) -> None:
        if not os.path.isdir(directory):  # noqa: PTH112 - a Path would not say false to everything that is none
            raise RuntimeError(f"Static directory not found: {os.fspath(directory)}")
        if max_age < 0:
            raise ValueError(f"max_age is {max_age}; it is a number of seconds, at least 0")
        self.directory = os.path.realpath(directory)
        self.html = html
        self.max_age = max_age
        self._cache_control = f"public, max-age={max_age}" if max_age > 0 else "no-cache"
        # Absolute links may be written with the name that the directory was given by.
        self._roots = (self.directory, os.path.abspath(directory))  # noqa: PTH100 - without following links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request (ASGI HTTP) for `scope["path"]`, which is that below the mount; refuse a WebSocket."""
        if scope["type"] == "websocket":
            await receive()
            # It was not accepted, so servers answer 403.
            await send({"type": "websocket.close", "code": WS_1000_NORMAL_CLOSURE})
        elif scope["type"] == "http":
            await deliver_batches(self._answer(scope), scope, receive, send)

    def _answer(self, scope: Scope) -> Iterator[Batch]:
        """Yield the messages of the response; runs in worker threads."""
        method = scope["method"]
        if method not in {"GET", "HEAD"}:
            yield _not_allowed().messages(method)
            return
        found = self._find(scope["path"])
        if isinstance(found, _Place) and found.is_directory:
            if not _has_final_slash(scope):
                yield _to_slash(scope).messages(method)
                return
            found = self._walk([*_names_below(self.directory, found.path), "index.html"])
        if isinstance(found, _Missing):
            yield from self._missing(found, method)
        elif not (yield from _try_file(self._order(found.path), method, Headers(scope.get("headers", ())))):
            yield from self._missing(_Missing.NOT_FOUND, method)

    def _find(self, path: str) -> _Place | _Missing:
        """Return what a path means, if it may be sent."""
        names = split_path(path)
        if names is None:
            return _Missing.HIDDEN
        found = self._walk(names)
        if isinstance(found, _Place) and found.is_directory and not self.html:
            return _Missing.NOT_FOUND
        return found

    def _walk(self, names: list[str]) -> _Place | _Missing:
        """Follow names from the directory on; links are followed as long as they stay in it."""
        waiting, here, links = names[::-1], self.directory, 0
        mode = stat.S_IFDIR
        try:
            while waiting:
                here = os.path.join(here, waiting.pop())  # noqa: PTH118 - text all the way
                mode = os.lstat(here).st_mode
                if not (stat.S_ISLNK(mode) or os.path.isjunction(here)):
                    continue
                links += 1
                inside = self._target(here)
                if inside is None or links > MAX_LINKS:
                    return _Missing.HIDDEN
                waiting += inside[::-1]
                here, mode = self.directory, stat.S_IFDIR
        except (OSError, ValueError):  # absent, not to be seen, below a file, too long, no name at all
            return _Missing.NOT_FOUND
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return _Missing.NOT_FOUND
        return _Place(here, stat.S_ISDIR(mode))

    def _target(self, link: str) -> list[str] | None:
        """Return the names, from the directory on, that a link stands for; `None` if it leaves the directory."""
        target = os.path.normpath(os.path.join(os.path.dirname(link), os.readlink(link)))  # noqa: PTH115, PTH118, PTH120
        for root in self._roots:
            if target == root or target.startswith(os.path.join(root, "")):  # noqa: PTH118
                return _names_below(root, target)
        return None

    def _order(self, path: str, status_code: int = 200) -> FileOrder:
        return FileOrder(
            path,
            status_code,
            MutableHeaders({"cache-control": self._cache_control if status_code == 200 else "no-cache"}),
            guess_content_type(path, "application/octet-stream"),
            weak_etag=True,
            follow_links=False,
        )

    def _missing(self, reason: _Missing, method: str) -> Iterator[Batch]:
        """Yield the messages of a 404."""
        page = self._walk(["404.html"]) if self.html else reason
        if isinstance(page, _Place) and (yield from _try_file(self._order(page.path, 404), method, Headers())):
            return
        yield problem_response("not-found", 404, reason_phrase(404), detail=reason.value).messages(method)


def _try_file(order: FileOrder, method: str, request: Headers) -> Generator[Batch, None, bool]:
    """Yield the messages of a file; return whether it was there, and yield nothing if it was not."""
    try:
        yield from transfer(order, method, request)
    except OSError as exc:
        # It vanished, became something else, or may not be read; another error is not the client's affair.
        if not isinstance(exc, FileNotFoundError) and exc.errno not in _ABSENT:
            raise
        return False
    return True


def split_path(path: str, *, on_windows: bool = _ON_WINDOWS) -> list[str] | None:
    """Return the names in a decoded path, or `None` when it is not to be looked up.

    Empty names and `.` are left out. No path has `..`, a backslash or NUL; on Windows none has a drive, a stream, the
    name of a device, or an end that Windows would drop.
    """
    if "\\" in path or "\0" in path:
        return None
    names = [name for name in path.split("/") if name not in {"", "."}]
    if ".." in names or (on_windows and any(_NEVER_A_NAME.search(name) or _DEVICE.fullmatch(name) for name in names)):
        return None
    return names


def _names_below(root: str, path: str) -> list[str]:
    return [name for name in path[len(root) :].split(os.sep) if name]  # noqa: PTH206 - text all the way


def _has_final_slash(scope: Scope) -> bool:
    """Whether the client asked for a path with a slash at its end."""
    path: str = scope["path"]
    raw_path: bytes | None = scope.get("raw_path")
    # The path of the mount itself comes as `/`, however the client wrote it; only the path that it sent tells.
    if path == "/" and scope.get("root_path") and raw_path is not None:
        return raw_path.partition(b"?")[0].endswith(b"/")
    return path.endswith("/")


def _to_slash(scope: Scope) -> Response:
    """Redirect to the same path with a slash at its end, so that relative links in the page work."""
    # SECURITY: one slash at the beginning; two would name another host.
    path = "/" + f"{scope.get('root_path', '')}{scope['path']}".strip("/")
    query: bytes = scope.get("query_string", b"")
    location = f"{encode_path(path)}/" + (f"?{query.decode('latin-1')}" if query else "")
    return Response(status_code=307, headers={"location": location})


def _not_allowed() -> Response:
    return problem_response("method-not-allowed", 405, reason_phrase(405), headers={"allow": "GET, HEAD"})
