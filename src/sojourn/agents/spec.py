"""An agent's entry in the directory: how it is called, with which credentials, within which limits."""

import re
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from sojourn.agents.guard import Forbidden, checked_url
from sojourn.agents.shape import LIMIT
from sojourn.core.limits import Breaker

DEFAULT: Final = Breaker()
UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _duration(value: Any) -> Any:
    """Return a duration from seconds or from text such as 90s, 5m or 1.5h."""
    if isinstance(value, str):
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)", value.strip())
        if not found:
            raise ValueError(f"must be seconds or a text such as 90s or 5m, not {value!r}")
        return timedelta(seconds=float(found[1]) * UNITS[found[2]])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    return value


def _url(value: Any) -> Any:
    try:
        return checked_url(value) if isinstance(value, str) else value
    except Forbidden as error:
        raise ValueError(str(error)) from None


Duration = Annotated[
    timedelta, BeforeValidator(_duration), Field(gt=timedelta(0), le=timedelta(days=1))
]
Url = Annotated[str, BeforeValidator(_url)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
Header = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")]


class Entry(BaseModel):
    """What all parts of an entry have in common: unknown keys are faults, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class OAuth2(Entry):
    """OAuth2 client credentials; both halves by the names of environment variables."""

    token_url: Url
    client_id_env: Variable
    client_secret_env: Variable
    scope: str | None = None


class SpecAuth(Entry):
    """How an agent knows us: a bearer token, an API key in a header, or OAuth2. Never a value."""

    bearer_env: Variable | None = None
    header: Header | None = None
    env: Variable | None = None
    oauth2: OAuth2 | None = None
    origins: tuple[Url, ...] = ()
    """Origins beside the agent's own that are given the credentials, if its card names others."""

    @model_validator(mode="after")
    def _one_kind(self) -> "SpecAuth":
        kinds = [self.bearer_env is not None, self.header is not None, self.oauth2 is not None]
        if sum(kinds) != 1 or (self.header is None) != (self.env is None):
            raise ValueError("give one of bearer_env, header with env, or oauth2")
        return self

    @property
    def variables(self) -> tuple[str, ...]:
        """Return the names of the environment variables that hold the credentials."""
        flow = (self.oauth2.client_id_env, self.oauth2.client_secret_env) if self.oauth2 else ()
        return tuple(v for v in (self.bearer_env, self.env, *flow) if v)


class BreakerSpec(Entry):
    """When an agent is left alone: after so many failures in a row, 0 for never; for how long."""

    failures: int = Field(default=DEFAULT.failures, ge=0, le=10_000)
    pause: Duration = DEFAULT.pause
    longest: Duration = DEFAULT.longest

    @model_validator(mode="after")
    def _in_order(self) -> "BreakerSpec":
        if self.longest < self.pause:
            raise ValueError("longest must not be shorter than pause")
        return self


PROGRAMS: Final = 16
"""Programs of one agent that run at once where the entry does not say: each call starts one."""


class AgentSpec(Entry):
    """One agent. ``None`` for ``idempotent`` means the protocol's own default, for limits none.

    ``rate_per_minute``, ``max_concurrency`` and ``breaker`` count over all workers; ``timeout``
    bounds one exchange and never lengthens a task's own.
    """

    protocol: str
    title: str = ""
    url: Url | None = None
    target: str | None = None
    command: tuple[str, ...] | None = None
    env: tuple[Variable, ...] = ()
    """Environment variables that a started program (MCP over stdio) may see."""
    tool: str | None = None
    skill: str | None = None
    completes: Literal["answer", "callback"] | None = None
    """What ends the work of a flow over HTTP: its answer, or only a callback after it has begun."""
    auth: SpecAuth | None = None
    max_concurrency: int | None = Field(default=None, ge=1, le=10_000)
    rate_per_minute: float | None = Field(default=None, ge=0.001, le=1_000_000)
    breaker: BreakerSpec = BreakerSpec()
    idempotent: bool | None = None
    timeout: Duration | None = None
    allow_private: bool = False
    max_answer_bytes: int = Field(default=LIMIT, ge=1, le=64 << 20)

    @property
    def at_once(self) -> int | None:
        """Return how many calls there may be at once; without a word, of programs only a few."""
        return self.max_concurrency or (PROGRAMS if self.command else None)
