"""Settings from the environment: every ``SOJOURN_*`` variable, its type, bounds and default."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

PREFIX = "SOJOURN_"


class SettingsError(ValueError):
    """A setting has a bad value; the message is one line for the user."""


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return the directory for data: XDG's place for users, ``/var/lib/sojourn`` for root.

    Root's own home is closed to the unprivileged user that PostgreSQL insists on running as.
    """
    if environ.get("XDG_DATA_HOME"):
        return Path(environ["XDG_DATA_HOME"], "sojourn")
    if os.geteuid() == 0:
        return Path("/var/lib/sojourn")
    return Path("~/.local/share/sojourn").expanduser()


class Settings(BaseModel):
    """What an operator can set; read once at the start and handed on as arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL 15 or newer, as `postgresql://user:password@host:5432/database`. "
        "Without it Sojourn starts its own PostgreSQL in the data directory.",
    )
    data_dir: Path = Field(
        description="Where Sojourn's own PostgreSQL keeps its data. By default "
        "`$XDG_DATA_HOME/sojourn`, else `~/.local/share/sojourn`, for root `/var/lib/sojourn`.",
    )
    agents: Path | None = Field(
        default=None, description="YAML file that lists the agents and how each is reached."
    )
    paths: Path | None = Field(
        default=None, description="Directory of path files of your own, beside the built-in ones."
    )
    connections: int = Field(
        default=10, ge=2, le=100, description="Connections to PostgreSQL each process may open."
    )
    claim_batch: int = Field(
        default=200, ge=1, le=1000, description="Tasks a worker claims at once, at most."
    )
    journey_batch: int = Field(
        default=500, ge=1, le=5000, description="Journeys the conductor decides at once, at most."
    )
    worker_tasks: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="Calls a worker has under way at once, at most; a tenth of them is kept for "
        "journeys that hold fewer.",
    )
    lease_seconds: float = Field(
        default=15,
        ge=1,
        le=3600,
        description="Seconds until others take over a dead worker's task.",
    )
    poll_seconds: float = Field(
        default=1,
        gt=0,
        le=60,
        description="Seconds between two looks for due work when nothing wakes a loop earlier.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address that `sojourn serve` listens on."
    )
    port: int = Field(
        default=8420, ge=0, le=65_535, description="Port of `sojourn serve`; 0 takes a free one."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$",
        description="Where agents and browsers reach `sojourn serve`, as `https://host`, where that "
        "is not what it listens on. Workers tell agents to call back there.",
    )
    cors_origins: str | None = Field(
        default=None,
        description="Origins of pages of others that may call the API, with commas between them; "
        "none by default.",
    )
    public_metrics: bool = Field(
        default=False, description="`/metrics` for everyone; by default it needs a viewer's key."
    )
    guest_role: Literal["viewer"] | None = Field(
        default=None,
        description="What other agents without a key may do at `/a2a` and `/mcp`: `viewer` lets "
        "them look at everything, as conformance kits need it; by default they are refused.",
    )
    private_webhooks: bool = Field(
        default=False,
        description="Webhooks may go to private and loopback addresses, and over plain http.",
    )
    alerts: Path | None = Field(
        default=None,
        description="YAML file that says who is told of which alerts. Without it nobody is told, "
        "by this process.",
    )
    oidc_issuer: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s?#@]+$",
        description="OpenID provider whose people may sign in to the pages, exactly as it names "
        "itself.",
    )
    oidc_client_id: str | None = Field(
        default=None, description="What the OpenID provider knows Sojourn as."
    )
    oidc_client_secret: SecretStr | None = Field(
        default=None, description="Sojourn's secret at the OpenID provider."
    )
    oidc_roles: str | None = Field(
        default=None,
        description="Which groups have which roles here, as `leads=operator,approver;it=admin`. "
        "Who is in none of them is not let in.",
    )
    oidc_name: str = Field(
        default="single sign-on", max_length=60, description="What the login page calls it."
    )
    oidc_claim: str = Field(default="groups", description="Claim that holds somebody's groups.")
    oidc_actor: str = Field(
        default="email", description="Claim that names somebody in the journal; else it is `sub`."
    )
    oidc_client_claim: str = Field(
        default="client", description="Claim that names the client of somebody with role client."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="The least severe messages that are logged."
    )
    log_format: Literal["console", "json"] = Field(
        default="console", description="Logs as lines for people, or as JSON for machines."
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the origins whose pages may call the API."""
        return tuple(o.strip() for o in (self.cors_origins or "").split(",") if o.strip())

    @field_validator("data_dir", "agents", "paths", "alerts")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()

    @field_validator("public_url")
    @classmethod
    def _whole(cls, url: str | None) -> str | None:
        return url and url.rstrip("/")

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the settings from the environment; an empty variable counts as not set.

        Raises `SettingsError` that names the variable and what is allowed.
        """
        environ = os.environ if environ is None else environ
        _refuse_misspelled(environ)
        values = {name: environ.get(variable(name)) for name in cls.model_fields}
        values["data_dir"] = values["data_dir"] or str(default_data_dir(environ))
        try:
            return cls.model_validate({name: value for name, value in values.items() if value})
        except ValidationError as error:
            problems = (_problem(detail) for detail in error.errors(include_input=False))
            raise SettingsError("; ".join(problems)) from None


def variable(name: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + name.upper()


def _problem(detail: Any) -> str:
    name = variable(str(detail["loc"][0]))
    if detail["type"] == "string_pattern_mismatch":
        return f"{name} must be an address such as https://host, with no password, ? or # in it"
    wanted = detail["msg"].removeprefix("Input should ").removeprefix("String should ")
    return f"{name} must {wanted}"


def _refuse_misspelled(environ: Mapping[str, str]) -> None:
    """Refuse a variable that is nearly a setting; others may be agents' credentials."""
    known = [variable(name) for name in Settings.model_fields]
    for name in environ.keys() - set(known):
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.85)
        if name.startswith(PREFIX) and close:
            raise SettingsError(f"{name} is not a setting; did you mean {close[0]}?")
