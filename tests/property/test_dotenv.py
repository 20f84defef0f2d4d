"""`.env` files of any text: nothing raises but the parser's own error, and what is written is read back."""

from __future__ import annotations

import re

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hawkapi.config import EnvFileError
from hawkapi.config._dotenv import parse_dotenv

LIMITS = settings(max_examples=300, deadline=None, database=None)
PIECES = ("A", "B", "export ", "=", "'", '"', "\\", "\n", " ", "\t", "#", " #", "${A}", "\\n", '\\"')
TEXTS = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=2)), max_size=30).map("".join)
NAMES = st.text(st.characters(exclude_characters="=#'\"", exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
    lambda name: not re.search(r"\s", name)
)
# A file is read with its line ends made alike.
VALUES = st.text(st.characters(exclude_characters="\r", exclude_categories=["Cs"]))
LINES = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@LIMITS
@given(TEXTS)
@example("A='")
@example('A="\\')
@example("A=" + "\\" * 50)
def test_any_text_is_a_file_or_an_error(text: str) -> None:
    """Every entry stands in a line of the file, and an error names one."""
    lines = text.count("\n") + 1
    try:
        entries = parse_dotenv(text, "file")
    except EnvFileError as exc:
        file, line = exc.place.split(":")
        assert (file, 1 <= int(line) <= lines) == ("file", True)
        return
    for name, entry in entries.items():
        assert name in text.split("\n")[entry.line - 1]


@LIMITS
@given(st.dictionaries(NAMES, VALUES, max_size=5), st.booleans())
def test_double_quoted_values_are_read_back(values: dict[str, str], exported: bool) -> None:
    """Any text can be written between double quotes."""
    text = "".join(
        f'{"export " if exported else ""}{name}="{re.sub(r"([\\\"])", r"\\\1", value)}" # x\n'
        for name, value in values.items()
    )
    assert {name: entry.value for name, entry in parse_dotenv(text, "file").items()} == values


@LIMITS
@given(NAMES, VALUES.filter(lambda value: "'" not in value))
def test_single_quoted_value_is_read_back(name: str, value: str) -> None:
    """Any text without a single quote can be written between single ones, as it is."""
    entries = parse_dotenv(f"\n {name} = '{value}'\nlast=1", "file")
    assert entries[name] == ((value, 2) if name != "last" else ("1", entries[name].line))
    assert entries["last"].line == 3 + value.count("\n")


@LIMITS
@given(NAMES, LINES)
def test_plain_value_is_read_back(name: str, value: str) -> None:
    """A value without quotes is the text of its line, without the blanks around it and a comment."""
    line = value.strip()
    assume(not line.startswith(("'", '"')) and not re.search(r"[ \t]#", value))
    assert parse_dotenv(f"{name}={value}", "file")[name] == (line, 1)
