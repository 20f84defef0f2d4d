"""`hawkapi new`: a new project in a directory of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from hawkapi._scaffold.templates import generate_project, project_files
from hawkapi.cli._errors import CommandError
from hawkapi.cli._output import write

DESCRIPTION: Final = "Write a new project with an application, its tests and its packaging into the directory NAME."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="of the project and of its directory")
    parser.add_argument("--docker", action="store_true", help="write a Dockerfile too")


def execute(options: argparse.Namespace) -> int:
    """Write the project.

    Raises:
        CommandError: the name is none for a project, the directory exists, or a file cannot be written.
    """
    directory = Path(options.name)
    try:
        project_files(options.name, docker=options.docker)
        if directory.exists():
            raise CommandError(f"{options.name} exists already: take another name, or remove it first")
        generate_project(directory, name=options.name, docker=options.docker)
    except ValueError as exc:
        raise CommandError(str(exc)) from exc
    except OSError as exc:
        raise CommandError(f"cannot write {exc.filename or directory}: {exc.strerror or exc}") from exc
    write(
        f"Created {options.name}. Next:\n"
        f"  cd '{options.name}'\n"
        "  python -m venv .venv && . .venv/bin/activate\n"
        "  pip install -e '.[dev]'\n"
        "  python -m pytest\n"
        "  hawkapi dev main:app\n",
        None,
    )
    return 0
