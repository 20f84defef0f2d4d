"""`StaticFiles`: what it sends, and what it never looks at."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from asgi import Reply
from streams import answer

from hawkapi import HawkAPI
from hawkapi.http.dates import format_http_date
from hawkapi.staticfiles import StaticFiles, split_path

MODIFIED_S = 1_700_000_000
TYPES = "https://hawkapi.ashimov.com/errors/"
CHANGES_THE_FILES = pytest.mark.thread_unsafe(reason="changes the files that its other threads ask for")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a directory with files, beside one that nobody may see."""
    root = tmp_path / "public"
    (root / "docs").mkdir(parents=True)
    (root / "empty").mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "public-not").mkdir()
    (tmp_path / "public-not" / "a.txt").write_text("secret")
    for name, text in {
        "a.txt": "0123456789",
        "index.html": "home",
        "docs/index.html": "docs",
        "docs/b.css": "b",
        ".hidden": "dot",
        "é ü.txt": "umlaut",
    }.items():
        (root / name).write_text(text)
        os.utime(root / name, (MODIFIED_S, MODIFIED_S))
    return root


def get(root: Path, path: str, method: str = "GET", *, html: bool = False, max_age: int = 0, **options: Any) -> Reply:
    """Ask for a decoded path, as a mount passes it."""
    extra = {"path": path, **options.pop("extra", {})}
    return answer(StaticFiles(directory=root, html=html, max_age=max_age), method, extra=extra, **options)


@pytest.mark.parametrize("directory", ["none", "a.txt", "x\0y"])
def test_missing_directory(tree: Path, directory: str) -> None:
    """It is refused when the application is made."""
    with pytest.raises(RuntimeError, match="Static directory not found"):
        StaticFiles(directory=f"{tree}/{directory}")


def test_negative_age(tree: Path) -> None:
    """Seconds are not negative."""
    with pytest.raises(ValueError, match="max_age is -1"):
        StaticFiles(directory=tree, max_age=-1)


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/a.txt", b"0123456789", "text/plain; charset=utf-8"),
        ("a.txt", b"0123456789", "text/plain; charset=utf-8"),
        ("//a.txt", b"0123456789", "text/plain; charset=utf-8"),
        ("/a.txt/", b"0123456789", "text/plain; charset=utf-8"),
        ("/docs/b.css", b"b", "text/css; charset=utf-8"),
        ("/docs/./b.css", b"b", "text/css; charset=utf-8"),
        ("/.hidden", b"dot", "application/octet-stream"),
        ("/é ü.txt", b"umlaut", "text/plain; charset=utf-8"),
    ],
)
def test_file(tree: Path, path: str, body: bytes, content_type: str) -> None:
    """A file is sent with its type, length and validators."""
    reply = get(tree, path)
    assert (reply.status, reply.body, reply.header("content-type")) == (200, body, content_type)
    assert reply.header("content-length") == str(len(body))
    assert re.fullmatch(r'W/"[0-9a-f]{16}"', reply.header("etag") or "")
    assert reply.header("last-modified") == format_http_date(MODIFIED_S)
    assert (reply.header("cache-control"), reply.header("accept-ranges")) == ("no-cache", "bytes")


def test_head(tree: Path) -> None:
    """HEAD gets the fields of GET and no body."""
    assert get(tree, "/a.txt", "HEAD").headers == get(tree, "/a.txt").headers
    assert get(tree, "/a.txt", "HEAD").body == b""


@pytest.mark.parametrize(("max_age", "expected"), [(0, "no-cache"), (1, "public, max-age=1")])
def test_cache_control(tree: Path, max_age: int, expected: str) -> None:
    """How long a file may be used is said with it, and again when it has not changed."""
    etag = get(tree, "/a.txt").header("etag") or ""
    for fields, status in (({}, 200), ({"if-none-match": etag}, 304), ({"range": "bytes=0-1"}, 206)):
        reply = get(tree, "/a.txt", max_age=max_age, headers=fields)
        assert (reply.status, reply.header("cache-control")) == (status, expected)
        assert reply.header("etag") == etag
        assert reply.header("last-modified") is not None


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"if-none-match": "{etag}"}, 304),
        ({"if-none-match": '"x", {etag}'}, 304),
        ({"if-none-match": "*"}, 304),
        ({"if-none-match": '"x"', "if-modified-since": format_http_date(MODIFIED_S)}, 200),
        ({"if-modified-since": format_http_date(MODIFIED_S)}, 304),
        ({"if-modified-since": format_http_date(MODIFIED_S - 1)}, 200),
        ({"if-modified-since": "garbage"}, 200),
        ({"if-match": '"x"'}, 412),
        ({"range": "bytes=0-1"}, 206),
        ({"range": "bytes=10-"}, 416),
        ({"range": "bytes=0-1", "if-range": "{etag}"}, 200),
        ({"range": "bytes=0-1", "if-range": format_http_date(MODIFIED_S)}, 206),
    ],
)
def test_conditions_and_ranges(tree: Path, fields: dict[str, str], status: int) -> None:
    """They are answered as by `FileResponse`; a weak tag promises nothing about bytes."""
    etag = get(tree, "/a.txt").header("etag") or ""
    assert get(tree, "/a.txt", headers={k: v.format(etag=etag) for k, v in fields.items()}).status == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "get"])
