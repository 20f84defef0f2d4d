"""The deployment files of the documentation: they can be read, and say what the command line and the probes take."""

from __future__ import annotations

import argparse
import configparser
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from hawkapi import HawkAPI, TestClient
from hawkapi.cli import run
from hawkapi.lifespan.manager import DEFAULT_SHUTDOWN_TIMEOUT_S

DEPLOY = Path(__file__).parent.parent.parent / "docs" / "examples" / "deploy"


def options_of(command: list[str]) -> argparse.Namespace:
    """Return what `hawkapi run` reads of a command line, which must be `hawkapi run ...`."""
    assert [Path(command[0]).name, command[1]] == ["hawkapi", "run"]
    parser = argparse.ArgumentParser(exit_on_error=False, allow_abbrev=False)
    run.add_arguments(parser)
    return parser.parse_args(command[2:])


def documents(name: str) -> list[dict[str, Any]]:
    """Return the documents of a YAML file."""
    yaml = pytest.importorskip("yaml", reason="reads the file")
    return list(yaml.safe_load_all((DEPLOY / name).read_text("utf-8")))


def enough_time(seconds: float, options: argparse.Namespace) -> bool:
    """Whether a service manager waits for the requests and for the application's shutdown."""
    requests_s = float(options.graceful_timeout)
    return seconds > requests_s + DEFAULT_SHUTDOWN_TIMEOUT_S


@pytest.mark.parametrize(
    ("name", "threads", "workers"),
    [("Dockerfile", 1, 2), ("Dockerfile.free-threaded", 2, 1)],
    ids=["gil", "free-threaded"],
)
def test_container_files(name: str, threads: int, workers: int) -> None:
    """The last user is not root, and the command, a list, is one that `hawkapi run` takes."""
    lines = (DEPLOY / name).read_text("utf-8").splitlines()
    instructions = [tuple(line.split(maxsplit=1)) for line in lines if line and not line.startswith("#")]
    assert [value for word, value in instructions if word == "USER"] == ["10001"]
    (command,) = [json.loads(value) for word, value in instructions if word == "CMD"]
    options = options_of(command)
    assert (options.port, options.threads or 1, options.workers) == (8000, threads, workers)
    assert options.host == "0.0.0.0"  # noqa: S104 - a container is reached from outside


def test_compose() -> None:
    """The application waits for Redis, and is given time to stop."""
    (document,) = documents("compose.yaml")
    web, redis = document["services"]["web"], document["services"]["redis"]
    assert web["depends_on"] == {"redis": {"condition": "service_healthy"}}
    assert redis["healthcheck"]["test"] == ["CMD", "redis-cli", "ping"]
    assert enough_time(float(web["stop_grace_period"].removesuffix("s")), options_of(["hawkapi", "run"]))


def test_kubernetes() -> None:
    """The probes ask where the application answers, and a pod has time to leave the service and to stop."""
    deployment, service = documents("kubernetes.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    paths = {name: container[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "liveness", "readiness")}
    assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}
    with TestClient(HawkAPI()) as client:
        assert {client.get(path).status_code for path in paths.values()} == {200}
    options = options_of(container["args"])
    assert container["ports"] == [{"name": "http", "containerPort": options.port}]
    left = pod["terminationGracePeriodSeconds"] - container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert enough_time(left, options)
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_systemd() -> None:
    """The unit runs a command that there is, and waits until it has stopped."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # documented way to keep the case of names
    unit.read(DEPLOY / "shop.service", encoding="utf-8")
    options = options_of(shlex.split(unit["Service"]["ExecStart"]))
    assert options.unix_socket is not None
    assert Path(options.unix_socket).parent == Path("/run") / unit["Service"]["RuntimeDirectory"]
    assert enough_time(unit.getfloat("Service", "TimeoutStopSec"), options)
