"""A new project: a service with a test of it, its packaging, and a container file if wanted."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template
from typing import Final

__all__ = ["ENVIRONMENT_FILES", "generate_project"]

NAME: Final = re.compile(r"[A-Za-z](?:[A-Za-z0-9 ._-]*[A-Za-z0-9])?")
"""A letter, then letters, digits, and dots, hyphens, underscores and spaces between them: nothing that has a meaning
in the files."""
MAX_NAME: Final = 64
TAKEN: Final = frozenset({"hawkapi", "mypy", "pytest", "ruff", "setuptools", "uvicorn"})
"""Distributions that the project needs: one of the same name would be installed in their place."""

MAIN: Final = Template('''"""$name: a web service."""

from __future__ import annotations

from typing import Annotated

from hawkapi import Container, Depends, HawkAPI
from hawkapi.middleware import CORSMiddleware, RequestIDMiddleware


class GreetingService:
    """Knows how to greet."""

    def greet(self, name: str) -> str:
        """Return the greeting for somebody."""
        return f"Hello, {name}!"


container = Container()
container.singleton(GreetingService, factory=GreetingService)

app = HawkAPI(title="$name", container=container)
app.add_middleware(RequestIDMiddleware)
app.add_middleware(CORSMiddleware, allow_origins=["https://example.com"])


@app.get("/")
async def index() -> dict[str, str]:
    """Say what this is."""
    return {"message": "Welcome to $name"}


@app.get("/health")
async def health() -> dict[str, str]:
    """Say that the service is there."""
    return {"status": "ok"}


@app.get("/greet")
async def greet(service: Annotated[GreetingService, Depends()], name: str = "World") -> dict[str, str]:
    """Greet somebody."""
    return {"message": service.greet(name)}
''')

TESTS: Final = Template('''"""Tests of $name."""

from __future__ import annotations

import pytest
from hawkapi import TestClient

from main import app


def test_health() -> None:
    """The service says that it is there."""
    with TestClient(app) as client:
        reply = client.get("/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(("target", "name"), [("/greet", "World"), ("/greet?name=Ada", "Ada")])
def test_greet(target: str, name: str) -> None:
    """Whoever says a name is greeted by it."""
    with TestClient(app) as client:
        reply = client.get(target)
    assert (reply.status_code, reply.json()) == (200, {"message": f"Hello, {name}!"})
''')

PROJECT: Final = Template("""[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "$distribution"
version = "0.1.0"
description = "A web service"
requires-python = ">=3.12"
dependencies = ["hawkapi[uvicorn]>=0.3"]

[project.optional-dependencies]
# mypy 1.19 and later need extension modules of which there are no wheels for a Python without the GIL.
dev = ["mypy>=1.15,<1.19", "pytest>=8", "ruff>=0.9"]

[tool.setuptools]
py-modules = ["main"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["."]

[tool.ruff]
line-length = 120

[tool.ruff.lint]
select = ["A", "ASYNC", "B", "E", "F", "I", "PT", "RUF", "S", "SIM", "UP", "W"]

[tool.ruff.lint.isort]
known-first-party = ["main"]
known-third-party = ["hawkapi"]

[tool.ruff.lint.per-file-ignores]
"tests/**" = ["S101"]

[tool.mypy]
strict = true
""")

IGNORED: Final = """__pycache__/
*.egg-info/
.env
.mypy_cache/
.pytest_cache/
.ruff_cache/
.venv/
build/
dist/
"""

DOCKERFILE: Final = """FROM python:3.13-slim

# Not root: whoever breaks into the service has no more rights than it has.
RUN useradd --system --uid 10001 --create-home service
WORKDIR /srv

# Dependencies are named in pyproject.toml; the image is made again when it or the module changes.
COPY pyproject.toml main.py ./
RUN pip install --no-cache-dir .

USER 10001
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz')"]

# As a list, so that the server is the process that gets the signal to stop.
CMD ["hawkapi", "run", "main:app", "--host", "0.0.0.0", "--port", "8000"]
"""

NOT_IN_IMAGE: Final = """*
!main.py
!pyproject.toml
"""

SETTINGS: Final = (
    ("DEBUG", "true"),
    ("PORT", "8000"),
    ("DATABASE_URL", "sqlite:///./app.db"),
    ("SECRET_KEY", "replace-me"),
)

ENVIRONMENT_FILES: Final = {
    ".env": "".join(f"# {name}={value}\n" for name, value in SETTINGS),
    ".env.example": "".join(f"{name}={value}\n" for name, value in SETTINGS),
}
"""What `hawkapi init` writes, by file: settings that count when their `#` is taken away, and an example of them all."""


def generate_project(project_dir: str | Path, *, name: str, docker: bool = False) -> None:
    """Write a new project.

    Args:
        project_dir: where to; made if it is not there.
        name: of the project: a letter, then letters, digits, and dots, hyphens, underscores and spaces between them,
            64 at most; not that of a distribution which the project needs.
        docker: write a `Dockerfile` too, default not.

    Raises:
        ValueError: the name is something else.
        FileExistsError: one of the files is there already; nothing has been written then.
        OSError: a file cannot be written.
    """
    directory = Path(project_dir)
    files = project_files(name, docker=docker)
    for file in files:
        if (directory / file).exists():
            raise FileExistsError(f"{directory / file} exists already: nothing was written")
    for file, text in files.items():
        path = directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def project_files(name: str, *, docker: bool) -> dict[str, str]:
    """Return the files of a new project.

    Raises:
        ValueError: the name is none for a project.
    """
    if NAME.fullmatch(name) is None or len(name) > MAX_NAME:
        raise ValueError(
            f"{name!r} cannot be the name of a project: begin with a letter, then take letters, digits, and . _ - "
            f"or spaces between them, {MAX_NAME} at most"
        )
    values = {"name": name, "distribution": re.sub(r"[-_. ]+", "-", name).lower()}
    if values["distribution"] in TAKEN:
        raise ValueError(f"{name!r} cannot be the name of a project: it needs a package of that name itself")
    files = {
        "main.py": MAIN.substitute(values),
        "pyproject.toml": PROJECT.substitute(values),
        ".gitignore": IGNORED,
        "tests/__init__.py": "",
        "tests/test_main.py": TESTS.substitute(values),
    }
    if docker:
        files |= {"Dockerfile": DOCKERFILE, ".dockerignore": NOT_IN_IMAGE}
    return files