def test_other_methods(tree: Path, method: str) -> None:
    """They are not allowed, whether there is a file or not."""
    for path in ("/a.txt", "/none"):
        reply = get(tree, path, method)
        assert (reply.status, reply.header("allow")) == (405, "GET, HEAD")
        assert reply.json() == {"type": TYPES + "method-not-allowed", "title": "Method Not Allowed", "status": 405}


@pytest.mark.parametrize("path", ["/none", "/docs/none", "/a.txt/x", "/docs", "/docs/", "/", "", "/" + "x" * 5000])
def test_not_found(tree: Path, path: str) -> None:
    """What is no file is not found; without `html` that goes for directories too."""
    reply = get(tree, path)
    expected = {"type": TYPES + "not-found", "title": "Not Found", "status": 404, "detail": "Not found"}
    assert (reply.status, reply.json()) == (404, expected)


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/docs/../../secret.txt",
        "/docs/../a.txt",
        "/..",
        "/../public-not/a.txt",
        "/..\\secret.txt",
        "\\..\\secret.txt",
        "/docs\\b.css",
        "/a.txt\0",
        "/\0",
    ],
)
def test_hostile_path(tree: Path, path: str) -> None:
    """It is answered as if nothing were there, without a detail."""
    for html in (False, True):
        reply = get(tree, path, html=html)
        assert (reply.status, reply.json()) == (404, {"type": TYPES + "not-found", "title": "Not Found", "status": 404})


@pytest.mark.parametrize(
    "path", ["/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%2e%2e%2fsecret.txt", "/%00", "/..%5csecret.txt"]
)
@pytest.mark.parametrize("decode", [True, False])
def test_encoded_path(tree: Path, path: str, decode: bool) -> None:
    """What was encoded once is judged as what it means; what was encoded twice is the name of no file."""
    assert get(tree, unquote(path) if decode else path).status == 404


@pytest.mark.parametrize("path", ["/\ud800", "/C:/secret.txt", "/a.txt::$DATA", "//host/share/a", "/con"])
def test_odd_path(tree: Path, path: str) -> None:
    """It is not found, and nothing worse."""
    assert get(tree, path).status == 404


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/a/b.txt", ["a", "b.txt"]),
        ("/console.log", ["console.log"]),
        ("/nullable", ["nullable"]),
        ("/com10.txt", ["com10.txt"]),
        ("/..a/b..c", ["..a", "b..c"]),
        ("/C:/x", None),
        ("/C:", None),
        ("/a.txt:stream", None),
        ("/a.txt::$DATA", None),
        ("/con", None),
        ("/CON.txt", None),
        ("/docs/nul .txt", None),
        ("/COM1", None),
        ("/lpt\xb9.log", None),
        ("/conin$", None),
        ("/a.txt.", None),
        ("/a.txt ", None),
        ("/...", None),
        ("/a*", None),
        ("/a\x1fb", None),
    ],
)
def test_path_on_windows(path: str, names: list[str] | None) -> None:
    """Drives, streams, devices and ends that Windows drops are the name of no file there."""
    assert split_path(path, on_windows=True) == names


@CHANGES_THE_FILES
def test_links_within_the_directory(tree: Path) -> None:
    """They are followed, relative and absolute, to files and through directories."""
    (tree / "one.txt").symlink_to("a.txt")
    (tree / "two").symlink_to(tree / "docs")
    (tree / "docs" / "up.txt").symlink_to("../one.txt")
    for path in ("/one.txt", "/two/b.css", "/two/up.txt", "/docs/up.txt"):
        assert get(tree, path).status == 200


@CHANGES_THE_FILES
def test_links_that_leave_the_directory(tree: Path) -> None:
    """They are as good as absent: to files, through directories, by way of others, and back in."""
    outside = tree.parent
    (tree / "file.txt").symlink_to(outside / "secret.txt")
    (tree / "relative.txt").symlink_to("../secret.txt")
    (tree / "up").symlink_to("..")
    (tree / "again.txt").symlink_to("file.txt")
    (tree / "beside").symlink_to("../public-not")
    (tree / "root").symlink_to("/")
    hidden = ["/file.txt", "/relative.txt", "/up/secret.txt", "/up/public/a.txt", "/again.txt", "/beside/a.txt"]
    for path in [*hidden, "/root/etc/passwd"]:
        reply = get(tree, path)
        assert (reply.status, "detail" in reply.json()) == (404, False), path


