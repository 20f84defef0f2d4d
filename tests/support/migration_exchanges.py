"""What is sent to the applications in `apps/`, with FastAPI's test client and with hawkapi's."""

from __future__ import annotations

from typing import Any

type Exchange = tuple[str, str, dict[str, Any]]
"""Method, target and what else a client's `request` takes; of a `WEBSOCKET`, what it sends, and how much it gets."""

STAFF = {"x-staff-key": "librarian"}

LIBRARY: list[Exchange] = [
    ("GET", "/", {}),
    ("GET", "/hello", {"headers": {"accept-language": "de,en"}}),
    ("GET", "/hello", {}),
    ("GET", "/me", {"headers": {"cookie": "reader=ada", "user-agent": "test"}}),
    ("POST", "/me/ada", {}),
    ("GET", "/home", {}),
    ("POST", "/authors", {"json": {"name": "Italo Calvino", "born": 1923}}),
    ("POST", "/authors", {"json": {"name": "Italo Calvino"}}),
    ("GET", "/staff/log", {}),
    ("GET", "/v1/staff/log", {}),
    ("GET", "/v1/staff/log", {"headers": STAFF}),
    ("GET", "/v1/staff/log", {"headers": {"x-staff-key": "reader"}}),
    ("POST", "/authors", {"json": {"name": "X"}}),
    ("POST", "/authors", {"json": {"born": "then"}}),
    ("GET", "/authors", {}),
    ("GET", "/authors?q=Cal&limit=1", {}),
    ("GET", "/authors?limit=0", {}),
    ("GET", "/authors/2", {}),
    ("GET", "/authors/99", {}),
    ("GET", "/authors/0", {}),
    ("GET", "/authors/x", {}),
    ("POST", "/books", {"json": {"title": " Cosmicomics ", "author_id": 2, "genre": "science", "pages": 153}}),
    ("POST", "/books", {"json": {"title": "  ", "author_id": 2}}),
    ("POST", "/books", {"json": {"title": "Nobody's", "author_id": 77}}),
    ("GET", "/books", {}),
    ("GET", "/books?genre=science", {}),
    ("GET", "/books?genre=crime", {}),
    ("GET", "/books?ids=1&ids=2&skip=1", {}),
    ("GET", "/books?min-pages=200", {}),
    ("GET", "/books/1", {}),
    ("GET", "/books/99", {}),
    ("PATCH", "/books/1", {"json": {"pages": 480}}),
    ("PUT", "/books/1/loan", {"json": {"reader": "ada", "days": 7}}),
    ("PUT", "/books/1/loan", {"json": {"reader": "bob"}}),
    ("DELETE", "/books/1/loan", {}),
    ("PUT", "/books/1/loan", {"json": {"reader": "bob"}}),
    ("GET", "/v1/staff/notes/1", {"headers": STAFF}),
    ("GET", "/v1/staff/notes/99", {"headers": STAFF}),
    ("DELETE", "/books/2", {}),
    ("GET", "/books/2", {}),
    ("POST", "/books/1", {}),
    ("GET", "/nothing", {}),
]

FORM = {"username": "ada", "password": "lovelace"}

