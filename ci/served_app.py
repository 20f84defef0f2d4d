"""A real application, served by uvicorn on a free port of the loopback interface, and a few requests to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from console import CIError

TIMEOUT_S: Final = 60
LOG: Final = "server.log"
SERVE: Final = """
import socket, sys, uvicorn
sys.path.insert(0, sys.argv[1])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(sys.argv[2], log_level="warning")).run(sockets=[listener])
"""
"""The server binds the port itself and tells it, so no other program can take it in between. Connections made before
uvicorn is ready wait in the socket's queue."""


@dataclass(frozen=True)
class Exchange:
    """A request and the answer it must get."""

    method: str
    path: str
    status: int
    answer: Any
    body: Any = None


ITEM: Final = {"name": "tea", "price": 2.5, "tags": ["hot"]}
EXCHANGES: Final = (
    Exchange("GET", "/hello/world?excited=true", 200, {"message": "Hello, world!"}),
    Exchange("GET", "/items/7?q=tea", 200, {"item_id": 7, "q": "tea"}),
    Exchange("POST", "/items", 201, ITEM, ITEM),
)
"""What docs/examples/hello.py must answer: on a path, a query and a body route."""


def problems(python: Path, app: Path, environment: Mapping[str, str], cwd: Path) -> Iterator[str]:
    """Serve an application file and yield a sentence for each wrong answer.

    Args:
        python: an interpreter that has uvicorn and what the application needs.
        app: a module whose `app` is the application.
        environment: of the server.
        cwd: of the server.

    Raises:
        CIError: the server does not come up.
    """
    with serving(python, app, environment, cwd) as port:
        answers = [(exchange, ask(port, exchange)) for exchange in EXCHANGES]
    for exchange, (status, answer) in answers:
        if (status, answer) != (exchange.status, exchange.answer):
            yield (
                f"{exchange.method} {exchange.path} gave {status} {answer!r} instead of {exchange.status} "
                f"{exchange.answer!r}; the server {_tail(cwd / LOG)}"
            )


@contextlib.contextmanager
def serving(python: Path, app: Path, environment: Mapping[str, str], cwd: Path) -> Iterator[int]:
    """Run the server as long as the block, and give its port.

    Raises:
        CIError: it ends before it has a port.
    """
    command: list[str | Path] = [python, "-I", "-c", SERVE, str(app.parent), f"{app.stem}:app"]
    log = cwd / LOG
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=output, text=True)
        with process:
            try:
                line = process.stdout.readline() if process.stdout else ""
                if not line.strip().isdigit():
                    raise CIError(f"uvicorn did not start with {app.name}; it {_tail(log)}")
                yield int(line)
            finally:
                _stop(process)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()


def ask(port: int, exchange: Exchange) -> tuple[int, Any]:
    """Send a request and return the status with the decoded answer; status 0 when there is none."""
    body = None if exchange.body is None else json.dumps(exchange.body)
    headers = {} if body is None else {"content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request(exchange.method, exchange.path, body, headers)
        response = connection.getresponse()
        text = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as exc:
        return 0, f"no answer: {exc}"
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


def _tail(log: Path, lines: int = 3) -> str:
    printed = " / ".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])
    return f"printed: {printed}" if printed else "printed nothing"
