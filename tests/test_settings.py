from pathlib import Path

import pytest

from docs import generate
from sojourn.settings import Settings, SettingsError, default_data_dir, variable


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SOJOURN_PORT": "many"}, "SOJOURN_PORT must be a valid integer"),
        ({"SOJOURN_PORT": "70000"}, "SOJOURN_PORT must be less than or equal to 65535"),
        ({"SOJOURN_LEASE_SECONDS": "nan"}, "SOJOURN_LEASE_SECONDS must be"),
        ({"SOJOURN_POLL_SECONDS": "inf"}, "SOJOURN_POLL_SECONDS must be"),
        ({"SOJOURN_LOG_LEVEL": "loud"}, "must be 'debug', 'info', 'warning' or 'error'"),
        (
            {"SOJOURN_PUBLIC_URL": "sojourn.example"},
            "SOJOURN_PUBLIC_URL must be an address such as",
        ),
        ({"SOJOURN_PUBLIC_URL": "https://ann:geheim@host"}, "with no password"),
        ({"SOJOURN_OIDC_ISSUER": "ftp://id.test"}, "SOJOURN_OIDC_ISSUER must be an address"),
        ({"SOJOURN_OIDC_NAME": "x" * 61}, "SOJOURN_OIDC_NAME must have at most 60 characters"),
        ({"SOJOURN_LEESE_SECONDS": "3"}, "did you mean SOJOURN_LEASE_SECONDS?"),
    ],
)
def test_a_bad_value_gives_one_line_that_names_the_variable_and_what_is_allowed(
    environ: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.load({"SOJOURN_PORT": "", "SOJOURN_DATABASE_URL": ""}) == Settings.load({})


def test_values_are_read_with_their_types() -> None:
    settings = Settings.load({"SOJOURN_LEASE_SECONDS": "2.5", "SOJOURN_DATA_DIR": "~/here"})
    assert settings.lease_seconds == 2.5
    assert settings.data_dir == Path.home() / "here"


def test_a_public_address_ends_without_a_slash() -> None:
    for given in ("https://s.example", "https://s.example/", "https://s.example//"):
        assert Settings.load({"SOJOURN_PUBLIC_URL": given}).public_url == "https://s.example"


def test_the_password_of_the_database_is_never_shown() -> None:
    environ = {"SOJOURN_DATABASE_URL": "postgresql://ann:geheim@db/x", "SOJOURN_PORT": "-1"}
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    shown = repr(Settings.load({**environ, "SOJOURN_PORT": "1"}))
    assert "geheim" not in shown + str(caught.value) + repr(caught.value)


def test_the_data_directory_follows_xdg() -> None:
    assert default_data_dir({"XDG_DATA_HOME": "/srv/data"}) == Path("/srv/data/sojourn")


def test_a_variable_that_is_no_setting_is_left_to_its_owner() -> None:
    Settings.load({"SOJOURN_CRM_TOKEN": "x"})


def test_every_setting_is_documented() -> None:
    page = (generate.REFERENCE / "settings.md").read_text()
    for name, field in Settings.model_fields.items():
        assert f"`{variable(name)}`" in page
        assert field.description


def test_the_generated_pages_are_fresh() -> None:
    assert generate.stale() == [], "run `make docs`"
