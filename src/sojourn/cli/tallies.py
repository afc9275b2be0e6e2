"""What each agent is asked and answers, counted between the engine and the agents."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sojourn.agents.directory import Directory
from sojourn.core.limits import Limits
from sojourn.core.outcomes import Call, Completed, Failed, Outcome


@dataclass(slots=True)
class Tally:
    """What one agent was asked for one client, and what came of it."""

    calls: int = 0
    retried: int = 0
    completed: int = 0
    failed: int = 0


class Counted:
    """The agents, with a count of what they do for each client."""

    def __init__(self, agents: Directory) -> None:
        """Count calls of a directory's agents."""
        self._agents = agents
        self._tallies: dict[str, dict[str, Tally]] = defaultdict(lambda: defaultdict(Tally))

    def of(self, client: str) -> Mapping[str, Tally]:
        """Return what was counted for a client, by agent."""
        return self._tallies[client]

    def limits(self) -> Sequence[Limits]:
        """Return the limits of all agents."""
        return self._agents.limits()

    async def send(self, call: Call) -> Outcome:
        """Hand over work."""
        tally = self._tallies[call.client_id][call.agent_id]
        tally.calls += 1
        tally.retried += call.retry_count > 0
        return self._counted(call, await self._agents.send(call))

    async def poll(self, call: Call) -> Outcome:
        """Ask how the work goes."""
        return self._counted(call, await self._agents.poll(call))

    async def cancel(self, call: Call) -> None:
        """Tell the agent to stop."""
        await self._agents.cancel(call)

    def _counted(self, call: Call, outcome: Outcome) -> Outcome:
        tally = self._tallies[call.client_id][call.agent_id]
        tally.completed += isinstance(outcome, Completed)
        tally.failed += isinstance(outcome, Failed)
        return outcome
