"""The directory of agents: ids and their entries; it hands each call to the agent it names."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from time import monotonic
from typing import Any, Final

from sojourn.agents.agent import Agent
from sojourn.agents.callbacks import Callbacks
from sojourn.agents.connections import Lines
from sojourn.agents.entries import BadDirectory, parse, read
from sojourn.agents.guard import Guard
from sojourn.agents.protocols import PROTOCOLS, Around, faults, idempotent
from sojourn.agents.redact import redact
from sojourn.agents.spec import AgentSpec
from sojourn.core.limits import Breaker, Limits
from sojourn.core.outcomes import Call, Failed, Outcome

BUILT_IN: Final = "sojourn.sandbox", "agents.yaml"
"""The package and file that declare the reference agents."""


class UnknownAgent(LookupError):
    """An id that no agent has; the message says which one may have been meant."""


@dataclass(frozen=True, slots=True)
class Described:
    """An agent as a list shows it; ``credentials`` are names of environment variables."""

    agent_id: str
    title: str
    protocol: str
    where: str
    idempotent: bool
    max_concurrency: int | None
    rate_per_minute: float | None
    timeout_seconds: float | None
    credentials: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether an agent can be reached, what it says of itself, and how long that took."""

    agent_id: str
    ok: bool
    message: str
    card: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


class Directory:
    """All agents by id. It is an agent itself: it hands a call to the one that the call names."""

    def __init__(
        self,
        specs: Mapping[str, AgentSpec],
        *,
        allow_private: bool = False,
        callbacks: Callbacks | None = None,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """``allow_private`` lets all agents live on private and loopback addresses.

        Raises BadDirectory for an entry that does not suit its protocol.
        """
        bad = [f"agents.{i}.{k}: {m}" for i, spec in specs.items() for k, m in faults(spec)]
        if bad:
            raise BadDirectory("\n".join(bad))
        self._specs = dict(specs)
        self._allow_private = allow_private
        self._callbacks = callbacks
        self._sources = sources or {}
        self._agents: dict[str, Agent] = {}
        self._lines = Lines()

    @classmethod
    def load(
        cls,
        paths: Iterable[Path] = (),
        *,
        built_in: bool = True,
        allow_private: bool = False,
        callbacks: Callbacks | None = None,
    ) -> "Directory":
        """Return the built-in agents, extended and replaced by files; raises BadDirectory."""
        read_in = {str(path): read(path) for path in paths}
        layers = {"built-in": reference()} | read_in if built_in else read_in
        specs = {agent_id: spec for layer in layers.values() for agent_id, spec in layer.items()}
        sources = {agent_id: name for name, layer in layers.items() for agent_id in layer}
        return cls(specs, allow_private=allow_private, callbacks=callbacks, sources=sources)

    def let_call_back(self, callbacks: Callbacks) -> None:
        """Tell agents from now on where they may call back; before any has been asked for."""
        self._callbacks = callbacks

    def __iter__(self) -> Iterator[str]:
        return iter(self._specs)

    def __len__(self) -> int:
        return len(self._specs)

    def __contains__(self, agent_id: object) -> bool:
        return agent_id in self._specs

    def spec(self, agent_id: str) -> AgentSpec:
        """Return an agent's entry; raises :class:`UnknownAgent`."""
        if agent_id not in self._specs:
            close = get_close_matches(agent_id, self._specs, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise UnknownAgent(f"there is no agent {agent_id!r}{hint}")
        return self._specs[agent_id]

    def agent(self, agent_id: str) -> Agent:
        """Return an agent, made when first asked for; raises UnknownAgent, or what building does."""
        if agent_id not in self._agents:
            spec = self.spec(agent_id)
            self._agents[agent_id] = PROTOCOLS[spec.protocol].build(spec, self._around(spec))
        return self._agents[agent_id]

    async def send(self, call: Call) -> Outcome:
        """Hand work to the agent that the call names; whatever goes wrong is an outcome."""
        return await self._asked(call, "send")

    async def poll(self, call: Call) -> Outcome:
        """Ask the agent that the call names how its work goes."""
        return await self._asked(call, "poll")

    async def cancel(self, call: Call) -> None:
        """Tell the agent that the call names to stop."""
        with suppress(Exception):
            await self.agent(call.agent_id).cancel(call)

    def describe(self) -> list[Described]:
        """Return all agents as a list shows them, by id."""
        return [self._described(agent_id) for agent_id in sorted(self._specs)]

    def limits(self) -> list[Limits]:
        """Return the limits of all agents, by id; workers hold them together in the database."""
        return [_limits(agent_id, spec) for agent_id, spec in sorted(self._specs.items())]

    async def check(self, agent_id: str) -> Checked:
        """Return whether an agent can be reached, and its card; raises :class:`UnknownAgent`."""
        spec = self.spec(agent_id)
        begun = monotonic()
        try:
            card = await PROTOCOLS[spec.protocol].check(spec, self._around(spec))
        except Exception as error:  # noqa: BLE001 -- whatever is wrong is the result of the check
            message = redact(str(error) or type(error).__name__)
            return Checked(agent_id, False, message, seconds=monotonic() - begun)
        return Checked(agent_id, True, "reachable", card, monotonic() - begun)

    async def aclose(self) -> None:
        """Close all connections to agents."""
        agents = list(self._agents.values())
        self._agents.clear()
        for agent in agents:
            close = getattr(agent, "aclose", None)
            if close is not None:
                await close()

    async def _asked(self, call: Call, method: str) -> Outcome:
        try:
            agent = self.agent(call.agent_id)
        except Exception as error:  # noqa: BLE001 -- an agent that cannot be built is a failure
            return Failed(redact(str(error)), retryable=False)
        try:
            ask = agent.send if method == "send" else agent.poll
            return await ask(self._bounded(call))
        except Exception as error:  # noqa: BLE001 -- no agent's fault may stop the engine
            return Failed(redact(f"{type(error).__name__}: {error}"))

    def _around(self, spec: AgentSpec) -> Around:
        allowed = self._allow_private or spec.allow_private
        return Around(Guard(allow_private=allowed), self._callbacks, self._lines)

    def _bounded(self, call: Call) -> Call:
        limit = self.spec(call.agent_id).timeout
        return call if limit is None or limit >= call.timeout else replace(call, timeout=limit)

    def _described(self, agent_id: str) -> Described:
        spec = self._specs[agent_id]
        return Described(
            agent_id,
            spec.title,
            spec.protocol,
            spec.url or spec.target or " ".join(spec.command or ()),
            idempotent(spec),
            spec.at_once,
            spec.rate_per_minute,
            spec.timeout.total_seconds() if spec.timeout else None,
            spec.auth.variables if spec.auth else (),
            self._sources.get(agent_id, ""),
        )


def _limits(agent_id: str, spec: AgentSpec) -> Limits:
    given = spec.breaker
    breaker = Breaker(given.failures, given.pause, given.longest)
    return Limits(agent_id, spec.at_once, spec.rate_per_minute, breaker)


def reference() -> Mapping[str, AgentSpec]:
    """Return the entries of the reference agents."""
    package, name = BUILT_IN
    return parse(files(package).joinpath(name).read_text(), name)
