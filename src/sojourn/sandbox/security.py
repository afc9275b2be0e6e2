"""The security scan: the configuration of what was installed, and probes for leaking documents."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sojourn.core.outcomes import Call, Completed, Measured
from sojourn.sandbox.inputs import Inputs, agent, done
from sojourn.sandbox.installed import Installed, installed
from sojourn.sandbox.scenario import Trouble
from sojourn.sandbox.seeds import seed
from sojourn.sandbox.world import DEPARTMENTS, User, allowed

SEVERITIES: Final = ("critical", "high", "medium", "low")
CURRENT: Final = (4, 2)
"""The newest version of the connectors."""
ROTATION_DAYS: Final = {"standard": 90, "strict": 60}
"""How old a credential may be; every profile but the standard one is strict."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a connector was set up; ``rotated_days`` is the age of its credential."""

    connector: str
    auth_method: str
    encrypted: bool
    version: tuple[int, int]
    rotated_days: int


@agent
def scan(call: Call, inputs: Inputs) -> Completed:
    """Check each connector's configuration and try to read what must not be readable."""
    service = installed(call, inputs)
    oldest = ROTATION_DAYS.get(inputs.text("profile", "standard"), ROTATION_DAYS["strict"])
    findings = [
        {"severity": severity, "connector": name, "finding": finding}
        for name in service.world.connectors
        for severity, finding in _findings(service, name, oldest)
    ]
    counts = Counter(f["severity"] for f in findings)
    output = {**{s: counts[s] for s in SEVERITIES}, "findings": findings}
    return done(output, Measured("security_vulnerabilities", counts["critical"]))


def configuration(service: Installed, connector: str) -> Configuration:
    """Return how a client's connector was set up, as generated when it was installed."""
    number = seed(service.world.client_id, connector, "configuration")
    weak = service.scenario.spell(Trouble.AUTH, service.now, connector) is not None
    auth = "basic" if weak else ("oauth2", "oauth2", "service_account")[number % 3]
    version = (CURRENT[0], CURRENT[1] - (number >> 8) % 2)
    return Configuration(connector, auth, not weak, version, (number >> 16) % 80)


def leaked(service: Installed, connector: str) -> int:
    """Return how many documents a person of some other department is shown.

    The probe asks, as one person of each department, for every document of the connector.
    """
    probes = [User("probe", department, 0.0) for department in DEPARTMENTS]
    restricted = [d for d in service.world.source(connector) if d.department]
    return sum(
        any(service.sees(user, d) and not allowed(user, d) for user in probes) for d in restricted
    )


def _findings(service: Installed, connector: str, oldest: int) -> Iterator[tuple[str, str]]:
    found = configuration(service, connector)
    documents = leaked(service, connector)
    if documents:
        yield "critical", f"{documents} restricted documents are shown to people of any department"
    if not found.encrypted:
        yield "critical", "credentials travel over an unencrypted connection"
    if found.auth_method == "basic":
        yield "high", "basic authentication with a shared password"
    if found.version < CURRENT:
        yield "low", f"connector version {_dotted(found.version)}; current is {_dotted(CURRENT)}"
    if found.rotated_days > oldest:
        yield "medium", f"credential is {found.rotated_days} days old; {oldest} are allowed"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
