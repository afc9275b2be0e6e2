import pytest

from sojourn.cli.users import base
from sojourn.settings import Settings
from tests.cli.terminal import Terminal


def test_a_link_lets_a_person_in_until_their_sessions_are_ended(cli: Terminal) -> None:
    assert "nobody is signed in" in cli("user", "list").out
    made = cli("user", "link", "ann", "--role", "viewer", "--json").json
    assert made["link"].startswith("http://127.0.0.1:8420/login/link?token=")
    [listed] = cli("user", "list", "--json").json
    assert (listed["actor"], listed["kind"], listed["roles"]) == ("ann", "link", ["viewer"])
    assert made["link"].partition("=")[2] not in cli("user", "list").out
    assert "1 sessions and links" in cli("user", "end", "ann").out
    assert "is not signed in" in cli("user", "end", "ann", code=5).err


def test_links_are_for_people_of_the_house(cli: Terminal) -> None:
    assert "make a key" in cli("user", "link", "acme", "--role", "client", code=2).err
    assert "no role" in cli("user", "link", "ann", "--role", "operater", code=2).err
    assert "a week at most" in cli("user", "link", "ann", "--for", "30d", code=2).err
    assert "engine" in cli("user", "link", "engine", code=2).err
    assert cli("user", "list", "--json").json == []


def test_the_address_is_the_public_one_or_that_of_the_settings() -> None:
    assert base(Settings.load({"SOJOURN_PUBLIC_URL": "https://s.example/"})) == "https://s.example"
    given = {"SOJOURN_HOST": "::1", "SOJOURN_PORT": "9000"}
    assert base(Settings.load(given)) == "http://[::1]:9000"


def test_without_a_port_of_its_own_the_address_has_to_be_said(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOJOURN_PORT", "0")
    assert "set SOJOURN_PUBLIC_URL" in cli("user", "link", "ann", code=2).err
    assert cli("user", "list", "--json").json == []
    monkeypatch.setenv("SOJOURN_PUBLIC_URL", "https://s.example")
    assert cli("user", "link", "ann").out.startswith("https://s.example/login/link?token=")
