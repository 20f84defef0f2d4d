"""`.env` files and environment variables as text. Nothing here changes `os.environ`."""

from __future__ import annotations

import os
from pathlib import Path

from hawkapi.config._dotenv import Entry, parse_dotenv
from hawkapi.config.errors import EnvFileError

__all__ = ["get_env", "load_dotenv"]


def load_dotenv(path: str | Path | None = None) -> dict[str, str]:
    r"""Return what a `.env` file assigns; nothing if there is no such file.

    A line is `NAME=value`, with `export` before it or not; other lines are skipped. A value ends at the end of the
    line or at a comment, which begins with a blank and `#`, and loses the blanks around it. Between quotes, single or
    double, it may hold anything, line breaks too; between double ones `\n`, `\r`, `\t`, `\\`, `\"` and `\$` are
    escapes. `${NAME}` is not replaced.

    Args:
        path: default `.env` in the current directory. UTF-8, with a byte order mark or without.

    Raises:
        EnvFileError: it is not UTF-8, or a quoted value does not end as it should; the text names file and line.
        OSError: it is there but cannot be opened.
    """
    return {name: entry.value for name, entry in read_env_file(Path(".env" if path is None else path)).items()}


def get_env(key: str, default: str | None = None) -> str | None:
    """Return a variable of the process environment, or the default."""
    return os.environ.get(key, default)


def read_env_file(path: Path) -> dict[str, Entry]:
    """Return what a file assigns, with the lines; raises as `load_dotenv`."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        # A directory called `.env` is a virtual environment.
        return {}
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise EnvFileError(f"{path}:{line}", "the file is not UTF-8; save it as UTF-8") from None
    return parse_dotenv(text.replace("\r\n", "\n").replace("\r", "\n"), str(path))
