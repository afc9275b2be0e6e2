from tests.cli.terminal import Terminal


def test_a_key_is_made_listed_and_revoked(cli: Terminal) -> None:
    assert "no keys yet" in cli("key", "list").out
    made = cli("key", "create", "ci", "--role", "operator", "--expires", "30d", "--json").json
    assert made["token"].startswith(f"sojourn_{made['key']['prefix']}_")
    assert (made["key"]["actor"], made["key"]["roles"]) == ("ci", ["operator"])
    listed = cli("key", "list").out
    assert made["key"]["prefix"] in listed
    assert made["token"] not in listed
    assert "hash" not in cli("key", "list", "--json").json[0]
    assert "is revoked" in cli("key", "revoke", made["key"]["prefix"]).out
    assert "revoked" in cli("key", "list").out
    assert "there is no key" in cli("key", "revoke", "nothing", code=5).err


def test_a_key_of_a_client_and_of_an_agent_have_their_role_by_themselves(cli: Terminal) -> None:
    made = cli("key", "create", "portal", "--client", "acme", "--expires", "0", "--json").json[
        "key"
    ]
    assert (made["roles"], made["client_id"], made["expires_at"]) == (["client"], "acme", None)
    made = cli("key", "create", "x", "--agent", "builder", "--json").json["key"]
    assert (made["roles"], made["actor"]) == (["agent"], "builder")


def test_a_token_is_alone_on_stdout(cli: Terminal) -> None:
    said = cli("key", "create", "ci", "--label", "builds")
    assert said.out.strip().startswith("sojourn_")
    assert "shown this once" in said.err


def test_roles_that_cannot_be_are_refused_with_the_fix(cli: Terminal) -> None:
    assert "did you mean viewer" in cli("key", "create", "a", "--role", "veiwer", code=2).err
    assert "stands alone" in (
        cli("key", "create", "a", "--role", "client", "--role", "viewer", code=2).err
    )
    assert "--expires" in cli("key", "create", "a", "--expires", "soon", code=2).err
    assert cli("key", "list", "--json").json == []