@CHANGES_THE_FILES
def test_links_in_a_circle(tree: Path) -> None:
    """Following ends."""
    (tree / "x").symlink_to("y")
    (tree / "y").symlink_to("x")
    assert get(tree, "/x").status == 404


@CHANGES_THE_FILES
def test_directory_that_is_a_link(tree: Path) -> None:
    """The directory itself may be given by a link, and links may use that name."""
    alias = tree.parent / "alias"
    alias.symlink_to(tree)
    (tree / "abs.txt").symlink_to(alias / "a.txt")
    assert get(alias, "/abs.txt").status == 200


@CHANGES_THE_FILES
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in this file system")
def test_pipe(tree: Path) -> None:
    """A pipe is not found, instead of waited for."""
    os.mkfifo(tree / "pipe")
    assert get(tree, "/pipe").status == 404


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_file_that_may_not_be_read(tree: Path) -> None:
    """It is not found."""
    (tree / "a.txt").chmod(0)
    assert get(tree, "/a.txt").status == 404


@pytest.mark.parametrize(
    ("path", "extra", "body"),
    [
        ("/docs/", {}, b"docs"),
        ("/docs//", {}, b"docs"),
        ("/", {}, b"home"),
        ("/", {"root_path": "/static", "raw_path": b"/static/"}, b"home"),
        ("/", {"root_path": "/static", "raw_path": None}, b"home"),
        ("/docs/index.html", {}, b"docs"),
    ],
)
def test_index(tree: Path, path: str, extra: dict[str, Any], body: bytes) -> None:
    """With `html`, a directory is answered with its page."""
    reply = get(tree, path, html=True, extra=extra)
    assert (reply.status, reply.body, reply.header("content-type")) == (200, body, "text/html; charset=utf-8")


@CHANGES_THE_FILES
@pytest.mark.parametrize(
    ("path", "extra", "location"),
    [
        ("/docs", {}, "/docs/"),
        ("/docs", {"root_path": "/static"}, "/static/docs/"),
        ("/docs", {"query_string": b"a=%20b&c"}, "/docs/?a=%20b&c"),
        ("//docs", {}, "/docs/"),
        ("/", {"root_path": "/static", "raw_path": b"/static"}, "/static/"),
        ("/", {"root_path": "/static", "raw_path": b"/static?x=/", "query_string": b"x=/"}, "/static/?x=/"),
        ("/docs", {"root_path": "//evil.example"}, "/evil.example/docs/"),
        ("/é", {}, "/%C3%A9/"),
    ],
)
def test_redirect_to_the_slash(tree: Path, path: str, extra: dict[str, Any], location: str) -> None:
    """Relative links in a page only work below a slash; nothing can make the redirection leave the host."""
    (tree / "é").mkdir()
    reply = get(tree, path, html=True, extra=extra)
    assert (reply.status, reply.header("location"), reply.body) == (307, location, b"")


@CHANGES_THE_FILES
def test_directory_without_index(tree: Path) -> None:
    """It is not found."""
    assert get(tree, "/empty/", html=True).status == 404
    (tree / "empty" / "index.html").mkdir()
    assert get(tree, "/empty/", html=True).status == 404


@CHANGES_THE_FILES
@pytest.mark.parametrize("path", ["/none", "/../secret.txt", "/empty/", "/a\0"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_own_page_for_what_is_not_found(tree: Path, path: str, method: str) -> None:
    """With `html`, `404.html` is sent with 404, whole and not to be kept."""
    (tree / "404.html").write_text("lost")
    reply = get(tree, path, method, html=True, max_age=60, headers={"range": "bytes=0-1", "if-none-match": "*"})
    assert (reply.status, reply.body) == (404, b"lost" if method == "GET" else b"")
    assert (reply.header("content-type"), reply.header("content-length")) == ("text/html; charset=utf-8", "4")
    assert (reply.header("cache-control"), reply.header("etag")) == ("no-cache", None)
    assert get(tree, path, method).header("content-type") == "application/problem+json"


def test_other_scopes(tree: Path) -> None:
    """A WebSocket is closed, and a lifespan left to others."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    for kind in ("websocket", "lifespan"):
        asyncio.run(StaticFiles(directory=tree)({"type": kind, "path": "/a.txt"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]


def test_served_by_an_application_with_its_threads(tree: Path) -> None:
    """Files are read in the threads of the application in the scope."""
    app = HawkAPI(worker_threads=1)
    assert get(tree, "/a.txt", extra={"app": app}).body == b"0123456789"
