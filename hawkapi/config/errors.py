"""How settings say what is missing or wrong, and where it came from."""

from __future__ import annotations

from collections.abc import Sequence

from hawkapi.exceptions import HawkAPIError

__all__ = ["EnvFileError", "SettingsError"]


class SettingsError(HawkAPIError, ValueError):
    """Settings cannot be loaded.

    Args:
        problems: one sentence for each setting that is missing or invalid, at least one.
        owner: the name of the class whose settings they are, for the first line of several.
    """

    def __init__(self, problems: Sequence[str], owner: str = "") -> None:
        self.problems = tuple(problems)
        """One sentence each. Never the value of a secret."""
        self.owner = owner
        super().__init__(self.problems, owner)

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        heading = f"{self.owner}: {len(self.problems)} settings are missing or invalid:"
        return "\n  ".join((heading, *self.problems))


class EnvFileError(SettingsError):
    """A `.env` file cannot be read; the text begins with the file and, after a colon, the line."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__([f"{place}: {reason}"])
        self.place = place
        self.reason = reason

    def __reduce__(self) -> tuple[type[EnvFileError], tuple[str, str]]:
        return type(self), (self.place, self.reason)
