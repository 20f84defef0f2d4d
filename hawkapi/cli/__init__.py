"""The `hawkapi` command: one module per subcommand, imported when it is called."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import hawkapi

__all__ = ["main"]


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = argparse.ArgumentParser(prog="hawkapi", description="hawkapi: a web framework for many loops and threads.")
    parser.add_argument("--version", action="version", version=f"hawkapi {hawkapi.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    info = commands.add_parser(
        "info",
        help="print what a bug report needs",
        description="Print the interpreter, the state of the GIL, the installed wheel, the codec, the compiled modules "
        "and the optional packages.",
    )
    info.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    info.add_argument(
        "--import",
        dest="modules",
        metavar="MODULE",
        action="append",
        default=[],
        help="import a module too, and tell whether it switches the GIL on; may be given several times",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: the arguments without the program's name, default the process's.

    Returns:
        The exit status: 0 when it worked, 1 when it did not or no command was given. Wrong usage exits with 2.
    """
    parser = build_parser()
    options = parser.parse_args(argv)
    if options.command is None:
        parser.print_help(sys.stderr)
        return 1
    from hawkapi.cli import info  # The one command's code, when it is called.

    try:
        status = info.run(as_json=options.json, modules=options.modules)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone, `head` for example. The interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as exc:
        print(f"hawkapi: cannot write the output: {exc.strerror}", file=sys.stderr)  # noqa: T201
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
