"""`hawkapi openapi`: the document of an application, without serving it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from hawkapi.cli._application import describe
from hawkapi.cli._arguments import add_target
from hawkapi.cli._documents import is_target, load_document, load_target, made
from hawkapi.cli._errors import CommandError
from hawkapi.cli._output import as_json, as_yaml, write

DESCRIPTION: Final = (
    "Write the OpenAPI document of an application, or with --asyncapi the AsyncAPI document of its WebSockets and "
    "server-sent events."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_target(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the document into a file")
    parser.add_argument(
        "--format", choices=("json", "yaml"), default="json", help="default json; yaml needs the extra of that name"
    )
    parser.add_argument("--asyncapi", action="store_true", help="write the AsyncAPI document instead")


def execute(options: argparse.Namespace) -> int:
    """Write the document.

    Raises:
        CommandError: there is none, or the file cannot be written.
    """
    document = _asyncapi(options) if options.asyncapi else load_document(options.app, factory=options.factory)
    write(as_yaml(document) if options.format == "yaml" else as_json(document), options.output)
    return 0


def _asyncapi(options: argparse.Namespace) -> dict[str, Any]:
    if options.app is not None and not is_target(options.app):
        raise CommandError(f"--asyncapi needs an application, and {options.app} is a document", status=2)
    app, reference = load_target(options.app, factory=options.factory)
    if not callable(getattr(app, "asyncapi", None)):
        raise CommandError(f"{reference} is {describe(app)}, which has no asyncapi()")
    return made(app.asyncapi, f"{reference}.asyncapi()")
