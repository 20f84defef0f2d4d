"""`hawkapi changelog`: what changed between two versions of an API, as a page for its users."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from hawkapi.cli._arguments import add_documents
from hawkapi.cli._documents import load_documents
from hawkapi.cli._output import write
from hawkapi.openapi import detect_breaking_changes, generate_changelog

DESCRIPTION: Final = "Compare two versions of an API, and write what a client of the old one may notice as Markdown."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_documents(parser)
    parser.add_argument("--title", default="API Changelog", help='the heading, default "API Changelog"')
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the page into a file")


def execute(options: argparse.Namespace) -> int:
    """Write the page.

    Raises:
        CommandError: one of the documents cannot be had, or the file cannot be written.
    """
    changes = detect_breaking_changes(*load_documents(options.old, options.new))
    write(generate_changelog(changes, title=options.title), options.output)
    if options.output is not None:
        write(f"Changelog written to {options.output}\n", None)
    return 0
