from tests.cli.terminal import Terminal
from tests.journeys.small import SMALL

STRICTER = SMALL.replace('">= 0.8"', '">= 0.9"').replace('">= 0.7"', '">= 0.75"')


def test_a_dry_run_says_for_each_journey_what_would_change_or_why_it_cannot(
    acme: Terminal,
) -> None:
    acme.start("beta")
    acme.settle()
    acme("record", "beta", "cohort=20")
    acme("record", "beta", "quality=0.95")
    acme.settle()
    acme.start("gamma")
    acme("rollback", "gamma", "--reason", "x")
    stricter = acme.write("stricter.yaml", STRICTER)

    before = acme.dump()
    words = ("path", "migrate", "small", "--to", stricter)
    told = acme(*words, "--dry-run", "--json", code=4).json
    rows = {one["client_id"]: one for one in told["journeys"]}
    assert [c["place"] for c in rows["acme"]["changes"]] == [
        "sandbox.exit.quality", "production.exit.adoption",
    ]  # fmt: skip
    assert rows["beta"]["stage"] == "pilot"
    assert [c["place"] for c in rows["beta"]["changes"]] == ["production.exit.adoption"]
    assert "wait for it to end" in rows["gamma"]["refusal"]["message"]
    assert not any(one["migrated"] for one in told["journeys"])
    said = acme(*words, "--dry-run", code=4).out
    assert "✗ gamma (small@1, in rollback) cannot" in said
    assert "· acme (small@1, in sandbox) would change:" in said
    assert acme.dump() == before

    done = acme(*words, "--json", code=4).json
    assert {o["client_id"]: o["migrated"] for o in done["journeys"]} == {
        "acme": True, "beta": True, "gamma": False,
    }  # fmt: skip
    rows = {j["client_id"]: j for j in acme("list", "--json").json["journeys"]}
    assert [rows[c]["path_version"] for c in ("acme", "beta", "gamma")] == [2, 2, 1]
    [event] = acme("events", "acme", "--type", "path.migrated", "--json").json["events"]
    assert (event["data"]["from"], event["data"]["to"]) == ("small@1", "small@2")
    assert acme("audit", "verify").code == 0


def test_only_the_clients_named_are_moved(acme: Terminal) -> None:
    acme.start("beta")
    stricter = acme.write("stricter.yaml", STRICTER)
    acme("path", "migrate", "small", "--to", stricter, "--client", "beta", "--as", "ann")
    rows = {j["client_id"]: j for j in acme("list", "--json").json["journeys"]}
    assert [rows[c]["path_version"] for c in ("acme", "beta")] == [1, 2]
    acme("path", "migrate", "small", "--to", "1", "--client", "beta")
    words = ("path", "migrate", "small", "--to", "2", "--client", "beta", "--client", "acme")
    assert "✓ acme" in acme(*words).out


def test_units_that_the_new_version_adds_are_told_and_planned(acme: Terminal) -> None:
    added = """\
    work:
      - name: greet
        tasks:
          - name: hello
            agent: teller
            irreversible: true
"""
    file = acme.write("more.yaml", SMALL.replace("    work:\n", added, 1))
    words = ("path", "migrate", "small", "--to", file)
    assert acme.dry(*words)["journeys"][0]["new_units"] == ["greet"]
    assert "    plan unit greet" in acme(*words).out
    assert "greet" in {u["name"] for u in acme("show", "acme", "--json").json["units"]}


def test_a_journey_that_has_nothing_to_change_stays(acme: Terminal) -> None:
    said = acme("path", "migrate", "small", "--to", acme.small).out
    assert "= acme (small@1, in sandbox): nothing changes for it; it stays" in said


def test_a_path_without_the_stages_that_were_is_refused(acme: Terminal) -> None:
    text = SMALL.replace("name: sandbox", "name: cellar").replace(": sandbox", ": cellar")
    file = acme.write("x.yaml", text)
    ran = acme("path", "migrate", "small", "--to", file, code=4)
    assert "has no stage 'sandbox'" in ran.out


def test_what_is_not_there_is_not_found(acme: Terminal) -> None:
    words = ("path", "migrate", "small", "--to", acme.small)
    assert "did you mean 'acme'" in acme.refused(*words, "--client", "acmo", code=5)
    other = acme.write("o.yaml", SMALL.replace("name: small", "name: other"))
    acme("start", "omega", "--path", other)
    said = acme.refused(*words, "--client", "omega", code=5)
    assert "omega has no running journey on path small" in said
    assert "has no version 9" in acme.refused("path", "migrate", "small", "--to", "9", code=5)
    assert "no journey runs on path tiny" in acme("path", "migrate", "tiny", "--to", other).out
