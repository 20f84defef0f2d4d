"""`.env` files: what a line means, and what an error says about it."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from hawkapi.config import EnvFileError, load_dotenv
from hawkapi.config.env import get_env


@pytest.mark.parametrize(
    ("text", "values"),
    [
        pytest.param("A=1\nB=2", {"A": "1", "B": "2"}, id="two-lines"),
        pytest.param("A=1\nA=2", {"A": "2"}, id="the-last-counts"),
        pytest.param("  A  =  x y  \n", {"A": "x y"}, id="blanks-around"),
        pytest.param("A=", {"A": ""}, id="empty"),
        pytest.param("A=b=c", {"A": "b=c"}, id="first-equals-sign"),
        pytest.param("# A=1\n\n  # B=2\nC\n=3\nthis is no line = 4", {}, id="skipped"),
        pytest.param("export A=1\nexport\tB=2\nexport=3", {"A": "1", "B": "2", "export": "3"}, id="export"),
        pytest.param("A=x # y\nB=x#y\nC=#x\nD= # x", {"A": "x", "B": "x#y", "C": "#x", "D": ""}, id="comment"),
        pytest.param("A='x # y' # z\nB=\"x # y\"#z", {"A": "x # y", "B": "x # y"}, id="comment-after-quotes"),
        pytest.param("A='x'\nB=\"x\"\nC=' x '\nD=''", {"A": "x", "B": "x", "C": " x ", "D": ""}, id="quotes"),
        pytest.param("A='\"'\nB=\"'\"\nC=it's", {"A": '"', "B": "'", "C": "it's"}, id="other-quotes-inside"),
        pytest.param(r'A="a\nb\tc\rd\\e\"f\$g\h"', {"A": 'a\nb\tc\rd\\e"f$g\\h'}, id="escapes"),
        pytest.param("A='a\\nb'\nB=a\\nb", {"A": "a\\nb", "B": "a\\nb"}, id="no-escapes"),
        pytest.param("A=\"x\ny=1\n\"\nB='p\nq'\nC=3", {"A": "x\ny=1\n", "B": "p\nq", "C": "3"}, id="several-lines"),
        pytest.param("A=1\nB=${A}\nC=$A", {"A": "1", "B": "${A}", "C": "$A"}, id="no-interpolation"),
        pytest.param("A=1\r\nB='x\r\ny'\r\n", {"A": "1", "B": "x\ny"}, id="crlf"),
        pytest.param("A=1\rB=2", {"A": "1", "B": "2"}, id="cr"),
        pytest.param("\ufeffA=1", {"A": "1"}, id="byte-order-mark"),
        pytest.param("A=grün\u2028x", {"A": "grün\u2028x"}, id="utf-8"),
        pytest.param("app.name-x=1", {"app.name-x": "1"}, id="any-name"),
        pytest.param("", {}, id="nothing"),
    ],
)
def test_load_dotenv(text: str, values: dict[str, str], tmp_path: Path) -> None:
    """Each line is what the page about settings says."""
    file = tmp_path / "some.env"
    file.write_bytes(text.encode())
    assert load_dotenv(file) == values
    assert load_dotenv(str(file)) == values


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        pytest.param(b"A=1\nB='x", 2, "the quote ' before the value of B is never closed", id="open"),
        pytest.param(b'A=1\n\nB="x\\"\nC=1', 3, 'the quote " before the value of B is never closed', id="open-double"),
        pytest.param(b"A='x\ny\n'\nB='z", 4, "the quote ' before the value of B is never closed", id="after-lines"),
        pytest.param(
            b'A="s"cret"',
            1,
            'there is more than a comment after the closing " of A; '
            "a value with quotes in it goes between quotes of the other kind",
            id="more",
        ),
        pytest.param(b"A=1\nB=gr\xfcn", 2, "the file is not UTF-8; save it as UTF-8", id="latin-1"),
    ],
)
def test_load_dotenv_of_a_broken_file(content: bytes, line: int, reason: str, tmp_path: Path) -> None:
    """The error names the file and the line in which the value begins, and shows nothing of a value."""
    file = tmp_path / ".env"
    file.write_bytes(content)
    with pytest.raises(EnvFileError) as caught:
        load_dotenv(file)
    assert str(caught.value) == f"{file}:{line}: {reason}"
    assert isinstance(caught.value, ValueError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - made above


def test_load_dotenv_without_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default is `.env` in the current directory; the process environment is left alone."""
    (tmp_path / ".env").write_text("HAWK_TEST_VARIABLE=1")
    monkeypatch.chdir(tmp_path)
    assert load_dotenv() == {"HAWK_TEST_VARIABLE": "1"}
    assert "HAWK_TEST_VARIABLE" not in os.environ


def test_load_dotenv_without_a_file(tmp_path: Path) -> None:
    """What is not there, or is a virtual environment, assigns nothing."""
    (tmp_path / ".env").mkdir()
    assert load_dotenv(tmp_path / "nothing") == {}
    assert load_dotenv(tmp_path / ".env") == {}
    assert load_dotenv(Path(__file__) / ".env") == {}


def test_get_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable, the default, or nothing."""
    monkeypatch.setenv("HAWK_TEST_VARIABLE", "")
    monkeypatch.delenv("HAWK_TEST_ABSENT", raising=False)
    assert get_env("HAWK_TEST_VARIABLE", "x") == ""
    assert get_env("HAWK_TEST_ABSENT", "x") == "x"
    assert get_env("HAWK_TEST_ABSENT") is None
