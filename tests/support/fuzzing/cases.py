"""`Case`: one request as an application receives it, which can be written down and read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_to_bytes

Field = tuple[bytes, bytes]


@dataclass(frozen=True)
class Case:
    """A request.

    Everything is bytes, as on the wire. `leaves` says that the client disconnects after the last chunk, without having
    ended the body.
    """

    method: str = "GET"
    path: bytes = b"/"
    """Percent-encoded."""
    query: bytes = b""
    headers: tuple[Field, ...] = ()
    chunks: tuple[bytes, ...] = ()
    leaves: bool = False

    @property
    def body(self) -> bytes:
        """The chunks together."""
        return b"".join(self.chunks)

    def in_one_chunk(self) -> Case:
        """Return the same request with the whole body in one message."""
        return replace(self, chunks=(self.body,))

    def scope(self) -> dict[str, Any]:
        """Return the scope that a server would make of it (ASGI HTTP 2.5)."""
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": unquote_to_bytes(self.path).decode("utf-8", "surrogateescape"),
            "raw_path": self.path,
            "query_string": self.query,
            "root_path": "",
            "headers": list(self.headers),
            "client": ("127.0.0.1", 40_000),
            "server": ("127.0.0.1", 80),
            "state": {},
        }

    def to_json(self) -> str:
        """Return it as one line of text."""
        document = {
            "method": self.method,
            "path": text(self.path),
            "query": text(self.query),
            "headers": [[text(name), text(value)] for name, value in self.headers],
            "chunks": [text(chunk) for chunk in self.chunks],
            "leaves": self.leaves,
        }
        return json.dumps(document)

    @classmethod
    def from_json(cls, line: str) -> Case:
        """Read what `to_json` wrote."""
        document = json.loads(line)
        return cls(
            method=document["method"],
            path=data(document["path"]),
            query=data(document["query"]),
            headers=tuple((data(name), data(value)) for name, value in document["headers"]),
            chunks=tuple(data(chunk) for chunk in document["chunks"]),
            leaves=document["leaves"],
        )

    def __str__(self) -> str:
        lines = [f"{self.method} {text(self.path)}" + (f"?{text(self.query)}" if self.query else "")]
        lines += [f"  {text(name)}: {text(value)}" for name, value in self.headers]
        lines += [f"  body: {chunk!r}" for chunk in self.chunks]
        return "\n".join([*lines, "  the client leaves"] if self.leaves else lines)


def text(value: bytes) -> str:
    """Return bytes as text of the same length."""
    return value.decode("latin-1")


def data(value: str) -> bytes:
    """Return what `text` was given."""
    return value.encode("latin-1")
