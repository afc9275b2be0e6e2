"""A client's instance of a real search service, and desks at which agents work on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sojourn.core.outcomes import Call, Completed
from sojourn.sandbox.inputs import Inputs
from sojourn.sandbox.online import connectors, datasets, deployments
from sojourn.sandbox.online.backend import Backend
from sojourn.sandbox.online.crowd import Crowd
from sojourn.sandbox.online.desk import Desk, Limits
from sojourn.sandbox.scenario import Scenario, read

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
START = "2026-03-04T00:00:00Z"


@dataclass
class Site:
    """One client; ``told`` is what agents said of their progress."""

    backend: Backend
    crowd: Crowd = field(default_factory=Crowd)
    scenario: Scenario = field(default_factory=Scenario)
    limits: Limits = field(default_factory=Limits)
    told: list[tuple[float, str]] = field(default_factory=list)

    def desk(self, day: float = 0.0, **given: Any) -> Desk:
        """Return a desk with a call of that input, so many days after the first."""
        now = NOON + timedelta(days=day)
        made = Call(
            UUID(int=1), UUID(int=2), "t", "agent", 1, client_id=self.backend.client,
            input_data=given, now=now,
        )  # fmt: skip
        at = replace(self.backend, now=now)
        return Desk(made, Inputs(given), at, self.scenario, now, self._tell, self.limits)

    async def _tell(self, done: float, text: str) -> None:
        self.told.append((done, text))

    async def trouble(self, *spells: Mapping[str, Any]) -> None:
        """Let the client be troubled."""
        self.scenario = read({"start": START, "spells": list(spells)})
        await self.backend.trouble(self.scenario)

    async def install(self, *names: str, size: str = "small") -> None:
        """Install connectors."""
        for name in names or ("jira", "slack"):
            desk = self.desk(connector_type=name, auth_method="oauth2", size=size)
            assert isinstance(await connectors.install(desk), Completed)

    async def provision(self, **given: Any) -> Completed:
        """Provision a labelled collection."""
        return await datasets.provision(self.desk(scenario="general_demo", size="small", **given))

    async def deploy(self, users: int, day: float = 0.0) -> Completed:
        """Let so many people in."""
        desk = self.desk(day, target="production", users=users, size="small")
        return await deployments.deploy(desk, self.crowd)
