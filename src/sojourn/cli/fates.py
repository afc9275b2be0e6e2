"""The fleet: a hundred clients at once on the three built-in paths, and what becomes of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sojourn.cli.cast import Deed, Person, When, entering, held, rolled_back
from sojourn.cli.mischief import Mishap
from sojourn.cli.people import DANA, NAMED, PRIYA
from sojourn.cli.play import Part
from sojourn.cli.tales import DEPLOYER, INSTALLER, PAUSE, TALES, Tale, Turn, gives_up
from sojourn.core.commands import HoldJourney, Promote
from sojourn.core.stages import JourneyStage
from sojourn.sandbox.scenario import Trouble

SMALL: Final = {"size": "small"}
"""What a client's world is like, unless its path asks for more queries than that has."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of so many clients of each path."""

    tale: Tale
    standard: int = 0
    healthcare: int = 0
    financial_services: int = 0


def holds(when: When, reason: str) -> Deed:
    """Return the deed of holding a journey, unless it is held already, for somebody to look."""

    def make(person: Person) -> HoldJourney:
        return HoldJourney(actor=person.name, roles=person.roles, reason=reason)

    return Deed(PRIYA, when, make, tries=True)


def _back(name: str, about: str, mishap: Mishap, turn: Turn) -> Tale:
    """Return the tale of a rollback after which a person looks at it first."""
    deed = holds(rolled_back(0.2), "rolled back; somebody looks at it first")
    return Tale(
        name, about, turn.target, (turn,), holds=1, deeds=(deed,), mishaps=(mishap,), over=held(0.1)
    )


_WAITS: Final = Tale(
    "waits-for-client",
    "The client does not name its data sources.",
    JourneyStage.SANDBOX,
    leaves=(NAMED,),
    over=entering("sandbox", 12.0),
)
_PAUSED: Final = Tale(
    "client-pause",
    "The client asks for a pause, and is not back yet.",
    JourneyStage.SANDBOX,
    holds=1,
    deeds=(PAUSE,),
    over=held(5.0),
)
_EARLY: Final = Tale(
    "cancelled-early",
    "The client gives up before anything is installed.",
    JourneyStage.CANCELLED,
    deeds=(gives_up("sandbox", 0.95),),
)
_LATE: Final = Tale(
    "cancelled",
    "In the pilot the client gives the project up.",
    JourneyStage.CANCELLED,
    deeds=(gives_up("pilot", 1.5),),
)
_LIES: Final = Tale(
    "lying-agent",
    "An agent reports connectors that are not there; the gate refuses, and a person holds.",
    JourneyStage.SANDBOX,
    holds=1,
    refusals=("connector_sync_rate",),
    deeds=(
        Deed(
            DANA,
            entering("sandbox", 3.0),
            lambda p: Promote(actor=p.name, roles=p.roles, reason="the agent says it is done"),
            tries=True,
        ),
        holds(entering("sandbox", 3.3), "what the agent reports is not what is measured"),
    ),
    mishaps=(Mishap(Trouble.LIE, "sandbox", 0.0, agent=INSTALLER),),
    over=held(0.1),
)
_LEAKS: Final = _back(
    "security-finding",
    "A connector ignores permissions; the sandbox begins again.",
    Mishap(Trouble.LEAK, "sandbox", 1.5, mended_by=INSTALLER, connector="sharepoint"),
    Turn("security_vulnerability", "sandbox", "sandbox"),
)
_BUG: Final = _back(
    "critical-bug",
    "A critical bug in the pilot.",
    Mishap(Trouble.BUG, "pilot", 1.2, mended_by=DEPLOYER),
    Turn("critical_bug", "pilot", "sandbox"),
)
_SLOW: Final = _back(
    "latency-regression",
    "In the pilot every search becomes slower by half.",
    Mishap(Trouble.LATENCY, "pilot", 2.2, 1.5, mended_by=DEPLOYER),
    Turn("performance_degradation", "pilot", "sandbox"),
)
FATES: Final = (
    Fate(TALES["happy"], standard=4, healthcare=2, financial_services=1),
    Fate(_SLOW, standard=2),
    Fate(_BUG, standard=4),
    Fate(_LATE, standard=2, healthcare=1, financial_services=1),
    Fate(_LEAKS, standard=5, financial_services=3),
    Fate(_LIES, standard=5, healthcare=3, financial_services=2),
    Fate(_EARLY, standard=8, healthcare=5, financial_services=5),
    Fate(_PAUSED, standard=6, healthcare=4, financial_services=3),
    Fate(_WAITS, standard=17, healthcare=10, financial_services=7),
)


WHOLE: Final = ((TALES["happy"], "financial_services"), (_LATE, "financial_services"))
"""Who has to pass a gate that asks for a hundred labelled queries."""


def fleet(fates: tuple[Fate, ...] = FATES) -> list[Part]:
    """Return the parts of the whole fleet, each with a client of its own."""
    return [
        Part(tale, f"{name}-{number:02d}", path, {} if (tale, path) in WHOLE else SMALL)
        for number, (name, tale, path) in enumerate(_every(fates), 1)
    ]


def _every(fates: tuple[Fate, ...]) -> Iterator[tuple[str, Tale, str]]:
    names = {"standard": "acme", "healthcare": "clinic", "financial_services": "bank"}
    for fate in fates:
        for path, name in names.items():
            for _ in range(getattr(fate, path)):
                yield name, fate.tale, path
