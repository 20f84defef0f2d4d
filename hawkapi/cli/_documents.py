"""OpenAPI documents for commands: of an application, of a file, or from an address.

What may be written, `APP`, `OLD` and `NEW` in the help of the commands::

    DOCUMENT = "http://" ... | "https://" ... | a path that ends in .json, .yaml or .yml | TARGET

`TARGET` is an application, see `_target.py`; here its attribute may also be anything that has routes. When two that
come from different directories are compared, the one that is not from the current directory is loaded by an
interpreter of its own, which runs there: so two versions of one module can be compared, and neither imports what
belongs to the other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, cast

import hawkapi
from hawkapi.cli._application import (
    attribute_of,
    call_factory,
    describe,
    import_module,
    load,
    place_of,
    readable,
    takes,
)
from hawkapi.cli._errors import CommandError
from hawkapi.cli._reading import parse_document, read_file, read_url
from hawkapi.cli._target import Target, locate
from hawkapi.openapi.spec import generate_openapi

__all__ = ["document_of", "is_target", "load_document", "load_documents", "load_target", "made", "read_document"]

type Document = dict[str, Any]

FILES: Final = (".json", ".yaml", ".yml")
ELSEWHERE: Final = """
import sys
sys.path.append({home!r})
from hawkapi.cli import main
raise SystemExit(main({arguments!r}))
"""
"""The program of the other interpreter: hawkapi need not be installed where the application is."""


def load_document(written: str | None, *, factory: bool = False) -> Document:
    """Return the OpenAPI document that an argument means.

    Args:
        written: what the user wrote; without it the application is looked for.
        factory: take what the argument names for a function that makes the application.

    Raises:
        CommandError: there is none; the sentence says what was looked for and where.
    """
    if written is not None and not is_target(written):
        return read_document(written)
    return document_of(*load_target(written, factory=factory))


def load_documents(old: str, new: str) -> tuple[Document, Document]:
    """Return two documents that are to be compared; arguments as of `load_document`.

    Raises:
        CommandError: there is one that cannot be had.
    """
    written = (old, new)
    places = {locate(one).directory for one in written if is_target(one)}
    first, second = (
        _made_elsewhere(one, locate(one))
        if len(places) > 1 and is_target(one) and locate(one).directory != Path.cwd()
        else load_document(one)
        for one in written
    )
    return first, second


def is_target(written: str) -> bool:
    """Whether an argument is an application rather than a document."""
    return "://" not in written and not written.lower().endswith(FILES)


def read_document(written: str) -> Document:
    """Return the OpenAPI document in a file or at an address.

    Raises:
        CommandError: it cannot be read, or is none.
    """
    if "://" not in written:
        return parse_document(written, *read_file(Path(written)))
    if written.lower().startswith(("http://", "https://")):
        return parse_document(written, *read_url(written))
    raise CommandError(f"{written!r} cannot be read: only http:// and https:// are")


def load_target(written: str | None, *, factory: bool = False) -> tuple[Any, str]:
    """Return what has the routes that a target means, and what it is called.

    Raises:
        CommandError: there is no such thing.
    """
    target = locate(written)
    if target.attribute is None:
        loaded = load(written, factory=factory)
        return loaded.app, loaded.reference
    target.enter()
    name = next((name for name in target.modules if _has(name, target.attribute)), target.modules[0])
    value = attribute_of(import_module(name), target.attribute)
    reference = f"{name}:{target.attribute}"
    if not factory and _is_described(value):
        return value, reference
    if (factory and callable(value)) or takes(value, 0):
        value, reference = call_factory(value, reference), f"{reference}()"
    if not _is_described(value):
        raise CommandError(f"{reference} is {describe(value)}, which has neither openapi() nor routes")
    return value, reference


def _has(module: str, attribute: str) -> bool:
    return hasattr(import_module(module), attribute.partition(".")[0])


def _is_described(value: Any) -> bool:
    """Whether something describes itself, or has routes; classes have them for their instances only."""
    return not isinstance(value, type) and (callable(getattr(value, "openapi", None)) or hasattr(value, "routes"))


def document_of(app: Any, reference: str) -> Document:
    """Return the document of what has routes.

    Raises:
        CommandError: it has none, or making it failed.
    """
    describe_itself = getattr(app, "openapi", None)
    if callable(describe_itself):
        return made(describe_itself, f"{reference}.openapi()")
    if not hasattr(app, "routes"):
        raise CommandError(f"{reference} is {describe(app)}, which has neither openapi() nor routes")
    routes = cast("Iterable[Any]", app.routes)
    return made(lambda: generate_openapi(routes), f"the document of {reference}")


def made(make: Callable[[], Any], what: str) -> Document:
    """Return what a method of the application makes.

    Raises:
        CommandError: it failed, or made something else.
    """
    try:
        document = make()
    except Exception as exc:
        raise CommandError(f"{what} failed: {place_of(exc)}", details=readable(exc)) from exc
    if not isinstance(document, dict):
        raise CommandError(f"{what} is no document, but {describe(document)}")
    return cast("Document", document)


def _made_elsewhere(written: str, target: Target) -> Document:
    """Return the document of an application of another directory, as an interpreter there makes it."""
    place = written if target.attribute is None else written.rpartition(":")[0]
    attribute = "" if target.attribute is None else f":{target.attribute}"
    with tempfile.TemporaryDirectory() as directory:
        output = Path(directory, "openapi.json")
        arguments = ["openapi", f"{Path(place).absolute()}{attribute}", "--output", str(output)]
        home = str(Path(hawkapi.__file__).parent.parent)
        done = subprocess.run(
            [sys.executable, "-c", ELSEWHERE.format(home=home, arguments=arguments)],
            cwd=target.directory,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not output.is_file():
            lines = done.stderr.splitlines(keepends=True) or [f"{written} could not be loaded"]
            raise CommandError(lines[-1].strip().removeprefix("hawkapi: "), details="".join(lines[:-1]))
        sys.stderr.write(done.stderr)
        return parse_document(written, output.read_bytes(), is_yaml=False)
