"""The `hawkapi` command: one module per subcommand, imported when it is called.

argparse, because it is there and starts in a few milliseconds; what a command needs beside it, a server or the
application, is imported by that command alone.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Final, NoReturn, override

import hawkapi
from hawkapi.cli._errors import CommandError, suggestion

__all__ = ["main"]

COMMANDS: Final = {
    "changelog": "write what changed between two versions of an API as Markdown",
    "check": "look for gaps in an OpenAPI document",
    "dev": "serve an application while it is being written: reload, tracebacks in responses",
    "diff": "report what breaks clients between two versions of an API",
    "doctor": "look for what is risky in an application",
    "gen-client": "write a client of an API, in Python or TypeScript",
    "info": "print what a bug report needs",
    "init": "write .env and .env.example into the current directory",
    "migrate": "rewrite a FastAPI application for hawkapi",
    "new": "write a new project",
    "openapi": "write the OpenAPI document of an application",
    "routes": "list the routes of an application",
    "run": "serve an application in production",
}
"""Each is a module beside this one, with `DESCRIPTION`, `add_arguments(parser)` and `execute(options) -> int`."""


_ELSEWHERE: Final = {("run", "--reload"): "; hawkapi dev reloads"}
"""What an option of other programs is called here, by the command at which it is looked for."""


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong, and names the command that was probably meant."""

    @override
    def error(self, message: str) -> NoReturn:
        # COMPAT: argparse can do so itself from 3.14 on (`suggest_on_error`).
        wrong = message.split("'")[1] if message.startswith("argument COMMAND: invalid choice: '") else None
        if wrong is not None:
            message = f"there is no command {wrong!r}{suggestion(wrong, COMMANDS)}"
        # Not the usage, eleven lines for `run`, which hides the one that counts.
        self.exit(2, f"{self.prog}: error: {message} (usage: {self.prog} --help)\n")


def build_parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser of the command line and those of the commands, which have no arguments yet."""
    parser = Parser(prog="hawkapi", description="hawkapi: a web framework for many loops and threads.")
    parser.add_argument("--version", action="version", version=f"hawkapi {hawkapi.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    # `allow_abbrev=False`: an abbreviation would change its meaning, or break, when an option is added.
    return parser, {
        name: commands.add_parser(name, help=summary, allow_abbrev=False) for name, summary in COMMANDS.items()
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command, and return 0 when it worked.

    Args:
        argv: the arguments without the program's name, default the process's.

    Raises:
        SystemExit: with 1 it did not work, or no command was given; with 2 it was not written correctly.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    status = status_of(arguments)
    # COMPAT: hawkapi 0.2.0 exits, as argparse does of wrong usage; and from `diff` also when nothing is found.
    if status or arguments[:1] == ["diff"]:
        raise SystemExit(status)
    return status


def status_of(arguments: list[str]) -> int:
    """Run the command, and return its exit status: 0 when it worked, 1 when it did not or no command was given.

    Raises:
        SystemExit: wrong usage (2), or all that was asked for is the help or the version (0).
    """
    parser, commands = build_parser()
    # The options of the program itself take no values, so the first other word is the command.
    name = next((word for word in arguments if not word.startswith("-")), None)
    if name not in COMMANDS:
        parser.parse_args(arguments)
        parser.print_help()
        return 1
    module = importlib.import_module(f"hawkapi.cli.{name.replace('-', '_')}")
    commands[name].description = module.DESCRIPTION
    module.add_arguments(commands[name])
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        # Only options can be misspelt; the value of one, behind `=`, would spoil the comparison.
        option = unknown[0].partition("=")[0]
        hint = _ELSEWHERE.get((name, option)) or suggestion(option, commands[name]._option_string_actions)
        commands[name].error(f"unrecognized arguments: {' '.join(unknown)}{hint}")
    return execute(module, options)


def execute(module: ModuleType, options: argparse.Namespace) -> int:
    """Run a command, and turn what it cannot do into a line on stderr and a status."""
    try:
        status: int = module.execute(options)
        sys.stdout.flush()
    except CommandError as exc:
        print(f"{exc.details}hawkapi: {exc}", file=sys.stderr)  # noqa: T201
        return exc.status
    except KeyboardInterrupt:
        # While the application is imported; servers stop by themselves.
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read the output has gone, `head` for example. The interpreter must not try to write the rest.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as exc:
        print(f"hawkapi: cannot write the output: {exc.strerror}", file=sys.stderr)  # noqa: T201
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status
