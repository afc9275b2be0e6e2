"""The demonstration's scenarios: who does what, what goes wrong, and how the journey must end."""

from dataclasses import dataclass, field
from typing import Final

from sojourn.cli.cast import Deed, Person, approves, entering, failed, held, tells
from sojourn.cli.mischief import Mischief, Mishap
from sojourn.core.commands import Cancel, RecordFacts, Resume, RetryFailed
from sojourn.core.stages import JourneyStage, Stage
from sojourn.sandbox.scenario import Trouble

CLIENT: Final = "medtronic"
PATH: Final = "healthcare"

DANA: Final = Person("dana.reyes", "account manager", ("operator", "admin"))
PRIYA: Final = Person("priya.nair", "platform engineer", ("operator",))
TOM: Final = Person("tom.keller", "IT lead at Medtronic", ("client",))
GRACE: Final = Person("grace.lund", "programme sponsor at Medtronic", ("client", "approver"))
OMAR: Final = Person("omar.haddad", "compliance officer", ("compliance_officer",))
LENA: Final = Person("lena.fischer", "head of delivery", ("approver",))

SIGNED: Final = {"contract_signed": True}
"""What is known when the journey starts."""

EVERYDAY: Final = (
    tells(PRIYA, "sandbox", 0.2, infrastructure_provisioned=True),
    tells(TOM, "sandbox", 1.0, data_sources=["confluence", "sharepoint", "salesforce"]),
    tells(TOM, "sandbox", 2.0, baa_signed=True),
    tells(TOM, "sandbox", 3.0, hipaa_risk_assessment=True),
    approves(GRACE, "stakeholder_demo", 2.0, "seen in the demo on our own documents"),
    tells(TOM, "compliance", 1.0, pilot_cohort_size=25),
    tells(PRIYA, "compliance", 1.2, production_infrastructure_ready=True),
    tells(TOM, "compliance", 2.0, workforce_trained=True),
    approves(OMAR, "hipaa_compliance", 0.8, "no health information is exposed"),
    tells(PRIYA, "pilot", 3.0, monitoring_configured=True, audit_logging_enabled=True),
    approves(LENA, "rollout_plan_approved", 0.8, "waves of 10, 50 and 100 %"),
)
"""What people do in every scenario."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A rollback that a scenario must lead to."""

    trigger: str
    left: Stage
    target: Stage


@dataclass(frozen=True, slots=True)
class Tale:
    """A scenario, with the end that it must come to."""

    name: str
    about: str
    end: Stage = JourneyStage.COMPLETED
    turns: tuple[Turn, ...] = ()
    holds: int = 0
    retries: bool = False
    """Whether attempts must have failed and been repeated; otherwise none may have."""
    deeds: tuple[Deed, ...] = ()
    mischief: Mischief = field(default_factory=Mischief)


def _tale(name: str, about: str, mishap: Mishap, turn: Turn) -> Tale:
    return Tale(name, about, turns=(turn,), mischief=Mischief((mishap,)))


_EVERY: Final = (
    Tale("happy", "All goes well."),
    _tale(
        "latency-regression",
        "In the pilot the service becomes a third slower; it is rolled back and deployed anew.",
        Mishap(Trouble.LATENCY, "pilot", 3.5, "deployment-agent", amount=1.35),
        Turn("performance_degradation", "pilot", "compliance"),
    ),
    _tale(
        "security-finding",
        "The PHI scan finds a connector that ignores permissions; it is installed anew.",
        Mishap(Trouble.LEAK, "compliance", 1.5, "connector-installation-agent", 1.0, "sharepoint"),
        Turn("security_vulnerability", "compliance", "sandbox"),
    ),
    _tale(
        "low-satisfaction",
        "The pilot's users are unhappy; it is rolled back, and the next deployment suits them.",
        Mishap(Trouble.MOOD, "pilot", 3.5, "deployment-agent", amount=1.6),
        Turn("user_satisfaction_low", "pilot", "compliance"),
    ),
    _tale(
        "critical-bug",
        "A critical bug in the pilot; after the rollback the seven days without one start again.",
        Mishap(Trouble.BUG, "pilot", 4.5, "deployment-agent"),
        Turn("critical_bug", "pilot", "compliance"),
    ),
    Tale(
        "flaky-agent",
        "One attempt in five fails, and one agent is down until a person sends its task again.",
        retries=True,
        deeds=(
            Deed(
                PRIYA,
                failed(0.15),
                lambda p: RetryFailed(actor=p.name, roles=p.roles, reason="the agent is up again"),
            ),
        ),
        mischief=Mischief(flaky=0.2, down=(("dataset-provisioning-agent", 4),)),
    ),
    Tale(
        "client-pause",
        "The client asks for a pause; its clocks stand still until the client is back.",
        holds=1,
        deeds=(
            tells(TOM, "sandbox", 2.2, pause_requested=True),
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
        deeds=(
            Deed(
                DANA,
                entering("pilot", 3.0),
                lambda p: Cancel(
                    actor=p.name, roles=p.roles, reason="Medtronic has stopped its programme"
                ),
            ),
        ),
    ),
)
TALES: Final = {tale.name: tale for tale in _EVERY}
