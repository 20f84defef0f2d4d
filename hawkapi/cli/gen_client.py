"""`hawkapi gen-client`: a client of an API, in Python or TypeScript."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from hawkapi.cli._documents import document_of, load_target, read_document
from hawkapi.cli._errors import CommandError
from hawkapi.cli._output import write
from hawkapi.openapi.codegen import (
    ClientIR,
    UnusableSpecError,
    build_client_ir,
    generate_python_client,
    generate_typescript_client,
)

DESCRIPTION: Final = (
    "Write a client of an application, or of any API with an OpenAPI 3 document: DIR/client.py, which needs httpx and "
    "msgspec, or DIR/client.ts, which needs nothing. Its path is printed."
)
LANGUAGES: Final = ("python", "typescript")
FILES: Final = {"python": "client.py", "typescript": "client.ts"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    language = parser.add_mutually_exclusive_group(required=True)
    language.add_argument("language", nargs="?", choices=LANGUAGES, metavar="{python,typescript}")
    language.add_argument("--lang", choices=LANGUAGES, help="the same as an option")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--app", metavar="APP", help="the application: module:attribute, a module, a file, a directory")
    source.add_argument("--spec", metavar="FILE", help="an OpenAPI 3 document, JSON or YAML, or its address")
    parser.add_argument("--factory", action="store_true", help="APP names a function that makes the application")
    parser.add_argument("--out", required=True, metavar="DIR", help="where the file is put; made when it is missing")
    parser.add_argument(
        "--models",
        choices=("msgspec", "dataclass"),
        default="msgspec",
        help="what the classes of a Python client are; dataclasses, which need nothing, where there is no msgspec, as "
        "on free-threaded Python 3.13 (default: msgspec)",
    )


def execute(options: argparse.Namespace) -> int:
    """Write the client and print its absolute path.

    Raises:
        CommandError: the document cannot be read, or the file not be written.
    """
    source = options.spec or options.app
    spec = (
        read_document(options.spec) if options.spec else document_of(*load_target(options.app, factory=options.factory))
    )
    language = options.language or options.lang
    try:
        text = generate(build_client_ir(spec), language, options.models)
    except UnusableSpecError as exc:
        raise CommandError(f"no client can be made of {source}: {exc}") from None
    target = Path(options.out, FILES[language])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise CommandError(f"cannot make {target.parent}: {exc.strerror}") from exc
    write(text, target)
    print(target.resolve())  # noqa: T201 - this is the command's output
    return 0


def generate(ir: ClientIR, language: str, models: Any) -> str:
    """Return the text of a client."""
    return generate_typescript_client(ir) if language == "typescript" else generate_python_client(ir, models=models)
