"""The loopback index behaves like the real one where a release depends on it."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest
import tools
from console import CIError
from local_index import check_refusal, local_index, loopback_environment, upload
from release_files import LOCAL_WHEELS, make_wheel

needs_tools = pytest.mark.skipif(
    tools.look_for("pypi-server") is None or tools.look_for("twine") is None,
    reason="pypi-server and twine are not installed here; nox -s release_check has them",
)


def refuse(file: Path) -> None:
    """Answer as the index does to a name it has."""
    raise CIError(f"exit code 1 from: twine upload\n    400 Bad Request: {file.name!r} already exists!")


def fail(file: Path) -> None:
    """Fail for a reason that has nothing to do with the name."""
    raise CIError("exit code 1 from: twine upload\n    connection refused")


def test_check_refusal_counts_what_was_refused() -> None:
    """Every file refused by name is the expected answer."""
    assert check_refusal([Path("a.whl"), Path("b.whl")], refuse) == "2 of 2 files: already exists"


def test_check_refusal_fails_when_a_file_is_taken_again() -> None:
    """An index that takes a file twice is a failure that names the file."""
    with pytest.raises(CIError, match=r"took a\.whl a second time"):
        check_refusal([Path("a.whl")], lambda file: f"{file} taken")


def test_check_refusal_does_not_mistake_another_failure() -> None:
    """An upload that fails for another reason is no refusal."""
    with pytest.raises(CIError, match="connection refused"):
        check_refusal([Path("a.whl")], fail)


def test_loopback_environment_has_no_other_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable leads pip, uv or twine elsewhere, and no proxy stands between."""
    for name in ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_DEFAULT_INDEX", "TWINE_REPOSITORY", "PYTHONPATH"):
        monkeypatch.setenv(name, "elsewhere")
    environment = loopback_environment()
    assert "elsewhere" not in environment.values()
    assert environment["NO_PROXY"] == environment["no_proxy"] == "127.0.0.1"


@needs_tools
def test_index_serves_what_was_uploaded_and_refuses_it_again(tmp_path: Path) -> None:
    """A file can be fetched after its upload, and its name is taken from then on."""
    wheel = make_wheel(tmp_path, LOCAL_WHEELS[2])
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with local_index(tmp_path / "index") as url:
        assert upload(url, [wheel]) == "1 files"
        with opener.open(f"{url}/packages/{wheel.name}") as response:
            assert response.read() == wheel.read_bytes()
        assert check_refusal([wheel], lambda file: upload(url, [file])) == "1 of 1 files: already exists"


@needs_tools
def test_index_that_overwrites_is_noticed(tmp_path: Path) -> None:
    """The check fails on an index that takes a name twice."""
    wheel = make_wheel(tmp_path, LOCAL_WHEELS[2])
    with local_index(tmp_path / "index", overwrite=True) as url:
        upload(url, [wheel])
        with pytest.raises(CIError, match="a second time"):
            check_refusal([wheel], lambda file: upload(url, [file]))
