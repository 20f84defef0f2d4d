"""Where an issuer's keys are loaded from, and what is not taken for keys: all that needs no cryptography."""

from __future__ import annotations

import contextlib
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from issuers import served

from hawkapi.security.jwks import JWKSet, download, read_keys

URL = "https://issuer.example/jwks"


@pytest.mark.parametrize(
    "url",
    ["http://a.example/", "file:///etc/passwd", "ftp://a", "", "http://127.0.0.1.a/", "https:///jwks", "https://"],
)
def test_url_that_is_not_safe(url: str) -> None:
    """Keys are not taken from where anybody could put them."""
    with pytest.raises(ValueError, match="is not a safe place for keys; use https://"):
        JWKSet(url)


@pytest.mark.parametrize(
    "url", ["https://ada:hunter2@a.example/", "http://:hunter2@localhost/", "https://ada@a.example"]
)
def test_url_with_a_password(url: str) -> None:
    """A URL, which is logged, has nothing secret in it; the message does not show it either."""
    with pytest.raises(ValueError, match="has no name and password before its host") as caught:
        JWKSet(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_seconds_that_are_none(seconds: float) -> None:
    """Times are not negative."""
    with pytest.raises(ValueError, match="are seconds, at least 0"):
        JWKSet(URL, max_age_s=seconds)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"keys": {}}', b"\xff"])
def test_document_of_no_use(content: bytes) -> None:
    """What is no JWK Set is an error."""
    with pytest.raises(ValueError):  # noqa: PT011 - of JSON, of UTF-8 or of ours
        read_keys(content)


def test_download_from_this_machine_past_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is not asked for what is on this machine, because it would look on its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/jwks" else 502)  # A proxy is asked for the whole URL.
            self.end_headers()
            self.wfile.write(b"keys")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with served(Handler) as url:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.delenv("no_proxy", raising=False)
        assert download(f"{url}/jwks", 10) == b"keys"


def test_issuer_that_answers_byte_by_byte() -> None:
    """What never ends is not read for longer than `timeout_s`, although something comes all the time."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                while not stopped.wait(0.001):
                    self.wfile.write(b" ")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    with served(Handler) as url, pytest.raises(TimeoutError, match="took longer than"):
        download(url, 0.5)
    stopped.set()
