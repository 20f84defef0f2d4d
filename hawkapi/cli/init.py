"""`hawkapi init`: the settings of a project, as files that `Settings` reads."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from hawkapi._scaffold.templates import ENVIRONMENT_FILES
from hawkapi.cli._errors import CommandError
from hawkapi.cli._output import write

DESCRIPTION: Final = "Write .env, and .env.example for version control, into the current directory."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: none."""


def execute(_options: argparse.Namespace) -> int:
    """Write the files that are not there yet.

    Raises:
        CommandError: one cannot be written.
    """
    for name, text in ENVIRONMENT_FILES.items():
        try:
            # "x": whoever has written the file meanwhile keeps it.
            with Path(name).open("x", encoding="utf-8", newline="\n") as file:
                file.write(text)
        except FileExistsError:
            write(f"Already exists: {name}\n", None)
        except OSError as exc:
            raise CommandError(f"cannot write {name}: {exc.strerror}") from exc
        else:
            write(f"Created: {name}\n", None)
    return 0
