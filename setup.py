"""The extension modules, and nothing else: all metadata is in pyproject.toml.

Three kinds of wheel come from this file. Which one is decided by the *build* of the interpreter that runs it
(``Py_GIL_DISABLED``), not by its run-time state, and by ``HAWKAPI_MYPYC``:

===================  =================  ==========================================================
``Py_GIL_DISABLED``  ``HAWKAPI_MYPYC``  wheel
===================  =================  ==========================================================
not set              unset or ``1``     compiled by mypyc, ``cp313-cp313-<platform>``; fails if it cannot
set (PEP 703)        unset or ``1``     pure Python, the interpreter's own tags: ``cp313-cp313t-<platform>``
either               ``0``              pure Python, ``py3-none-any``
===================  =================  ==========================================================

setuptools asks the same questions for an sdist as for a wheel, so whoever builds only an sdist sets
``HAWKAPI_MYPYC=0`` and mypy is not fetched. Editable installs never compile: a stale extension hides the source.
"""

from __future__ import annotations

import json
import os
import sys
import sysconfig
import tomllib
from pathlib import Path
from typing import Any

from setuptools import Distribution, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
SETTINGS: dict[str, Any] = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hawkapi"]
FREE_THREADED_BUILD = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def mypyc_wanted() -> bool:
    """Read ``HAWKAPI_MYPYC``: whether the wheel may hold something that belongs to one interpreter."""
    value = os.environ.get("HAWKAPI_MYPYC", "1")
    if value not in {"0", "1"}:
        raise SystemExit(
            f"hawkapi: HAWKAPI_MYPYC is {value!r}; set it to 0 (universal pure wheel) or 1 (compile), or unset it"
        )
    return value == "1"


PLATFORM_WHEEL = mypyc_wanted()
COMPILED_WHEEL = PLATFORM_WHEEL and not FREE_THREADED_BUILD


class HawkAPIDistribution(Distribution):
    """A distribution that knows whether it is platform-specific before its extensions are made.

    ``bdist_wheel`` and ``install`` ask this to choose the tags and the place of the package. Answering here, rather
    than with ``root_is_pure``, keeps the package at the root of the wheel.
    """

    def has_ext_modules(self) -> bool:
        return PLATFORM_WHEEL


class BuildExt(build_ext):
    """Make the extension modules when they are really built, so that nothing else imports mypyc."""

    def finalize_options(self) -> None:
        if COMPILED_WHEEL and not self.editable_mode:
            self.distribution.ext_modules = mypyc_extensions()
        else:
            self.distribution.ext_modules = []
        super().finalize_options()

    def run(self) -> None:
        if FREE_THREADED_BUILD and PLATFORM_WHEEL:
            tag = f"{sys.version_info.major}.{sys.version_info.minor}t"
            print(
                f"hawkapi: free-threaded CPython {tag} (Py_GIL_DISABLED): mypyc is skipped, this wheel is pure Python",
                file=sys.stderr,
            )
        super().run()


class BuildPy(build_py):
    """Put the list of compiled modules into the package, where ``hawkapi info`` reads it."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            target = Path(self.build_lib, "hawkapi", "_compiled.json")
            target.write_text(json.dumps(SETTINGS["compiled"], indent=1) + "\n", encoding="utf-8")

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs: list[str] = super().get_outputs(include_bytecode)
        return outputs if self.editable_mode else [*outputs, str(Path(self.build_lib, "hawkapi", "_compiled.json"))]


def mypyc_extensions() -> list[Any]:
    """Translate the listed modules to C: one shim per module and one shared library with a stable name."""
    try:
        from mypyc.build import mypycify
    except ImportError as exc:
        raise SystemExit(
            f"hawkapi: cannot compile without mypy ({exc}). Build with isolation (pip and build fetch it), "
            f"install {SETTINGS['compiler']}, or set HAWKAPI_MYPYC=0 for the pure wheel"
        ) from exc
    paths = [entry["module"].replace(".", "/") + ".py" for entry in SETTINGS["compiled"]]
    # Without the project's mypy settings: a remark that matters to a reviewer must not stop somebody's build. The
    # packages of extras are not there when a wheel is built.
    options = ["--config-file=", "--ignore-missing-imports"]
    return list(mypycify([*options, *paths], opt_level="3", debug_level="0", group_name="hawkapi"))


setup(
    distclass=HawkAPIDistribution,
    cmdclass={"build_ext": BuildExt, "build_py": BuildPy},
    setup_requires=[SETTINGS["compiler"]] if COMPILED_WHEEL else [],
)
