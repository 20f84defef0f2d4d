"""Check the workflows without the network: zizmor, the JSON schemas, and the rules of this project.

The rules read lines, not YAML, which the standard library cannot parse. That is sound because they also refuse what
a line cannot show: a command of several lines, an action or a command in a flow mapping, a quoted key.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import tools
from console import CIError, exit_with, run, step
from project import PROJECT

KEY: Final = re.compile(r"^(?P<indent>\s*(?:- +)?)(?P<key>[\w-]+):(?: +(?P<value>.*?))? *$")
HIDDEN_KEY: Final = re.compile(r"""["'{,]\s*["']?(?P<key>uses|run|continue-on-error)["']?\s*:""")
PINNED_ACTION: Final = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OWN_WORKFLOW: Final = re.compile(r"\$/\.github/workflows/[\w.-]+\.yml")
SHELL_SYNTAX: Final = re.compile(r"[;&|<>`\\\n]|\$\(")
SESSION: Final = re.compile(r"^@nox\.session.*\ndef (\w+)\(", re.MULTILINE)
DEFAULTS_INDENT: Final = 2
"""`defaults: run:` names a shell, not a command."""
GATE: Final = "gate"
FAIL_THE_GATE: Final = "exit 1"


@dataclass(frozen=True)
class Line:
    """A line of a workflow that holds a key; comments and values on lines of their own are left out."""

    number: int
    indent: int
    key: str
    value: str


@dataclass(frozen=True)
class Workflow:
    """A workflow file as text and as the keys in it."""

    name: str
    text: str
    project: Path

    @property
    def lines(self) -> Iterator[Line]:
        """The keys in order. A dash counts as indentation."""
        for number, text in enumerate(self.text.splitlines(), 1):
            found = KEY.match(text)
            if found is not None:
                yield Line(number, len(found["indent"]), found["key"], found["value"] or "")

    def values(self, key: str) -> Iterator[Line]:
        """Every line with the key, on any level."""
        return (line for line in self.lines if line.key == key)

    @property
    def top_level(self) -> dict[str, str]:
        """Keys and values that are not indented."""
        return {line.key: line.value for line in self.lines if line.indent == 0}

    @property
    def jobs(self) -> dict[str, dict[str, str]]:
        """The jobs, each with its own keys and values on one line."""
        jobs: dict[str, dict[str, str]] = {}
        section = ""
        for line in self.lines:
            if line.indent == 0:
                section = line.key
            elif section == "jobs" and line.indent == 2:
                jobs[line.key] = {}
            elif section == "jobs" and line.indent == 4:
                jobs[list(jobs)[-1]][line.key] = line.value
        return jobs


def no_hidden_keys(workflow: Workflow) -> Iterator[str]:
    """Keys that the other rules look for stand unquoted at the beginning of their line."""
    for number, text in enumerate(workflow.text.splitlines(), 1):
        found = HIDDEN_KEY.search(text.partition(" #")[0])
        if found is not None:
            yield f"line {number}: put {found['key']}: unquoted on a line of its own, where this check can read it"


def no_continue_on_error(workflow: Workflow) -> Iterator[str]:
    """A job that may fail is a job nobody reads."""
    for line in workflow.values("continue-on-error"):
        yield f"line {line.number}: remove continue-on-error; every job is required"


def actions_are_pinned(workflow: Workflow) -> Iterator[str]:
    """A tag can be moved to other code, a commit cannot; the comment tells people and Dependabot the version."""
    for line in workflow.values("uses"):
        if not (PINNED_ACTION.fullmatch(line.value) or OWN_WORKFLOW.fullmatch(line.value)):
            yield f"line {line.number}: pin {line.value or 'the action'} as owner/name@<40 hex digits> # v1.2.3"


def commands_are_ours(workflow: Workflow) -> Iterator[str]:
    """Whatever a workflow does can be done on a developer's machine: nox, a script of `ci/`, a pinned tool."""
    for line in workflow.values("run"):
        if line.indent == DEFAULTS_INDENT:
            continue
        if problem := _command_problem(line.value, workflow.project):
            yield f"line {line.number}: {problem}"


def _command_problem(command: str, project: Path) -> str | None:
    if command == FAIL_THE_GATE:
        return None
    if "${{" in command:
        return "pass ${{ }} through env; inside a command it is a way to inject another one"
    if command[:1] in {"", "|", ">"} or SHELL_SYNTAX.search(command):
        return "one command per step and no shell syntax; longer logic is a tested script in ci/"
    match shlex.split(command):
        case ["nox", "-s", *sessions]:
            return _session_problem(sessions, project)
        case ["python", script, *_] if script.startswith("ci/"):
            return None if (project / script).is_file() else f"there is no {script}"
        case ["python", "-m", "pip", "install", *requirements]:
            return _pin_problem(requirements)
        case _:
            return f"{command!r} is neither nox, a script of ci/ nor pip install of a pinned tool"


