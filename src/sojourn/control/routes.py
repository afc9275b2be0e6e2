"""Routes of alerts as people declare them: who is told of what, and where, with secrets apart."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import Field, ValidationError

from sojourn.paths.forms import Duration, Form, Name

LARGEST: Final = 1 << 20
_NAMED: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
Pattern = Annotated[str, Field(min_length=1, max_length=200)]
Severity = Literal["page", "notify", "digest"]


class BadRoutes(ValueError):
    """A file of routes that cannot be used; the message names the file and every fault."""


class Escalation(Form):
    """What happens to an alert that nobody acknowledges."""

    after: Duration
    to: Name


class RouteForm(Form):
    """One route: `urls` are Apprise's, each with its secret from the environment as `${NAME}`.

    The lists narrow what is sent; a name may end in `*`.
    """

    urls: list[Pattern] = Field(min_length=1, max_length=20)
    severities: list[Severity] = Field(default=["page", "notify"])
    kinds: list[Pattern] = Field(default=["*"], min_length=1)
    paths: list[Pattern] = Field(default=["*"], min_length=1)
    clients: list[Pattern] = Field(default=["*"], min_length=1)
    digest: Duration | None = None
    escalate: Escalation | None = None


class RoutesForm(Form):
    """The whole file."""

    routes: dict[Name, RouteForm]


@dataclass(frozen=True, slots=True)
class Route:
    """A route; ``urls`` hold secrets and are never shown."""

    name: str
    urls: tuple[str, ...] = field(repr=False)
    severities: tuple[str, ...] = ("page", "notify")
    kinds: tuple[str, ...] = ("*",)
    paths: tuple[str, ...] = ("*",)
    clients: tuple[str, ...] = ("*",)
    digest: timedelta | None = None
    escalate_after: timedelta | None = None
    escalate_to: str | None = None


def load(path: Path, environ: Mapping[str, str] | None = None) -> tuple[Route, ...]:
    """Return the routes of a file, with their secrets from the environment.

    Raises :class:`BadRoutes`, also where the file cannot be read or a variable is not set.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadRoutes(f"{path}: cannot be read: {error}") from None
    if len(raw) > LARGEST:
        raise BadRoutes(f"{path}: larger than {LARGEST:,} bytes")
    return parse(text, str(path), os.environ if environ is None else environ)


def parse(text: str, name: str, environ: Mapping[str, str]) -> tuple[Route, ...]:
    """Return the routes of a file's text; raises :class:`BadRoutes`."""
    try:
        form = RoutesForm.model_validate(yaml.safe_load(text) or {})
    except yaml.YAMLError as error:
        raise BadRoutes(f"{name}: not YAML: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        raise BadRoutes("\n".join(_told(name, error))) from None
    if faults := [f"{name}: {fault}" for fault in _faults(form, environ)]:
        raise BadRoutes("\n".join(faults))
    return tuple(_route(n, r, environ) for n, r in form.routes.items())


def _told(name: str, error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_url=False, include_input=False):
        place = ".".join(map(str, fault["loc"])) or "file"
        yield f"{name}: {place}: {fault['msg'].removeprefix('Value error, ')}"


def _faults(form: RoutesForm, environ: Mapping[str, str]) -> Iterator[str]:
    for name, route in form.routes.items():
        for index, url in enumerate(route.urls):
            yield from (f"routes.{name}.urls.{index}: {why}" for why in _bad_url(url, environ))
        to = route.escalate.to if route.escalate else None
        if to is not None and to not in form.routes:
            known = ", ".join(form.routes)
            yield f"routes.{name}.escalate.to: there is no route {to!r}; there is: {known}"
        if to == name:
            yield f"routes.{name}.escalate.to: a route cannot escalate to itself"


def _bad_url(url: str, environ: Mapping[str, str]) -> Iterator[str]:
    names = _NAMED.findall(url)
    if not names:
        yield "a URL is a secret; put it into the environment and write ${NAME} here"
    for name in names:
        if not environ.get(name):
            yield f"the environment variable {name} is not set"


def _route(name: str, form: RouteForm, environ: Mapping[str, str]) -> Route:
    return Route(
        name,
        tuple(_NAMED.sub(lambda m: environ[m[1]], url) for url in form.urls),
        tuple(form.severities),
        tuple(form.kinds),
        tuple(form.paths),
        tuple(form.clients),
        form.digest,
        form.escalate.after if form.escalate else None,
        form.escalate.to if form.escalate else None,
    )


def row(route: Route) -> dict[str, Any]:
    """Return a route as it is written down for the database: without its URLs."""
    return {
        "name": route.name,
        "severities": list(route.severities),
        "kinds": list(route.kinds),
        "paths": list(route.paths),
        "clients": list(route.clients),
        "targets": len(route.urls),
        "digest": str(route.digest) if route.digest else None,
        "escalate_after": str(route.escalate_after) if route.escalate_after else None,
        "escalate_to": route.escalate_to,
    }
