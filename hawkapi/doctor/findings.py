"""What the doctor's rules are, and what they find."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from hawkapi.app import HawkAPI
    from hawkapi.doctor.survey import Survey

__all__ = ["GUIDE", "SITE", "AppRule", "Finding", "Found", "Rule", "Severity", "SurveyRule"]

GUIDE: Final = "docs/guide/doctor.md#"
"""Where the rules about sources are explained; the rest is a rule's id in lower case."""
SITE: Final = "https://hawkapi.ashimov.com/doctor/"
"""Where the rules about applications are explained; the rest is a rule's id."""


class Severity(enum.IntEnum):
    """How bad a finding is; the greater the worse."""

    INFO = 1
    WARN = 2
    ERROR = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule has found. Immutable."""

    rule_id: str
    severity: Severity
    message: str
    """What is wrong, in a sentence."""
    fix: str | None = None
    """What to do about it, in a sentence."""
    location: str | None = None
    """`file:line`, or what else the finding is about."""
    docs_url: str | None = None
    """Where the rule is explained."""


class Rule(Protocol):
    """Something that is looked for in an application."""

    @property
    def id(self) -> str:
        """`DOC` and three digits."""
        ...

    @property
    def category(self) -> str:
        """The name of the module below `hawkapi.doctor.rules` that has it."""
        ...

    @property
    def severity(self) -> Severity:
        """How bad what it finds is."""
        ...

    @property
    def title(self) -> str:
        """What it looks for, in a few words."""
        ...

    @property
    def docs_url(self) -> str:
        """Where it is explained."""
        ...

    def check(self, app: HawkAPI) -> list[Finding]:
        """Return what is found in an application."""
        ...


class Found(NamedTuple):
    """What a rule about an application has seen; the rule makes a `Finding` of it."""

    message: str
    fix: str
    location: str | None = None
    severity: Severity | None = None
    """Default the rule's."""


@dataclass(frozen=True, slots=True)
class AppRule:
    """A rule about an application as it is registered; it reads no sources. Immutable."""

    id: str
    category: str
    severity: Severity
    title: str
    look: Callable[[HawkAPI], Iterable[Found]]
    requires_network: bool = False
    """Whether it asks a package index; `hawkapi doctor --offline` leaves it out."""

    @property
    def docs_url(self) -> str:
        """Where it is explained."""
        return SITE + self.id

    def check(self, app: HawkAPI) -> list[Finding]:
        """Return what is found in an application, in the order of its registrations."""
        return [
            Finding(self.id, found.severity or self.severity, found.message, found.fix, found.location, self.docs_url)
            for found in self.look(app)
        ]


@dataclass(frozen=True, slots=True)
class SurveyRule:
    """A rule about an application and its sources together. Immutable.

    `run` reads the sources once for all of these; `check` reads them for the one.
    """

    id: str
    category: str
    severity: Severity
    title: str
    look: Any
    """`(Survey) -> Iterable[(location, message, fix)]`."""

    @property
    def docs_url(self) -> str:
        """Where it is explained."""
        return GUIDE + self.id.lower()

    def check(self, app: HawkAPI) -> list[Finding]:
        """Return what is found in an application and the modules of its project."""
        # Here, because whoever only reads findings need not load what finds them.
        from hawkapi.doctor.survey import Survey

        return self.check_survey(Survey(app))

    def check_survey(self, survey: Survey) -> list[Finding]:
        """Return what is found in an application that has been read; each place once, in the order of the sources."""
        found = {
            (place, message): Finding(self.id, self.severity, message, fix, str(place), self.docs_url)
            for place, message, fix in self.look(survey)
            if not place.allows(self.id)
        }
        return [found[key] for key in sorted(found, key=lambda key: (key[0].order, key[1]))]