ACCOUNTS: list[Exchange] = [
    ("POST", "/token", {"data": FORM}),
    ("POST", "/token", {"data": {"username": "ada", "password": "wrong"}}),
    ("POST", "/token", {"data": {"username": "ada"}}),
    ("GET", "/users/me", {}),
    ("GET", "/users/me", {"headers": {"authorization": "Bearer nonsense"}}),
    ("GET", "/users/me", {"token": "ada"}),
    ("GET", "/users/me/orders", {"token": "ada"}),
    ("GET", "/admin/users", {"token": "ada"}),
    ("GET", "/admin/users", {"token": "root"}),
    ("GET", "/users/me", {"token": "old"}),
    ("POST", "/users", {"json": {"username": "bob", "email": "bob@example.org", "password": "builder-1"}}),
    ("GET", "/outbox", {}),
    ("POST", "/users", {"json": {"username": "bob", "email": "bob@example.org", "password": "builder-1"}}),
    ("POST", "/users", {"json": {"username": "eve", "email": "no address", "password": "snake-oil-2"}}),
    ("POST", "/users", {"json": {"username": "eve", "email": "e@example.org", "password": "short"}}),
    (
        "PUT",
        "/users/me/address",
        {"json": {"address": {"street": "1", "city": "London"}, "primary": True}, "token": "ada"},
    ),
    ("PUT", "/users/me/address", {"json": {"address": {"street": "1"}, "primary": True}, "token": "ada"}),
    ("POST", "/contact", {"data": {"subject": "hello", "text": "a text", "tags": ["a", "b"]}}),
    ("POST", "/contact", {"data": {"subject": "", "text": "a text"}}),
    ("GET", "/outbox", {}),
    ("GET", "/secret", {"headers": {"authorization": "Basic cm9vdDp0b29y"}}),
    ("GET", "/secret", {"headers": {"authorization": "Basic cm9vdDp4"}}),
    ("GET", "/secret", {}),
    ("GET", "/key?api_key=open", {}),
    ("GET", "/key", {}),
    ("GET", "/teapot", {}),
    ("GET", "/divide?a=6&b=3", {}),
    ("GET", "/divide?a=6&b=0", {}),
    ("DELETE", "/users/bob", {"token": "root"}),
    ("DELETE", "/users/bob", {"token": "root"}),
    ("GET", "/health", {}),
]

ORIGIN = {"origin": "https://chat.example.org"}
TEXT_FILE = {"upload": ("notes.txt", b"one\ntwo\n", "text/plain")}
TWO_FILES = [("files", ("a.txt", b"a", "text/plain")), ("files", ("b.txt", b"bb", "text/plain"))]

CHAT: list[Exchange] = [
    ("GET", "/", {"headers": ORIGIN}),
    ("OPTIONS", "/", {"headers": {**ORIGIN, "access-control-request-method": "GET"}}),
    ("GET", "/rooms", {}),
    ("POST", "/rooms", {"json": {"name": "tea", "topic": "leaves"}}),
    ("POST", "/rooms", {"json": {"name": "tea"}}),
    ("POST", "/rooms", {"json": {"name": "no spaces"}}),
    ("GET", "/rooms/tea", {}),
    ("GET", "/rooms/none", {}),
    ("WEBSOCKET", "/rooms/tea/live?user=ada", {"send": ["hello", "bye"], "receive": 3}),
    ("WEBSOCKET", "/rooms/tea/live?user=bob", {"send": ["/quit"], "receive": 1}),
    ("WEBSOCKET", "/rooms/none/live?user=ada", {"send": [], "receive": 0}),
    ("WEBSOCKET", "/echo", {"send": ["a", "b"], "receive": 2}),
    ("GET", "/rooms/tea/messages?limit=2", {}),
    ("GET", "/rooms/tea/messages?limit=many", {}),
    ("GET", "/rooms/tea/export", {}),
    ("GET", "/rooms/tea/page", {}),
    ("POST", "/rooms/tea/files", {"files": TEXT_FILE, "data": {"title": "Notes"}}),
    ("POST", "/rooms/tea/files", {"data": {"title": "Notes"}}),
    ("POST", "/many", {"files": TWO_FILES}),
    ("GET", "/rooms/tea/files/notes.txt", {}),
    ("GET", "/rooms/tea/files/none.txt", {}),
    ("PUT", "/rooms/tea/topic", {"json": "kettles"}),
    ("PUT", "/rooms/tea/topic", {"json": 7}),
    ("POST", "/hook", {"content": b"raw bytes", "headers": {"x-signature": "9"}}),
    ("POST", "/hook", {"content": b"raw bytes", "headers": {"x-signature": "8"}}),
    ("GET", "/where/a%20b?q=1&q=2", {}),
    ("GET", "/stats", {}),
    ("DELETE", "/rooms/tea", {}),
    ("GET", "/rooms", {}),
    ("GET", "/static/v1/site.css", {}),
]

EXCHANGES = {"library": LIBRARY, "accounts": ACCOUNTS, "chat": CHAT}
"""The exchanges of each application, in their order."""
