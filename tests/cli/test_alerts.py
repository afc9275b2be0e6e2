from tests.cli.terminal import Terminal


def test_open_alerts_are_listed_with_what_helps(acme: Terminal) -> None:
    assert acme("alerts").out == "no open alert\n"
    assert acme("alerts", "--json").json == {"alerts": []}
    acme("rollback", "acme", "--reason", "client asks")
    [alert] = acme("alerts", "--json").json["alerts"]
    assert (alert["client_id"], alert["kind"], alert["severity"]) == ("acme", "rollback", "notify")
    said = acme("alerts", "acme").out
    assert "! notify" in said
    assert "sojourn explain acme" in said
    acme.start("beta")
    assert acme("alerts", "beta", "--json").json == {"alerts": []}


def test_alerts_of_an_unknown_client_are_not_found(acme: Terminal) -> None:
    assert "did you mean" in acme.refused("alerts", "acmo", code=5)
