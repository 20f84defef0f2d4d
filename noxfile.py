"""Every developer command: `nox -l` lists them, `nox` alone builds, checks and tests the wheels.

The interpreters, 3.13 with the GIL and 3.13t without, are found or made by `ci/interpreters.py`; say where they are
with HAWKAPI_PYTHON_3_13 and HAWKAPI_PYTHON_3_13T. Arguments after `--` go to pytest in the sessions that run it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nox

PROJECT = Path(__file__).parent
sys.path.insert(0, str(PROJECT / "ci"))

import environments  # noqa: E402
import interpreters  # noqa: E402
import programs  # noqa: E402
import suite  # noqa: E402
import tools  # noqa: E402 - found through the path set above
import typescript  # noqa: E402
from console import CIError  # noqa: E402
from machine import Machine  # noqa: E402

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["wheels"]
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_missing_interpreters = True

GROUPS = nox.project.load_toml(PROJECT / "pyproject.toml")
BUILDS = ("3.13", "3.13t")
# A read-only checkout can be tested too; only the wheels have to go into it.
NOX_HOME = PROJECT / ".nox" if os.access(PROJECT, os.W_OK) else Machine.this().cache / "nox"
nox.options.envdir = str(NOX_HOME)
ENVIRONMENTS = NOX_HOME / "environments"
WHEELHOUSE = PROJECT / "wheelhouse"
# What pyproject.toml leaves out of every run, and the races.
WITHOUT_RACES = ["-m", "not e2e_long and not browser and not race"]
# `nox -s parallel` runs all of tests/ but what cannot fail because of the threads it runs in:
NOT_PARALLEL = (
    # What they try is a program or a server in a process of its own, or a build,
    *("bench", "browser", "ci", "cli", "e2e", "fuzz", "guards", "limits", "schema", "soak", "typing"),
    # they start the threads themselves, as those that are marked `race` do, or have a stepper take the turns,
    *("interleaving", "threads"),
    # they draw hundreds of examples for functions that keep nothing, and would take longer than all the others,
    *("parity", "property"),
    # they read the source, or import, from `sys.modules` that all threads have, modules of one name.
    "doctor",
    *("test_architecture.py", "test_examples.py", "test_exports.py", "test_readme.py", "test_thread_audit.py"),
)
# Tests that use what the process has one of are left out too; the plugin knows by itself `monkeypatch`, `capsys`,
# `warnings.catch_warnings` and `gc.collect`. What remains says why where it stands, with the mark `thread_unsafe`.
UNSAFE_FIXTURES = (
    "caplog",  # Captures what every thread logs.
    "log",  # Is the logger of the package.
    "redis",  # Is one server: every thread would count in the same keys.
    "write",  # Writes files of one name into one directory.
)
UNSAFE_FUNCTIONS = (
    *("subprocess.run", "subprocess.Popen"),  # Four processes have no more in common than one.
    *("threading.active_count", "threading.enumerate", "tracemalloc.start"),  # Look at the whole process.
)

# What answers requests.
RSGI = [
    f"tests/{name}"
    for name in (
        *("app", "di", "flags", "graphql", "http", "middleware", "observability", "openapi", "params", "requests"),
        *("responses", "routing", "rsgi", "security", "serialization", "testing", "validation", "websocket"),
        *("test_background.py", "test_pagination.py", "test_staticfiles.py"),
    )
]


def packages(*groups: str) -> list[str]:
    """Return the requirements of dependency groups in pyproject.toml."""
    return list(nox.project.dependency_groups(GROUPS, *groups))


@contextmanager
def explained(session: nox.Session) -> Iterator[None]:
    """Turn a failure that a script explains into one of the session, without a traceback."""
    try:
        yield
    except CIError as exc:
        session.error(str(exc))


def interpreter(session: nox.Session, build: str) -> Path:
    """Return an interpreter, finding or making it."""
    with explained(session):
        return interpreters.find(build)


def environment(session: nox.Session, build: str, requirements: Sequence[str | Path]) -> Path:
    """Return the interpreter of an environment for the suite."""
    with explained(session):
        return environments.make(interpreter(session, build), requirements, ENVIRONMENTS)


def refuse_arguments(session: nox.Session) -> None:
    """Fail when a session that takes no arguments is given some."""
    if session.posargs:
        session.error(f"{session.name} takes no arguments, but was given: {' '.join(session.posargs)}")


def redis_server(session: nox.Session) -> dict[str, str]:
    """Return the variable that tells the suite where the Redis server is, finding or fetching it."""
    with explained(session):
        return {"HAWKAPI_REDIS_SERVER": str(programs.find("redis-server"))}


def run_suites(session: nox.Session, runs: Sequence[suite.Run], *, variables: Mapping[str, str] | None = None) -> None:
    """Run the suite several times, print the table of runs, and fail the session if one failed."""
    with explained(session):
        outcomes = suite.run_suites(runs, variables=variables)
    if suite.summarise(outcomes):
        session.error("tests failed; the first failure above says which. Repeat one with: nox -s tests -- -k NAME")


def python_options(session: nox.Session) -> list[str]:
    """Return `--python BUILD=PATH` for each build, as the scripts in ci/ take it."""
    return [f"--python={build}={interpreter(session, build)}" for build in BUILDS]


@nox.session
def wheels(session: nox.Session) -> None:
    """Build the sdist and all wheels into wheelhouse/, check each of their claims, then run test_wheels."""
    refuse_arguments(session)
    options = python_options(session)
    session.install(*tools.for_this_system())
    session.run("python", "ci/build_dists.py", str(WHEELHOUSE), *options)
    session.notify("test_wheels")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """Run the suite from the checkout: 3.13 with the portable and the msgspec codec, and 3.13t."""
    arguments = list(session.posargs)
    with_gil = environment(session, "3.13", packages("tests", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    runs = [
        suite.Run("3.13, portable codec", with_gil, arguments, codec="portable"),
        suite.Run("3.13, msgspec codec", with_gil, arguments, codec="msgspec"),
        suite.Run("3.13t", without, arguments),
    ]
    if not arguments:
        runs = [half for run in runs for half in suite.in_halves(run)]
    run_suites(session, runs, variables=redis_server(session))


@nox.session(venv_backend="none")
def coverage(session: nox.Session) -> None:
    """Measure which branches of the package the suite reaches on 3.13 with either codec; fail under 97 %."""
    # tests/ci is about scripts, tests/bench about the benchmark.
    arguments = ["--ignore=tests/ci", "--ignore=tests/bench", *session.posargs]
    python = environment(session, "3.13", packages("tests", "msgspec"))
    data = Path(session.create_tmp()).resolve()
    for old in data.glob(".coverage*"):
        old.unlink()
    runs = [
        suite.Run(f"3.13, {codec} codec", python, arguments, codec=codec, coverage=data)
        for codec in ("portable", "msgspec")
    ]
    run_suites(session, runs, variables=redis_server(session))
    where = {"COVERAGE_FILE": str(data / ".coverage")}
    for command in (["combine", "--quiet"], ["report"]):
        session.run(str(python), "-m", "coverage", *command, env=where, external=True)


@nox.session(venv_backend="none")
def test_wheels(session: nox.Session) -> None:
    """Run the suite against each wheel in wheelhouse/, installed, from a directory without the package.

    The races run where they meet what the checkout does not have, compiled code, and against the wheel for 3.13t.
    """
    runs = []
    with suite.copied_tests() as tree:
        for title, build, wheel, kind, codec in wheel_runs(session):
            groups = ("tests", "msgspec") if codec == "msgspec" else ("tests",)
            python = environment(session, build, [*packages(*groups), wheel])
            arguments = session.posargs or ([] if codec == "msgspec" or build == "3.13t" else WITHOUT_RACES)
            runs.append(suite.Run(title, python, arguments, tree=tree, codec=codec, installed=kind))
        run_suites(session, runs, variables=redis_server(session))


def wheel_runs(session: nox.Session) -> list[tuple[str, str, Path, str, str]]:
    """Return, for each run against a wheel: title, build, file, whether it is compiled, and codec."""
    found = {
        tag: sorted(WHEELHOUSE.glob(f"hawkapi-*-{tag}-*.whl")) for tag in ("cp313-cp313", "cp313-cp313t", "py3-none")
    }
    for tag, files in found.items():
        if len(files) != 1:
            session.error(f"wheelhouse/ holds {len(files)} wheels for {tag}, not one; run: nox -s wheels")
    compiled, free_threaded, universal = (files[0] for files in found.values())
    return [
        ("3.13, compiled wheel, portable codec", "3.13", compiled, "compiled", "portable"),
        ("3.13, compiled wheel, msgspec codec", "3.13", compiled, "compiled", "msgspec"),
        ("3.13t, its own wheel", "3.13t", free_threaded, "pure", ""),
        ("3.13, universal wheel, portable codec", "3.13", universal, "pure", "portable"),
    ]


@nox.session(venv_backend="none")
def e2e(session: nox.Session) -> None:
    """Run all end-to-end tests, the long ones too: uvicorn with both of its parsers and granian, on both builds."""
    arguments = ["tests/e2e", "-m", "", *session.posargs]
    with_gil = environment(session, "3.13", packages("e2e-gil"))
    without = environment(session, "3.13t", packages("e2e"))
    runs = [
        suite.Run("3.13, portable codec", with_gil, arguments, codec="portable"),
        suite.Run("3.13, msgspec codec", with_gil, arguments, codec="msgspec"),
        suite.Run("3.13t", without, arguments),
    ]
    run_suites(session, runs)


@nox.session(venv_backend="none")
def rsgi(session: nox.Session) -> None:
    """Run the tests of requests with each of them going through the RSGI entry, on both builds: -- [PYTEST OPTIONS]."""
    arguments = ["--entry=rsgi", *(session.posargs or RSGI)]
    with_gil = environment(session, "3.13", packages("tests", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    runs = [
        suite.Run("3.13, msgspec codec", with_gil, arguments, codec="msgspec"),
        suite.Run("3.13t", without, arguments),
    ]
    run_suites(session, runs)


@nox.session(venv_backend="none")
def browser(session: nox.Session) -> None:
    """Open the documentation pages in headless Chromium, served on both builds: -- [--screenshots DIRECTORY]."""
    with explained(session):
        programs.find("chromium")
    # The driver of the browser has no wheel for 3.13t, so there only the server runs.
    python = environment(session, "3.13", packages("browser", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    arguments = ["tests/browser", "-m", "browser", *session.posargs]
    runs = [
        suite.Run("served on 3.13", python, arguments),
        suite.Run("served on 3.13t", python, [*arguments, f"--server-python={without}"]),
    ]
    run_suites(session, runs)


@nox.session(venv_backend="none")
def clients(session: nox.Session) -> None:
    """Check generated clients with mypy and tsc, and run them against an example on both builds; needs node and npm."""
    with explained(session):
        compiler = str(typescript.find())
    builds = (("3.13", ("types", "e2e-gil")), ("3.13t", ("e2e",)))
    for build, groups in builds:
        python = environment(session, build, packages(*groups))
        where = {"HAWKAPI_TSC": compiler, "HAWKAPI_CLIENTS": "required"}
        tests = ["tests/e2e/test_generated_clients.py", "-m", "", "-p", "no:cacheprovider", "-q", *session.posargs]
        session.run(str(python), "-m", "pytest", *tests, env=where, external=True)


@nox.session(venv_backend="none")
def interleavings(session: nox.Session) -> None:
    """Run the small protocols by every schedule within their bounds, and say how many: -- [--replay FILE] [-k NAME]."""
    for build in BUILDS:
        python = environment(session, build, packages("tests"))
        tests = ["tests/interleaving", "--exhaustive", "-p", "no:cacheprovider", "-q", *session.posargs]
        session.run(str(python), "-m", "pytest", *tests, external=True)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Give random requests to an application: -- [--seconds N] [--seed S] [--target NAME] [--case N]."""
    with_gil = environment(session, "3.13", packages("tests", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    command = [str(with_gil), "tests/fuzz/everywhere.py", *session.posargs]
    command += ["--with", "3.13, portable codec", str(with_gil), "portable"]
    command += ["--with", "3.13, msgspec codec", str(with_gil), "msgspec"]
    command += ["--with", "3.13t", str(without), ""]
    session.run(*command, external=True)


@nox.session(venv_backend="none")
def schemathesis(session: nox.Session) -> None:
    """Compare drawn applications with their OpenAPI documents: -- [--seed S] [--max-examples N] [--source]."""
    with_gil = environment(session, "3.13", packages("tests", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    tool = environment(session, "3.13", packages("schemathesis"))
    command = [str(with_gil), "tests/schema/run.py", f"--schemathesis={tool}", *session.posargs]
    command += ["--with", "3.13, portable codec", str(with_gil), "portable"]
    command += ["--with", "3.13, msgspec codec", str(with_gil), "msgspec"]
    command += ["--with", "3.13t", str(without), ""]
    session.run(*command, external=True)


@nox.session(venv_backend="none")
def parallel(session: nox.Session) -> None:
    """Run each test in four threads at the same time, on 3.13t, and list those that cannot: -- [PATH ...]."""
    python = environment(session, "3.13t", packages("parallel"))
    # Without deadlines: four threads of one test share the cores.
    options = ["-q", "-p", "no:cacheprovider", "--parallel-threads=4", "--hypothesis-profile=ci"]
    options += ["--skip-thread-unsafe=True", "-m", "not race and not e2e_long and not browser"]
    options += ["-o", "thread_unsafe_fixtures=" + "\n".join(UNSAFE_FIXTURES)]
    options += ["-o", "thread_unsafe_functions=" + "\n".join(UNSAFE_FUNCTIONS)]
    options += [f"--ignore=tests/{name}" for name in NOT_PARALLEL]
    # A hang is told by where its threads are.
    options += ["-o", "faulthandler_timeout=300"]
    command = [str(python), "-m", "pytest", *options, *(session.posargs or ["tests"])]
    session.run(*command, env=redis_server(session), external=True)


@nox.session(venv_backend="none")
def races(session: nox.Session) -> None:
    """Run the race tests again and again on both builds, each time with another seed: -- [--times N] [--first SEED]."""
    with_gil = environment(session, "3.13", packages("tests", "msgspec"))
    without = environment(session, "3.13t", packages("tests"))
    command = [sys.executable, "ci/races.py", *session.posargs]
    command += ["--with", "3.13, portable codec", str(with_gil), "portable"]
    command += ["--with", "3.13, msgspec codec", str(with_gil), "msgspec"]
    command += ["--with", "3.13t", str(without), ""]
    session.run(*command, env=redis_server(session), external=True)


@nox.session(venv_backend="none")
def guards(session: nox.Session) -> None:
    """Take out one guard of shared state after the other on 3.13t, and see that tests notice: -- [--only TEXT ...]."""
    python = environment(session, "3.13t", packages("tests"))
    session.run(str(python), "tests/guards/run.py", *session.posargs, env=redis_server(session), external=True)


@nox.session(venv_backend="none")
def soak(session: nox.Session) -> None:
    """Drive the to-do example on 3.13t with 8 event loops, reloads and failures: -- [--minutes M] [--threads T]."""
    python = environment(session, "3.13t", packages("tests"))
    session.run(str(python), "tests/soak/run.py", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff, and the workflows with zizmor, their schema and our own rules."""
    refuse_arguments(session)
    session.install(*packages("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("python", "ci/lint_workflows.py")


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Check the package and everything beside it with mypy --strict, the package and users' code with pyright too."""
    refuse_arguments(session)
    python = environment(session, "3.13", packages("types"))
    for places in (["hawkapi", "tests", "setup.py", "docs/examples"], ["ci", "noxfile.py"]):
        session.run(str(python), "-m", "mypy", *places, external=True)
    # pyright with its JavaScript and a node in wheels, so that nothing but the package index is needed.
    session.run(str(python), "-m", "basedpyright", f"--pythonpath={python}", external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build; a warning is an error."""
    refuse_arguments(session)
    session.install(*packages("docs"))
    session.run("sphinx-build", "-W", "--keep-going", "-q", "-b", "dirhtml", "docs", "docs/_build")
    session.log("open docs/_build/index.html")


@nox.session(venv_backend="none")
def assets(session: nox.Session) -> None:
    """Fetch what the documentation pages consist of from npm, at the versions that ci/assets.py names."""
    refuse_arguments(session)
    session.run(sys.executable, "ci/assets.py", external=True)


PEERS = ("fastapi", "litestar", "blacksheep", "sanic")


def bench_options(session: nox.Session, build: str, *, peers: bool = True) -> list[str]:
    """Return where the benchmark finds what it compares on a build, saying in a line what it does without."""
    options = []
    with_gil = build == "3.13"
    if with_gil:
        compiled = sorted(WHEELHOUSE.glob("hawkapi-*-cp313-cp313-*.whl"))
        if len(compiled) == 1:
            options.append(f"--wheel={environment(session, build, [*packages('msgspec', 'served-gil'), *compiled])}")
        else:
            session.warn("wheelhouse/ holds no compiled wheel, so it is not measured; to have one: nox -s wheels")
    if not peers:
        return options
    if with_gil:
        options.append(f"--predecessor={environment(session, build, packages('predecessor'))}")
    for name in PEERS:
        groups = (f"peer-{name}", "served-gil" if with_gil else "served")
        try:
            python = environments.make(interpreter(session, build), packages(*groups), ENVIRONMENTS)
            options.append(f"--peer={name}={python}")
        except CIError as exc:
            lacking = re.search(r"ecause ([\w-]+)(?:\{[^}]*\})?\S* has no usable wheels", str(exc))
            reason = f"{lacking[1]} has no wheels for it" if lacking else str(exc).splitlines()[0]
            session.warn(f"{name} is not measured on {build}: {reason}")
    try:
        options.append(f"--wrk={programs.find('wrk')}")
    except CIError as exc:
        session.warn(f"nothing is served: {str(exc).splitlines()[0]}")
    return options


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """Measure hawkapi beside its peers on both builds: -- [--only TABLE] [--quick] [--json FILE] [--rounds N]."""
    for build, group in (("3.13", "bench-gil"), ("3.13t", "bench")):
        python = environment(session, build, packages(group))
        options = bench_options(session, build)
        session.run(str(python), "tests/bench/benchmark.py", *options, *session.posargs, external=True)


@nox.session(venv_backend="none")
def bench_check(session: nox.Session) -> None:
    """Fail if a request costs over 25 % more than the committed ratios say: -- [--rounds N] [--write]."""
    for build, group in (("3.13", "bench-gil"), ("3.13t", "bench")):
        python = environment(session, build, packages(group))
        options = bench_options(session, build, peers=False)
        session.run(str(python), "tests/bench/check.py", *options, *session.posargs, external=True)


@nox.session(venv_backend="none")
def bench_page(session: nox.Session) -> None:
    """Write docs/benchmarks.md from the data that `nox -s bench -- --json FILE` has written: -- [FILE]."""
    python = environment(session, "3.13", packages("bench-page"))
    session.run(str(python), "tests/bench/page.py", *session.posargs, external=True)


@nox.session(venv_backend="none")
def costs(session: nox.Session) -> None:
    """Measure what each middleware adds to a request, on both builds: -- [--rounds N] [--requests N] [--only NAME]."""
    for build, groups in (("3.13", ("tests", "msgspec")), ("3.13t", ("tests",))):
        python = environment(session, build, packages(*groups))
        command = [str(python), "tests/bench/middleware_cost.py", *session.posargs]
        session.run(*command, env={"PYTHONPATH": str(PROJECT), **redis_server(session)}, external=True)


@nox.session(venv_backend="none")
def caps(session: nox.Session) -> None:
    """Fail if a million random requests outgrow a table's cap, on both builds: -- [--requests N] [--threads N]."""
    for build, groups in (("3.13", ("tests", "msgspec")), ("3.13t", ("tests",))):
        python = environment(session, build, packages(*groups))
        command = [str(python), "tests/limits/caps.py", *session.posargs]
        session.run(*command, env={"PYTHONPATH": str(PROJECT)}, external=True)


@nox.session
def release_check(session: nox.Session) -> None:
    """Rehearse a release offline: the expected set, versions, upload to a local index, install by name, SBOM."""
    refuse_arguments(session)
    session.install(*tools.for_this_system(release=True))
    session.run("python", "ci/release_check.py", str(WHEELHOUSE), *python_options(session))
    # The scripts' own tests that need these tools; the other sessions skip them.
    python = environment(session, "3.13", [*packages("tests"), *tools.for_this_system(release=True)])
    run_suites(session, [suite.Run("release scripts", python, ["tests/ci"])])