def _session_problem(words: Sequence[str], project: Path) -> str | None:
    sessions = words[: words.index("--")] if "--" in words else words
    known = SESSION.findall((project / "noxfile.py").read_text(encoding="utf-8"))
    unknown = [name for name in sessions if not name.startswith("$") and name not in known]
    if not sessions:
        return "name a session after nox -s"
    return f"noxfile.py has no session {', '.join(unknown)}" if unknown else None


def _pin_problem(requirements: Sequence[str]) -> str | None:
    pins = tools.PINS.values()
    foreign = ", ".join(text for text in requirements if text not in pins)
    return f"install only what tools.PINS has, at that version, not {foreign}" if foreign else None


def no_permission_by_default(workflow: Workflow) -> Iterator[str]:
    """A job without permissions of its own can read nothing; each says what it needs."""
    if workflow.top_level.get("permissions") != "{}":
        yield "set permissions: {} at the top and give each job what it needs"


def has_concurrency(workflow: Workflow) -> Iterator[str]:
    """Two runs for one branch or tag do not race."""
    if "concurrency" not in workflow.top_level:
        yield "set a concurrency group at the top"


def gate_needs_all(workflow: Workflow) -> Iterator[str]:
    """The one check that branch protection asks for stands for every job, also for a skipped one."""
    jobs = workflow.jobs
    if workflow.name != "ci.yml":
        return
    if GATE not in jobs:
        yield f"add a job {GATE} that needs every other job"
        return
    needed = set(re.findall(r"[\w-]+", jobs[GATE].get("needs", "")))
    if forgotten := sorted(set(jobs) - needed - {GATE}):
        yield f"{GATE} must need {', '.join(forgotten)}"
    if "always()" not in jobs[GATE].get("if", ""):
        yield f"{GATE} must run with if: always(); a skipped check counts as passed"


RULES: Final[Sequence[Callable[[Workflow], Iterator[str]]]] = (
    no_hidden_keys,
    no_continue_on_error,
    actions_are_pinned,
    commands_are_ours,
    no_permission_by_default,
    has_concurrency,
    gate_needs_all,
)


def rule_problems(workflow: Workflow) -> list[str]:
    """Apply every rule to a workflow; return one sentence per breach, with file and line."""
    return [f"{workflow.name}: {text}" for rule in RULES for text in rule(workflow)]


def zizmor_problems(files: Sequence[Path]) -> list[str]:
    """Audit workflows with zizmor, as strictly as it can without the network; return one sentence per finding."""
    command: list[str | Path] = [tools.find("zizmor"), "--offline", "--quiet", "--no-exit-codes"]
    command += ["--persona", "pedantic", "--format", "json-v1", *files]
    with step("zizmor"):
        findings = json.loads(run(command).stdout)
    return [_finding(finding) for finding in findings]


def _finding(finding: Mapping[str, Any]) -> str:
    primary = next(place for place in finding["locations"] if place["symbolic"]["kind"] == "Primary")
    file = Path(primary["symbolic"]["key"]["Local"]["verbatim_path"]).name
    line = primary["concrete"]["location"]["start_point"]["row"] + 1
    return f"{file}: line {line}: {finding['desc']}; {primary['symbolic']['annotation']} ({finding['url']})"


def schema_problems(schema: str, files: Sequence[Path]) -> list[str]:
    """Validate files against a schema that check-jsonschema carries; return what it says, if anything."""
    try:
        with step(f"JSON schema {schema}"):
            run([tools.find("check-jsonschema"), "--builtin-schema", schema, *files])
    except CIError as exc:
        return [str(exc)]
    return []


def main() -> int:
    """Check the workflows of a checkout and print every problem."""
    parser = argparse.ArgumentParser(description="Check the workflows without the network.")
    parser.add_argument("--project", type=Path, default=PROJECT, help="checkout to read (default: this one)")
    parser.add_argument("--rules-only", action="store_true", help="leave out zizmor and the JSON schemas")
    options = parser.parse_args()
    paths = sorted((options.project / ".github" / "workflows").iterdir())
    workflows = [Workflow(path.name, path.read_text(encoding="utf-8"), options.project) for path in paths]
    problems = [text for workflow in workflows for text in rule_problems(workflow)]
    if not options.rules_only:
        dependabot = options.project / ".github" / "dependabot.yml"
        problems += zizmor_problems([*paths, dependabot])
        problems += schema_problems("vendor.github-workflows", paths)
        problems += schema_problems("vendor.dependabot", [dependabot])
    for text in problems:
        print(text)
    print(f"{len(paths)} workflows: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(exit_with(main))
