"""Each rule for workflows is shown on a workflow that breaks it."""

from __future__ import annotations

from pathlib import Path

import lint_workflows
import pytest
import tools
from lint_workflows import Workflow, rule_problems
from project import PROJECT

SHA = "9c091bb21b7c1c1d1991bb908d89e4e9dddfe3e0"
GOOD = f"""\
name: ci
on:
  pull_request:
permissions: {{}}
concurrency:
  group: ci-${{{{ github.ref }}}}
defaults:
  run:
    shell: bash
jobs:
  tests:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@{SHA} # v7.0.0
      - run: python -m pip install nox==2026.10.20
      - run: nox -s tests
  gate:
    if: ${{{{ always() }}}}
    needs: [tests]
    runs-on: ubuntu-24.04
    steps:
      - if: ${{{{ contains(needs.*.result, 'failure') }}}}
        run: exit 1
"""


def make_workflow(project: Path, text: str, name: str = "ci.yml") -> Workflow:
    """Make a workflow of a checkout that has the session `tests` and the script ci/changelog.py."""
    (project / "noxfile.py").write_text(
        "def helper():\n    pass\n\n\n@nox.session(python=False)\ndef tests(session):\n    pass\n"
    )
    (project / "ci").mkdir(exist_ok=True)
    (project / "ci" / "changelog.py").touch()
    return Workflow(name, text, project)


def test_rules_accept_a_good_workflow(tmp_path: Path) -> None:
    """The workflow that the other tests break has no problem."""
    assert rule_problems(make_workflow(tmp_path, GOOD)) == []


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("    runs-on: ubuntu", "    continue-on-error: true\n    runs-on: ubuntu", "remove continue-on-error"),
        (f"checkout@{SHA} # v7.0.0", "checkout@v7", "pin actions/checkout@v7 as owner/name@<40 hex digits>"),
        (f"checkout@{SHA} # v7.0.0", f"checkout@{SHA}", "# v1.2.3"),
        (f"actions/checkout@{SHA} # v7.0.0", "docker://alpine:3", "pin docker://alpine:3"),
        (f"actions/checkout@{SHA} # v7.0.0", "./.github/workflows/x.yml", "pin ./.github/workflows/x.yml"),
        ("nox -s tests", "make test", "'make test' is neither nox, a script of ci/ nor pip install"),
        ("nox -s tests", "nox -s helper", "no session helper"),
        ("nox -s tests", "nox -s", "name a session after nox -s"),
        ("nox -s tests", "nox", "neither nox"),
        ("nox -s tests", "python ci/gone.py", "there is no ci/gone.py"),
        ("nox -s tests", "python -m pip install nox", "at that version, not nox"),
        ("nox -s tests", "python -m pip install -r list.txt", "not -r, list.txt"),
        ("nox -s tests", "nox -s tests || true", "no shell syntax"),
        ("nox -s tests", "nox -s tests; rm -rf /", "no shell syntax"),
        ("nox -s tests", "nox -s $(cat x)", "no shell syntax"),
        ("nox -s tests", "|\n          nox -s tests", "one command per step"),
        ("nox -s tests", "nox -s ${{ github.event.pull_request.title }}", "pass ${{ }} through env"),
        ("      - run: nox -s tests", '      - {run: "nox -s tests"}', "put run: unquoted"),
        ("      - run: nox -s tests", '      - "run": nox -s tests', "put run: unquoted"),
        ("    runs-on: ubuntu", '    "continue-on-error": true\n    runs-on: ubuntu', "put continue-on-error:"),
        ("permissions: {}", "permissions: read-all", "set permissions: {} at the top"),
        ("permissions: {}\n", "", "set permissions: {} at the top"),
        ("concurrency:\n  group: ci-${{ github.ref }}\n", "", "set a concurrency group"),
        ("needs: [tests]", "needs: []", "gate must need tests"),
        ("    if: ${{ always() }}\n", "", "gate must run with if: always()"),
        ("  gate:\n", "  other:\n", "add a job gate"),
    ],
    ids=[
        "may fail",
        "action by tag",
        "action without version",
        "container",
        "workspace path",
        "other command",
        "function that is no session",
        "session left out",
        "default sessions",
        "script that is gone",
        "tool without version",
        "list of tools",
        "or true",
        "second command",
        "substitution",
        "several lines",
        "expression",
        "flow mapping",
        "quoted key",
        "quoted may fail",
        "read-all",
        "no permissions",
        "no concurrency",
        "gate forgets a job",
        "gate may be skipped",
        "no gate",
    ],
)
def test_rule_names_the_breach(tmp_path: Path, old: str, new: str, problem: str) -> None:
    """One breach gives one sentence."""
    assert old in GOOD
    (found,) = rule_problems(make_workflow(tmp_path, GOOD.replace(old, new, 1)))
    assert problem in found


