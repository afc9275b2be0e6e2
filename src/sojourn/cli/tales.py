"""The demonstration's scenarios: who does what, what goes wrong, and how the journey must end."""

from dataclasses import dataclass
from typing import Final

from sojourn.cli.cast import Deed, Person, When, entering, failed, held, tells
from sojourn.cli.mischief import Mishap
from sojourn.cli.people import DANA, PRIYA, TOM
from sojourn.core.commands import Cancel, Promote, RecordFacts, Resume, RetryFailed, RollBack
from sojourn.core.paths import RollbackTrigger
from sojourn.core.stages import JourneyStage, Stage
from sojourn.sandbox.scenario import Trouble

CLIENT: Final = "medtronic"
PATH: Final = "healthcare"
INSTALLER: Final = "connector-installation-agent"
DEPLOYER: Final = "deployment-agent"


@dataclass(frozen=True, slots=True)
class Turn:
    """A rollback that a scenario must lead to."""

    trigger: str
    left: Stage
    target: Stage


@dataclass(frozen=True, slots=True)
class Strike:
    """An agent and the worker that called it are killed in the middle of a task.

    ``days`` into a stage a worker process of its own takes over from the engine; both are killed
    with the agent's first task in its hands, and started again.
    """

    stage: Stage
    days: float
    agent: str


@dataclass(frozen=True, slots=True)
class Tale:
    """A scenario, with the end that it must come to.

    ``over`` says when it has come to its end where the journey goes on; ``end`` is the stage in
    which that finds it. ``refusals`` are checks for which the gate must have refused somebody.
    """

    name: str
    about: str
    end: Stage = JourneyStage.COMPLETED
    turns: tuple[Turn, ...] = ()
    holds: int = 0
    retries: bool | None = False
    """Whether attempts must have failed and been repeated; None where it may be either way."""
    refusals: tuple[str, ...] = ()
    deeds: tuple[Deed, ...] = ()
    leaves: tuple[Deed, ...] = ()
    """What people do in every scenario, but not in this one."""
    mishaps: tuple[Mishap, ...] = ()
    strike: Strike | None = None
    over: When | None = None


def _tale(name: str, about: str, mishap: Mishap, turn: Turn) -> Tale:
    return Tale(name, about, turns=(turn,), mishaps=(mishap,))


RETRIES: Final = Deed(
    PRIYA,
    failed(0.15),
    lambda p: RetryFailed(actor=p.name, roles=p.roles, reason="the agent is up again"),
    again=True,
    tries=True,
)
"""Whenever a task has failed for good, it is sent again."""
PAUSE: Final = tells(TOM, "sandbox", 2.2, pause_requested=True)


def gives_up(stage: str, days: float) -> Deed:
    """Return the deed of cancelling, so many days into a stage, for the client wants no more."""

    def make(person: Person) -> Cancel:
        reason = "the client has stopped its programme"
        return Cancel(actor=person.name, roles=person.roles, reason=reason)

    return Deed(DANA, entering(stage, days), make)


_EVERY: Final = (
    Tale("happy", "All goes well."),
    _tale(
        "latency-regression",
        "In the pilot every search becomes a third slower; it is rolled back and deployed anew.",
        Mishap(Trouble.LATENCY, "pilot", 3.5, 1.4, mended_by=DEPLOYER),
        Turn("performance_degradation", "pilot", "compliance"),
    ),
    _tale(
        "security-finding",
        "The PHI scan finds a connector that ignores permissions; it is installed anew.",
        Mishap(Trouble.LEAK, "compliance", 1.5, mended_by=INSTALLER, connector="sharepoint"),
        Turn("security_vulnerability", "compliance", "sandbox"),
    ),
    _tale(
        "low-satisfaction",
        "In the pilot the index goes stale and people find little; it is rolled back and renewed.",
        Mishap(Trouble.RELEVANCE, "pilot", 3.5, 0.97, mended_by=DEPLOYER),
        Turn("user_satisfaction_low", "pilot", "compliance"),
    ),
    _tale(
        "critical-bug",
        "A critical bug in the pilot; after the rollback the seven days without one start again.",
        Mishap(Trouble.BUG, "pilot", 4.5, mended_by=DEPLOYER),
        Turn("critical_bug", "pilot", "compliance"),
    ),
    Tale(
        "flaky-agent",
        "An agent fails one attempt in four, and another is down until a person tries again.",
        retries=True,
        deeds=(RETRIES,),
        mishaps=(
            Mishap(Trouble.FLAKY, "sandbox", 0.0, 0.25, agent="search-quality-agent"),
            Mishap(
                Trouble.FLAKY, "sandbox", 0.0, 1.0, lasts=2.0, agent="dataset-provisioning-agent"
            ),
        ),
    ),
    Tale(
        "dead-agent",
        "An agent and the worker that called it are killed in the middle of a task.",
        retries=None,
        strike=Strike("sandbox", 0.9, INSTALLER),
    ),
    Tale(
        "lying-agent",
        "An agent reports connectors as installed that are not; the gate believes measurements.",
        turns=(Turn("data_quality_low", "sandbox", "sandbox"),),
        refusals=("connector_sync_rate",),
        deeds=(
            Deed(
                DANA,
                entering("sandbox", 5.0),
                lambda p: Promote(
                    actor=p.name, roles=p.roles, reason="the agent says that all is installed"
                ),
                tries=True,
            ),
            Deed(
                PRIYA,
                entering("sandbox", 6.2),
                lambda p: RollBack(
                    actor=p.name,
                    roles=p.roles,
                    trigger=RollbackTrigger.DATA_QUALITY_LOW,
                    reason="nothing was installed; the agent is replaced and does it anew",
                ),
            ),
        ),
        mishaps=(Mishap(Trouble.LIE, "sandbox", 0.0, lasts=5.5, agent=INSTALLER),),
    ),
    Tale(
        "client-pause",
        "The client asks for a pause; its clocks stand still until the client is back.",
        holds=1,
        deeds=(
            PAUSE,
            Deed(
                TOM,
                held(4.0),
                lambda p: RecordFacts(
                    actor=p.name, roles=p.roles, facts={"pause_requested": False}, source=p.title
                ),
            ),
            Deed(
                DANA,
                held(4.0),
                lambda p: Resume(actor=p.name, roles=p.roles, reason="the client is back"),
            ),
        ),
    ),
    Tale(
        "cancelled",
        "In the pilot the client gives the project up.",
        end=JourneyStage.CANCELLED,
        deeds=(gives_up("pilot", 3.0),),
    ),
)
TALES: Final = {tale.name: tale for tale in _EVERY}
