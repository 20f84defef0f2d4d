"""`hawkapi gen-client`: a client of an API, in Python or TypeScript."""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any, Final

from hawkapi.cli._application import describe, load
from hawkapi.cli._errors import CommandError
from hawkapi.openapi import generate_openapi
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
    source.add_argument("--spec", metavar="FILE", help="an OpenAPI 3 document, JSON or YAML")
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
    spec = read_spec(Path(options.spec)) if options.spec else spec_of(options.app, factory=options.factory)
    language = options.language or options.lang
    try:
        text = write(build_client_ir(spec), language, options.models)
    except UnusableSpecError as exc:
        raise CommandError(f"no client can be made of {source}: {exc}") from None
    target = Path(options.out, FILES[language])
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise CommandError(f"{target} cannot be written: {exc.strerror}") from None
    print(target.resolve())  # noqa: T201 - this is the command's output
    return 0


def write(ir: ClientIR, language: str, models: Any) -> str:
    """Return the text of a client."""
    return generate_typescript_client(ir) if language == "typescript" else generate_python_client(ir, models=models)


def spec_of(written: str, *, factory: bool) -> object:
    """Return the document of an application.

    Raises:
        CommandError: there is no such application, or it describes itself in no way.
    """
    loaded = load(written, factory=factory)
    make = getattr(loaded.app, "openapi", None)
    try:
        if callable(make):
            return make()
        if hasattr(loaded.app, "routes"):
            return generate_openapi(loaded.app.routes)
    except Exception as exc:
        # Of another framework, or a plugin's: it may raise anything.
        why = f"{type(exc).__name__}: {exc}"
        raise CommandError(f"{loaded.reference} cannot describe itself: {why}") from exc
    raise CommandError(f"{loaded.reference} is {describe(loaded.app)}, which has no OpenAPI document")


def read_spec(path: Path) -> object:
    """Return the document in a file, which nobody has looked at yet.

    Raises:
        CommandError: the file cannot be read, or holds neither JSON nor YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise CommandError(f"{path} cannot be read: {exc.strerror}") from None
    except UnicodeDecodeError as exc:
        raise CommandError(f"{path} is not text in UTF-8 (byte {exc.start})") from None
    if path.suffix.lower() in {".yaml", ".yml"}:
        return _read_yaml(path, text)
    try:
        return json.loads(text)
    except RecursionError:
        raise CommandError(f"{path} is nested too deeply") from None
    except ValueError as exc:
        raise CommandError(f"{path} is not JSON: {exc}") from None


def _read_yaml(path: Path, text: str) -> object:
    try:
        # An extra, imported by name because it has no types.
        yaml: Any = importlib.import_module("yaml")
    except ImportError:
        raise CommandError(f"{path} is YAML, which needs PyYAML: pip install 'hawkapi[yaml]'") from None
    try:
        found: object = yaml.safe_load(text)
    except RecursionError:
        raise CommandError(f"{path} is nested too deeply") from None
    except yaml.YAMLError as exc:
        raise CommandError(f"{path} is not YAML: {' '.join(str(exc).split())}") from None
    return found
