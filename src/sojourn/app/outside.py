"""Whom this installation knows outside: the people told of alerts, and the provider of accounts."""

from typing import TYPE_CHECKING

from sojourn.control.routes import load
from sojourn.engine.engine import Outbound
from sojourn.engine.targets import targets_of
from sojourn.settings import Settings, SettingsError, variable

if TYPE_CHECKING:
    from sojourn.api.oidc import Provider

NEEDED = ("oidc_client_id", "oidc_client_secret", "oidc_roles")


def outbound(settings: Settings, url: str = "") -> Outbound | None:
    """Return whom to tell of alerts, None where no file is set; ``url`` is where the pages are.

    Raises :class:`~sojourn.control.routes.BadRoutes`.
    """
    if settings.alerts is None:
        return None
    return Outbound(load(settings.alerts), settings.public_url or url)


def check(settings: Settings, *, serves: bool) -> None:
    """Refuse settings that would end a process once it has begun; ``serves`` checks accounts too.

    Raises SettingsError and :class:`~sojourn.control.routes.BadRoutes`; nobody is called.
    """
    told = outbound(settings)
    targets_of(told.routes if told else ())
    if serves:
        provider(settings)


def provider(settings: Settings) -> "Provider | None":
    """Return who signs people in, None where no issuer is set; raises SettingsError."""
    # Imported here: commands that serve nothing should not wait for it.
    from sojourn.api.oidc import Provider, parse_roles

    if settings.oidc_issuer is None:
        return None
    missing = [variable(name) for name in NEEDED if not getattr(settings, name)]
    if missing or not (settings.oidc_client_id and settings.oidc_client_secret):
        raise SettingsError(f"SOJOURN_OIDC_ISSUER needs {', '.join(missing)} too")
    try:
        roles = parse_roles(settings.oidc_roles or "")
    except ValueError as error:
        raise SettingsError(f"SOJOURN_OIDC_ROLES: {error}") from None
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_client_secret.get_secret_value(),
        roles,
        name=settings.oidc_name,
        claim=settings.oidc_claim,
        actor=settings.oidc_actor,
        client_claim=settings.oidc_client_claim,
        base=settings.public_url or "",
    )
