from pathlib import Path

import pytest

from sojourn.app.outside import outbound, provider
from sojourn.control.routes import BadRoutes
from sojourn.settings import Settings, SettingsError

OIDC = {
    "SOJOURN_OIDC_ISSUER": "https://id.test/",
    "SOJOURN_OIDC_CLIENT_ID": "sojourn",
    "SOJOURN_OIDC_CLIENT_SECRET": "s3cret",
    "SOJOURN_OIDC_ROLES": "leads=operator",
    "SOJOURN_PUBLIC_URL": "https://s.test",
}


def test_nobody_is_known_by_default() -> None:
    assert outbound(Settings.load({})) is None
    assert provider(Settings.load({})) is None


def test_the_provider_is_as_set_and_its_secret_is_not_shown() -> None:
    settings = Settings.load({**OIDC, "SOJOURN_OIDC_NAME": "Okta"})
    found = provider(settings)
    assert found is not None
    assert (found.issuer, found.name, found.base) == ("https://id.test/", "Okta", "https://s.test")
    assert found.roles == {"leads": ("operator",)}
    assert found.client_secret == "s3cret"
    assert "s3cret" not in repr(found) + repr(settings)


@pytest.mark.parametrize("name", ["CLIENT_ID", "CLIENT_SECRET", "ROLES"])
def test_what_is_missing_is_named(name: str) -> None:
    with pytest.raises(SettingsError, match=f"needs SOJOURN_OIDC_{name} too"):
        provider(Settings.load({**OIDC, f"SOJOURN_OIDC_{name}": ""}))


def test_roles_that_cannot_be_are_told() -> None:
    with pytest.raises(
        SettingsError, match="SOJOURN_OIDC_ROLES: people cannot have the role agent"
    ):
        provider(Settings.load({**OIDC, "SOJOURN_OIDC_ROLES": "bots=agent"}))


def test_routes_come_with_the_place_of_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "alerts.yaml"
    file.write_text("routes: { team: { urls: ['${TEAM_URL}'] } }")
    settings = Settings.load({"SOJOURN_ALERTS": str(file)})
    monkeypatch.delenv("TEAM_URL", raising=False)
    with pytest.raises(BadRoutes, match="TEAM_URL is not set"):
        outbound(settings)
    monkeypatch.setenv("TEAM_URL", "json://h")
    found = outbound(settings, "http://127.0.0.1:1")
    assert found is not None
    assert (found.routes[0].urls, found.base) == (("json://h",), "http://127.0.0.1:1")
