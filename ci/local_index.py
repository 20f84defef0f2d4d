"""A package index on the loopback interface, to rehearse what only a real index would tell.

It is pypiserver, which speaks the upload protocol of twine and the simple repository API of pip and uv, and, like the
real index, never takes a file name twice. Everything lives as long as the `with` block.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import tools
from console import CIError, run
from environments import clean_environment

HOST: Final = "127.0.0.1"
START_TIMEOUT_S: Final = 30
STOP_TIMEOUT_S: Final = 10
POLL_S: Final = 0.05
REFUSAL: Final = "already exists"
"""What the real index and pypiserver both say, with status 400, to a file name they have."""


@contextlib.contextmanager
def local_index(directory: Path, *, overwrite: bool = False) -> Iterator[str]:
    """Serve an empty index from `directory` on a free port and give its URL.

    Args:
        directory: where uploaded files go; made when it is missing.
        overwrite: take a file name twice, which no real index does; for tests.

    Raises:
        CIError: the server is missing or does not come up.
    """
    directory.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command: list[str | Path] = [tools.find("pypi-server"), "run", "--disable-fallback"]
    command += ["--host", HOST, "--port", str(port), "--server", "wsgiref", "--health-endpoint", "/health"]
    command += ["--authenticate", ".", "--passwords", ".", *(["--overwrite"] if overwrite else []), directory]
    log = directory.with_name(f"{directory.name}.log")
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_until_healthy(process, f"http://{HOST}:{port}/health", log)
            yield f"http://{HOST}:{port}"
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_TIMEOUT_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError), opener.open(url, timeout=1):
            return
        time.sleep(POLL_S)
    state = "still starting" if process.poll() is None else f"exit code {process.returncode}"
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise CIError(f"the local index does not answer ({state}); run this again, or read what it printed:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def loopback_environment() -> dict[str, str]:
    """Return this process's environment without what could lead an installer or twine past the loopback index."""
    kept = clean_environment("PIP_", "UV_", "TWINE_")
    return {**kept, "PIP_CONFIG_FILE": os.devnull, "UV_NO_CONFIG": "1", "NO_PROXY": HOST, "no_proxy": HOST}


def upload(url: str, files: Sequence[Path]) -> str:
    """Upload files with twine.

    Returns:
        How many files there were, in a few words.

    Raises:
        CIError: twine fails or the index refuses.
    """
    command: list[str | Path] = [tools.find("twine"), "upload", "--non-interactive", "--verbose"]
    command += ["--disable-progress-bar", "--config-file", os.devnull, "--repository-url", f"{url}/"]
    command += ["--username", "rehearsal", "--password", "rehearsal", *files]
    # Wide lines without colour keep the server's answer in one piece, and so recognisable.
    run(command, env={**loopback_environment(), "COLUMNS": "500", "NO_COLOR": "1"})
    return f"{len(files)} files"


def check_refusal(files: Sequence[Path], send: Callable[[Path], object]) -> str:
    """Upload files that are there already, one by one, and check that each is refused for that reason.

    Args:
        files: what the index has.
        send: uploads one file, or raises `CIError` with what the index said.

    Returns:
        What was refused, in a few words.

    Raises:
        CIError: a file was taken a second time, or the upload failed for another reason.
    """
    for file in files:
        try:
            send(file)
        except CIError as exc:
            if REFUSAL not in str(exc):
                raise
        else:
            raise CIError(f"the index took {file.name} a second time; a release must never change")
    return f"{len(files)} of {len(files)} files: {REFUSAL}"
