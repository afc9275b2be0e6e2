"""The security scan: the configuration of what was installed, and probes for leaking documents."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
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
    oldest = oldest_credential(inputs)
    return found(
        {"severity": severity, "connector": name, "finding": finding}
        for name in service.world.connectors
        for severity, finding in weaknesses(
            configuration(service, name), leaked(service, name), oldest
        )
    )


def oldest_credential(inputs: Inputs) -> int:
    """Return how many days old a credential may be by the profile that was asked for."""
    return ROTATION_DAYS.get(inputs.text("profile", "standard"), ROTATION_DAYS["strict"])


def found(findings: Iterable[Mapping[str, str]]) -> Completed:
    """Return the answer for what a scan found."""
    every = [dict(finding) for finding in findings]
    counts = Counter(f["severity"] for f in every)
    output = {**{s: counts[s] for s in SEVERITIES}, "findings": every}
    return done(output, Measured("security_vulnerabilities", counts["critical"]))


def configuration(service: Installed, connector: str) -> Configuration:
    """Return how a client's connector was set up, as generated when it was installed."""
    made = generated(service.world.client_id, connector)
    weak = service.scenario.spell(Trouble.AUTH, service.now, connector) is not None
    return replace(made, auth_method="basic", encrypted=False) if weak else made


def generated(client_id: str, connector: str) -> Configuration:
    """Return how a client's connector is set up when it is installed."""
    number = seed(client_id, connector, "configuration")
    auth = ("oauth2", "oauth2", "service_account")[number % 3]
    version = (CURRENT[0], CURRENT[1] - (number >> 8) % 2)
    return Configuration(connector, auth, True, version, (number >> 16) % 80)


def leaked(service: Installed, connector: str) -> int:
    """Return how many documents a person of some other department is shown.

    The probe asks, as one person of each department, for every document of the connector.
    """
    probes = [User("probe", department, 0.0) for department in DEPARTMENTS]
    restricted = [d for d in service.world.source(connector) if d.department]
    return sum(
        any(service.sees(user, d) and not allowed(user, d) for user in probes) for d in restricted
    )


def weaknesses(found: Configuration, exposed: int, oldest: int) -> Iterator[tuple[str, str]]:
    """Yield the severity and the text of everything wrong with one connector.

    ``exposed`` counts documents shown to people who may not see them, ``oldest`` is in days.
    """
    if exposed:
        yield "critical", f"{exposed} restricted documents are shown to people of any department"
    if not found.encrypted:
        yield "critical", "credentials travel over an unencrypted connection"
    if found.auth_method == "basic":
        yield "high", "basic authentication with a shared password"
    if found.version < CURRENT:
        yield "low", f"connector version {dotted(found.version)}; current is {dotted(CURRENT)}"
    if found.rotated_days > oldest:
        yield "medium", f"credential is {found.rotated_days} days old; {oldest} are allowed"


def dotted(version: tuple[int, int]) -> str:
    """Return a version as people write it."""
    return ".".join(map(str, version))
