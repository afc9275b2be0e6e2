"""The people of the demonstrations: who they are, and what they do on each path in any case."""

from collections.abc import Mapping
from typing import Any, Final

from sojourn.cli.cast import Deed, Person, approves, asks, tells

DANA: Final = Person("dana.reyes", "account manager", ("operator", "admin"))
PRIYA: Final = Person("priya.nair", "platform engineer", ("operator",))
TOM: Final = Person("tom.keller", "IT lead of the client", ("client",))
GRACE: Final = Person("grace.lund", "programme sponsor of the client", ("client", "approver"))
OMAR: Final = Person("omar.haddad", "compliance officer", ("compliance_officer",))
LENA: Final = Person("lena.fischer", "head of delivery", ("approver",))
RUTH: Final = Person("ruth.okafor", "risk officer", ("risk_officer", "operator"))
MATS: Final = Person("mats.berg", "operations lead", ("operations_lead",))

SIGNED: Final = {"contract_signed": True}
"""What is known when a journey starts."""
SOURCES: Final = ["confluence", "sharepoint", "salesforce"]

_READY: Final = tells(PRIYA, "sandbox", 0.2, infrastructure_provisioned=True)
NAMED: Final = tells(TOM, "sandbox", 1.0, data_sources=SOURCES)
_SEEN: Final = approves(GRACE, "stakeholder_demo", 2.0, "seen in the demo on our own documents")
_PLAN: Final = approves(LENA, "rollout_plan_approved", 0.8, "in waves, the smallest first")
_WATCHED: Final = tells(PRIYA, "pilot", 3.0, monitoring_configured=True)

STANDARD: Final = (
    _READY,
    NAMED,
    _SEEN,
    tells(TOM, "sandbox", 2.0, pilot_cohort_size=25),
    tells(PRIYA, "sandbox", 2.2, production_infrastructure_ready=True),
    _WATCHED,
    _PLAN,
)
HEALTHCARE: Final = (
    _READY,
    NAMED,
    tells(TOM, "sandbox", 2.0, baa_signed=True),
    tells(TOM, "sandbox", 3.0, hipaa_risk_assessment=True),
    _SEEN,
    tells(TOM, "compliance", 1.0, pilot_cohort_size=25),
    tells(PRIYA, "compliance", 1.2, production_infrastructure_ready=True),
    tells(TOM, "compliance", 2.0, workforce_trained=True),
    approves(OMAR, "hipaa_compliance", 0.8, "no health information is exposed"),
    tells(PRIYA, "pilot", 3.0, monitoring_configured=True, audit_logging_enabled=True),
    _PLAN,
)
FINANCIAL: Final = (
    _READY,
    NAMED,
    tells(TOM, "sandbox", 1.1, data_residency="eu-central"),
    tells(RUTH, "sandbox", 2.0, data_residency_verified=True),
    _SEEN,
    tells(TOM, "sandbox", 2.0, pilot_cohort_size=40),
    tells(PRIYA, "sandbox", 2.2, production_infrastructure_ready=True),
    _WATCHED,
    _PLAN,
    approves(RUTH, "production_release", 0.9, "the risks are known"),
    approves(MATS, "production_release", 1.0, "operations are ready"),
    asks(DANA, 0.5),
)
EVERYDAY: Final[Mapping[str, tuple[Deed, ...]]] = {
    "standard": STANDARD,
    "healthcare": HEALTHCARE,
    "financial_services": FINANCIAL,
}
"""What people do on a path in every scenario."""


def without(deeds: tuple[Deed, ...], *left_out: Deed) -> tuple[Deed, ...]:
    """Return what people do, without what somebody leaves undone."""
    return tuple(deed for deed in deeds if deed not in left_out)


def signed(**more: Any) -> dict[str, Any]:
    """Return what is known when a journey starts, and more."""
    return SIGNED | more
