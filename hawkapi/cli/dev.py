"""`hawkapi dev`: serve an application while it is being written."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from hawkapi.app import DEBUG_VARIABLE
from hawkapi.cli._application import load
from hawkapi.cli._arguments import add_target, port_number
from hawkapi.cli._errors import CommandError
from hawkapi.cli._target import can_be_found, locate

DESCRIPTION: Final = (
    "Serve an application while it is being written: it restarts when a file changes, and 500 responses show the "
    "traceback. Never for production, which is what `hawkapi run` is for."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, default 127.0.0.1")
    parser.add_argument("--port", type=port_number, default=8000, help="port to listen on, default 8000")
    parser.add_argument(
        "--reload", action=argparse.BooleanOptionalAction, default=True, help="restart when a file changes, default on"
    )
    parser.add_argument(
        "--no-uvloop", action="store_true", help="use the event loop of asyncio also where uvloop is installed"
    )


def execute(options: argparse.Namespace) -> int:
    """Serve until Ctrl+C, and return the exit status."""
    try:
        import uvicorn  # Only this command and `run` need it.
    except ImportError:
        raise CommandError("hawkapi dev needs uvicorn: pip install 'hawkapi[uvicorn]'") from None
    reference, more = _resolve(options.app, factory=options.factory, reload=options.reload)
    if options.no_uvloop:
        more["loop"] = "asyncio"
    host = f"[{options.host}]" if ":" in options.host else options.host
    hint = "restarts when a file changes, " if options.reload else ""
    print(f"hawkapi: http://{host}:{options.port} ({hint}Ctrl+C stops it)", file=sys.stderr, flush=True)  # noqa: T201
    try:
        with _debugging():
            uvicorn.run(reference, host=options.host, port=options.port, reload=options.reload, **more)
    except SystemExit as exc:
        return 1 if exc.code else 0  # uvicorn has more statuses for what did not work.
    return 0


def _resolve(written: str | None, *, factory: bool, reload: bool) -> tuple[str, dict[str, Any]]:
    """Return what uvicorn shall import, and further options for it.

    What is written as `module:attribute` already is not imported here: with `--reload` it may be broken, or not be
    there yet, and uvicorn waits until it is mended.
    """
    target = locate(written)
    target.enter()
    more: dict[str, Any] = {}
    if target.attribute is None or len(target.modules) != 1:
        loaded = load(written, factory=factory)
        reference, made = loaded.reference, loaded.from_factory
    else:
        reference, made = f"{target.modules[0]}:{target.attribute}", factory
        if not can_be_found(target.modules[0], target.directory):
            places = " and ".join(dict.fromkeys((str(target.directory), str(Path.cwd()))))
            print(  # noqa: T201
                f"hawkapi: could not import module {target.modules[0]!r}: there is none in {places} or on the Python "
                "path",
                file=sys.stderr,
            )
    if made:
        more["factory"] = True
    if reload and Path.cwd() not in (target.directory, *target.directory.parents):
        # uvicorn watches the current directory unless told otherwise.
        more["reload_dirs"] = [str(target.directory)]
    return reference, more


@contextmanager
def _debugging() -> Generator[None]:
    """Have applications made in this process and in its children show their tracebacks."""
    before = os.environ.get(DEBUG_VARIABLE)
    os.environ[DEBUG_VARIABLE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[DEBUG_VARIABLE]
        else:
            os.environ[DEBUG_VARIABLE] = before
