"""From a target to the application object: importing the module, finding the application in it, calling a factory."""

from __future__ import annotations

import importlib
import inspect
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, Final, cast

from hawkapi.app import HawkAPI
from hawkapi.cli._errors import CommandError, suggestion
from hawkapi.cli._target import Target, locate

__all__ = ["Loaded", "load"]

APPLICATION_NAMES: Final = ("app", "application")
FACTORY_NAMES: Final = ("create_app", "make_app")
OWN_DIRECTORY: Final = str(Path(__file__).parent)


@dataclass(frozen=True, slots=True)
class Loaded:
    """An application, and how another process finds it again."""

    app: Any
    reference: str
    """`module:attribute`; imported from `target.directory`."""
    from_factory: bool
    """Whether `reference` names a function that makes the application."""
    target: Target


def load(written: str | None, *, factory: bool = False) -> Loaded:
    """Import the application that a target means.

    Args:
        written: the target, see `_target.py`.
        factory: take what the target names for a function that makes the application, whatever it looks like.

    Raises:
        CommandError: there is none; the sentence says what was looked for and where.
    """
    target = locate(written)
    target.enter()
    for name in target.modules:
        module = import_module(name)
        attribute = target.attribute or find_attribute(module)
        if attribute is not None and hasattr(module, attribute.partition(".")[0]):
            app, made = as_application(attribute_of(module, attribute), f"{name}:{attribute}", factory=factory)
            return Loaded(app, f"{name}:{attribute}", made, target)
    if target.attribute is not None:
        # Which raises, with what was probably meant in the likeliest of the modules.
        attribute_of(import_module(target.modules[0]), target.attribute)
    names = ", ".join((*APPLICATION_NAMES, *FACTORY_NAMES))
    modules = " or ".join(target.modules)
    raise CommandError(
        f"no application was found in {modules} (in {target.directory}): there is neither one of the names {names} "
        "nor exactly one HawkAPI object. Name it: module:attribute"
    )


def import_module(name: str) -> ModuleType:
    """Import a module.

    Raises:
        CommandError: it does not exist, or raised something, whose traceback is in the error's details.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is not None and (name == exc.name or name.startswith(f"{exc.name}.")):
            raise CommandError(
                f"could not import module {name!r}: there is no module {exc.name!r} in {Path.cwd()} "
                "or on the Python path"
            ) from None
        raise _failed_import(name, exc) from exc
    except (Exception, SystemExit) as exc:
        # A user's module may raise anything, and may call `sys.exit`.
        raise _failed_import(name, exc) from exc


def find_attribute(module: ModuleType) -> str | None:
    """Return the name of the application or of its factory, or `None` when it cannot be told."""
    contents = vars(module)
    for name in APPLICATION_NAMES:
        if callable(contents.get(name)):
            return name
    for name in FACTORY_NAMES:
        if callable(contents.get(name)):
            return name
    # One object may have several names.
    found = {id(value): name for name, value in contents.items() if isinstance(value, HawkAPI)}
    return next(iter(found.values())) if len(found) == 1 else None


def attribute_of(module: ModuleType, path: str) -> Any:
    """Return what a path of attributes leads to.

    Raises:
        CommandError: a step of it does not exist.
    """
    value: Any = module
    walked = f"module {module.__name__!r}"
    for name in path.split("."):
        try:
            value = getattr(value, name)
        except AttributeError:
            raise CommandError(
                f"{walked} has no attribute {name!r}{suggestion(name, dir(value))} ({_file_of(module)})"
            ) from None
        walked = f"{name!r} in module {module.__name__!r}"
    return value


def as_application(value: Any, reference: str, *, factory: bool) -> tuple[Any, bool]:
    """Return the application that an attribute is or makes, and whether it made it.

    Raises:
        CommandError: it is none, or the factory failed or returned none.
    """
    if not factory and is_application(value):
        return value, False
    if not callable(value) or not (factory or takes(value, 0)):
        raise CommandError(f"{reference} is no ASGI application, but {describe(value)}")
    app = call_factory(value, reference)
    if inspect.iscoroutine(app):
        app.close()
    if not is_application(app):
        raise CommandError(f"{reference}() did not return an ASGI application, but {describe(app)}")
    return app, True


def is_application(value: Any) -> bool:
    """Whether something can be called with scope, receive and send, and is no factory all of whose arguments may be
    left out."""
    is_maker = inspect.isclass(value) or (inspect.isfunction(value) and not inspect.iscoroutinefunction(value))
    return takes(value, 3) and not (is_maker and takes(value, 0))


def takes(value: Any, count: int) -> bool:
    """Whether something can be called with so many positional arguments."""
    if not callable(value):
        return False
    try:
        inspect.signature(value).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return count == 3  # A callable of an extension module need not tell; applications are more likely.
    return True


def call_factory(make: Callable[[], Any], reference: str) -> Any:
    """Call a factory; its failure is reported as one of an import is."""
    try:
        return make()
    except (Exception, SystemExit) as exc:
        raise CommandError(f"{reference}() failed: {place_of(exc)}", details=readable(exc)) from exc


def describe(value: object) -> str:
    """Say what something is, for a sentence."""
    if isinstance(value, ModuleType):
        return f"the module {value.__name__}"
    name = type(value).__qualname__
    return f"{'an' if name[:1] in 'AEIOUaeiou' else 'a'} {name}"


def _failed_import(name: str, exc: BaseException) -> CommandError:
    return CommandError(f"could not import module {name!r}: {place_of(exc)}", details=readable(exc))


def place_of(exc: BaseException) -> str:
    """Return what was raised, and the last line outside of this command that it went through."""
    if isinstance(exc, SyntaxError) and exc.filename:
        return f"{type(exc).__name__}: {exc.msg} ({exc.filename}, line {exc.lineno})"
    what = f"{type(exc).__name__}: {exc}".rstrip(": ")
    frames = traceback.extract_tb(_users_part(exc.__traceback__))
    return f"{what} ({frames[-1].filename}, line {frames[-1].lineno})" if frames else what


def readable(exc: BaseException) -> str:
    """Return the traceback as the interpreter prints it, from the first line of the user's code on."""
    return "".join(traceback.format_exception(type(exc), exc, _users_part(exc.__traceback__)))


def _users_part(step: TracebackType | None) -> TracebackType | None:
    """Leave out what this command and the import system did before a user's module ran."""
    while step is not None:
        file = step.tb_frame.f_code.co_filename
        if not file.startswith((OWN_DIRECTORY, "<frozen importlib")) and file != importlib.__file__:
            return step
        step = step.tb_next
    return None


def _file_of(module: ModuleType) -> str:
    return cast("str | None", getattr(module, "__file__", None)) or "a namespace package"


def load_again(reference: str, *, factory: bool) -> Any:
    """Import an application in another process, whose `sys.path` is that of the process that found it.

    Args:
        reference: `Loaded.reference`.
        factory: `Loaded.from_factory`.

    Raises:
        CommandError: it is not there any more, or its module failed.
    """
    name, _, attribute = reference.rpartition(":")
    return as_application(attribute_of(import_module(name), attribute), reference, factory=factory)[0]
