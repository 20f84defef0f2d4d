"""OpenAPI documents as files and at addresses: read within limits, and told from anything else."""

from __future__ import annotations

import base64
import importlib
import json
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from hawkapi.cli._errors import CommandError
from hawkapi.openapi._walk import list_of, mapping_of

__all__ = ["parse_document", "read_file", "read_url"]

MAX_BYTES: Final = 50 * 1024 * 1024
"""Of a document at an address."""
TIMEOUT_S: Final = 10.0
"""For the connection and for each piece that is read."""
DEADLINE_S: Final = 60.0
"""For all of it."""
MAX_NODES: Final = 2_000_000
"""Values in a YAML document: some lines of aliases to aliases stand for more than any memory holds."""


def read_file(path: Path) -> tuple[bytes, bool]:
    """Return what a file holds, and whether it is YAML.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        return path.read_bytes(), path.suffix.lower() in {".yaml", ".yml"}
    except OSError as exc:
        raise CommandError(f"cannot read {path}: {exc.strerror}") from exc


def read_url(url: str) -> tuple[bytes, bool]:
    """Return what is at an address, and whether it is YAML.

    Redirections are followed to http and https only; the proxies that the environment names are used.

    Raises:
        CommandError: there is no such thing, it takes too long, or it is too large.
    """
    shown = _without_credentials(url)
    try:
        with _opener().open(_request(url), timeout=TIMEOUT_S) as response:
            kind = f"{response.headers.get_content_type()} {urlsplit(str(response.geturl())).path}".lower()
            body = _read(response, shown)
    except urllib.error.HTTPError as exc:
        exc.close()
        raise CommandError(f"{shown} answered {exc.code}, not with a document") from exc
    except urllib.error.URLError as exc:
        reason = exc.reason.strerror or exc.reason if isinstance(exc.reason, OSError) else exc.reason
        raise CommandError(f"cannot read {shown}: {reason}") from exc
    except TimeoutError as exc:
        raise CommandError(f"cannot read {shown}: no answer within {TIMEOUT_S:.0f} seconds") from exc
    except (OSError, HTTPException, ValueError) as exc:
        raise CommandError(f"cannot read {shown}: {exc}") from exc
    return body, "yaml" in kind or kind.endswith(".yml")


def _request(url: str) -> urllib.request.Request:
    """Return the request for an address; the name and the password that it may hold are for its own host only."""
    parts = urlsplit(url)
    request = urllib.request.Request(_without_credentials(url))  # noqa: S310 - the schemes are checked
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
        request.add_unredirected_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    return request


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens http and https, and nothing else: the usual one follows redirections to FTP, too."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("Accept", "application/json, application/yaml;q=0.9"), ("User-Agent", "hawkapi")]
    return opener


def _read(response: Any, shown: str) -> bytes:
    until = time.monotonic() + DEADLINE_S
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(65_536):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise CommandError(f"cannot read {shown}: it has more than {MAX_BYTES >> 20} MiB")
        if time.monotonic() > until:
            raise CommandError(f"cannot read {shown}: it took more than {DEADLINE_S:.0f} seconds")
    return b"".join(pieces)


def _without_credentials(url: str) -> str:
    """Return an address without the name and the password that it may hold."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def parse_document(written: str, body: bytes, is_yaml: bool) -> dict[str, Any]:
    """Return the OpenAPI document that a text is.

    Raises:
        CommandError: it is none.
    """
    shown = _without_credentials(written) if "://" in written else written
    value = _parse_yaml(shown, body) if is_yaml else _parse_json(shown, body)
    members = mapping_of(value)
    if "swagger" in members:
        raise CommandError(f"{shown} is a Swagger 2.0 document: convert it to OpenAPI 3 first")
    if not members.keys() & {"openapi", "paths"}:
        raise CommandError(f"{shown} is no OpenAPI document: it is no object with `openapi` and `paths`")
    return members


def _parse_json(shown: str, body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        raise CommandError(f"{shown} is nested too deeply") from None
    except ValueError as exc:
        raise CommandError(f"{shown} is no JSON: {exc}") from exc


def _parse_yaml(shown: str, body: bytes) -> Any:
    try:
        yaml = importlib.import_module("yaml")  # An extra, whose types are in a package of their own.
    except ImportError:
        raise CommandError(f"{shown} is YAML, for which PyYAML is needed: pip install 'hawkapi[yaml]'") from None
    try:
        return _plain(yaml.safe_load(body), [MAX_NODES])
    except RecursionError:
        raise CommandError(f"{shown} is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as exc:
        raise CommandError(f"{shown} is no YAML: {' '.join(str(exc).split())}") from exc


def _plain(value: Any, left: list[int]) -> Any:
    """Return a value of YAML as JSON has it: names are text (a status is a number there), dates and such too."""
    left[0] -= 1
    if left[0] < 0:
        raise ValueError(f"with its aliases it has more than {MAX_NODES} values")
    members, items = mapping_of(value), list_of(value)
    if isinstance(value, dict):
        return {str(name): _plain(item, left) for name, item in members.items()}
    if isinstance(value, list):
        return [_plain(item, left) for item in items]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