@pytest.mark.parametrize(
    "command",
    [
        'nox -s "$SESSION"',
        "nox -s tests -- -k router",
        'python ci/changelog.py --tag "$TAG"',
        "python -m pip install nox==2026.10.20 cibuildwheel==3.4.1",
    ],
    ids=["session from the environment", "arguments for pytest", "script", "pinned tools"],
)
def test_rule_accepts_our_commands(tmp_path: Path, command: str) -> None:
    """nox, a script of ci/ and a pinned tool are what a workflow may run; values come through the environment."""
    assert rule_problems(make_workflow(tmp_path, GOOD.replace("nox -s tests", command))) == []


def test_rule_reports_the_line(tmp_path: Path) -> None:
    """A sentence begins with the file and the line."""
    workflow = make_workflow(tmp_path, GOOD.replace("nox -s tests", "make"))
    assert rule_problems(workflow)[0].startswith("ci.yml: line 16: ")


def test_gate_is_asked_of_ci_only(tmp_path: Path) -> None:
    """Other workflows are not checks of a pull request and have no gate."""
    text = GOOD.replace("  gate:\n", "  other:\n")
    assert rule_problems(make_workflow(tmp_path, text, "release.yml")) == []


def test_rules_accept_the_workflows_of_this_checkout() -> None:
    """What is committed keeps the rules."""
    paths = sorted((PROJECT / ".github" / "workflows").iterdir())
    assert [path.name for path in paths] == ["bench.yml", "ci.yml", "nightly.yml", "release.yml", "wheels.yml"]
    workflows = [Workflow(path.name, path.read_text(encoding="utf-8"), PROJECT) for path in paths]
    assert [text for workflow in workflows for text in rule_problems(workflow)] == []


@pytest.mark.parametrize("name", ["bench.yml", "ci.yml", "nightly.yml", "release.yml", "wheels.yml"])
def test_every_job_that_runs_a_step_has_a_time_limit(name: str) -> None:
    """A hanging job ends long before the six hours it would have."""
    text = (PROJECT / ".github" / "workflows" / name).read_text(encoding="utf-8")
    jobs = Workflow(name, text, PROJECT).jobs
    assert [job for job, keys in jobs.items() if "uses" not in keys and "timeout-minutes" not in keys] == []


needs_tools = pytest.mark.skipif(
    tools.look_for("zizmor") is None or tools.look_for("check-jsonschema") is None,
    reason="zizmor and check-jsonschema are not installed here; nox -s lint has them",
)


@needs_tools
def test_zizmor_names_an_injection(tmp_path: Path) -> None:
    """A finding is one sentence with file, line and where to read more."""
    bad = tmp_path / ".github" / "workflows" / "bad.yml"
    bad.parent.mkdir(parents=True)
    bad.write_text(GOOD.replace("nox -s tests", "echo ${{ github.event.pull_request.title }}"))
    (injection,) = [text for text in lint_workflows.zizmor_problems([bad]) if "template-injection" in text]
    assert injection.startswith("bad.yml: line 16: code injection via template expansion")


@needs_tools
def test_schema_names_an_unknown_key(tmp_path: Path) -> None:
    """A misspelt key of a job is refused by the schema."""
    bad = tmp_path / "bad.yml"
    bad.write_text(GOOD.replace("needs:", "need:"))
    (problem,) = lint_workflows.schema_problems("vendor.github-workflows", [bad])
    assert "'need'" in problem


@needs_tools
def test_schema_accepts_a_good_workflow(tmp_path: Path) -> None:
    """The workflow that the other tests break is valid."""
    good = tmp_path / "good.yml"
    good.write_text(GOOD)
    assert lint_workflows.schema_problems("vendor.github-workflows", [good]) == []
