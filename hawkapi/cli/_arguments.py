"""Arguments that several commands have."""

from __future__ import annotations

import argparse

__all__ = ["add_documents", "add_target", "port_number", "positive"]


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add the application to serve or to look at, as `options.app` and `options.factory`."""
    parser.add_argument(
        "app",
        nargs="?",
        metavar="APP",
        help="module:attribute, a module, a file or a directory; by default the application is looked for in the "
        "current directory (main.py, app.py, ...; app/ and src/)",
    )
    parser.add_argument("--factory", action="store_true", help="APP names a function that makes the application")


def add_documents(parser: argparse.ArgumentParser) -> None:
    """Add the two versions of an API that are compared, as `options.old` and `options.new`."""
    what = (
        "module:attribute, a file or a directory of an application; or the .json or .yaml file or the URL of a document"
    )
    parser.add_argument("old", metavar="OLD", help=f"what clients know: {what}")
    parser.add_argument("new", metavar="NEW", help="what they are going to meet: the same")


def positive(text: str) -> int:
    """Read a whole number of at least 1."""
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return number


def port_number(text: str) -> int:
    """Read a port; 0 lets the system choose one."""
    number = _whole(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not from 0 to 65535")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
