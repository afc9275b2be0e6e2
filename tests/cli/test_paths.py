import pytest

from tests.cli.terminal import Terminal
from tests.journeys.small import SMALL


def test_the_list_has_files_and_versions(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.start()
    (cli.folder / "own").mkdir()
    cli.write("own/mine.yaml", SMALL.replace("name: small", "name: mine"))
    cli.write("own/broken.yaml", "name: broken\n")
    monkeypatch.setenv("SOJOURN_PATHS", str(cli.folder / "own"))
    rows = {r["name"]: r for r in cli("path", "list", "--json").json["paths"]}
    assert rows.keys() == {
        "standard", "healthcare", "financial_services", "small", "mine", "broken",
    }  # fmt: skip
    assert (rows["small"]["version"], rows["small"]["running"]) == (1, 1)
    assert (rows["standard"]["version"], rows["standard"]["file"]) == (None, "built-in")
    assert rows["mine"]["file"].endswith("own/mine.yaml")
    assert "'stages' is missing" in rows["broken"]["problem"]
    said = cli("path", "list").out
    assert "built-in" in said
    cli("start", "beta", "--path", "mine")


def test_a_directory_of_paths_that_is_not_there_is_said(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOJOURN_PATHS", str(cli.folder / "none"))
    assert "SOJOURN_PATHS: there is no directory" in cli("path", "list", code=2).err


def test_show_says_in_words_what_is_asked(cli: Terminal) -> None:
    said = cli("path", "show", "standard").out
    assert "search_precision >= 0.8" in said
    assert "major_incident: rollback when major_incidents > 0" in said
    assert "10 % of the users" in said
    told = cli("path", "show", cli.small, "--json").json
    assert [s["name"] for s in told["stages"]] == ["sandbox", "pilot", "production"]


def test_a_diagram_is_mermaid(cli: Terminal) -> None:
    text = cli("path", "diagram", cli.small).out
    assert text.startswith("stateDiagram-v2\n")
    assert "sandbox --> pilot : promote_to_pilot" in text
    assert cli("path", "diagram", cli.small, "--json").json == {"name": "small", "mermaid": text}


def test_diff_tells_what_changed_also_against_a_stored_version(cli: Terminal) -> None:
    cli("path", "add", cli.small)
    other = cli.write("other.yaml", SMALL.replace('">= 0.8"', '">= 0.9"'))
    assert cli("path", "diff", "small@1", cli.small).out == "no difference\n"
    told = cli("path", "diff", "small", other, "--json").json
    assert [c["place"] for c in told["changes"]] == ["sandbox.exit.quality"]
    assert (told["old"]["version"], told["new"]["version"]) == (1, 0)
    assert "~ sandbox.exit.quality" in cli("path", "diff", "small", other).out


def test_a_name_that_no_path_has_is_not_found(cli: Terminal) -> None:
    cli("path", "add", cli.small)
    assert "did you mean 'small'?" in cli.refused("path", "show", "smal", code=5)
    assert "small has no version 7; it has 1" in cli.refused("path", "show", "small@7", code=5)
    assert "'x' is no version" in cli.refused("path", "show", "small@x", code=2)


def test_adding_makes_a_version_once(cli: Terminal) -> None:
    told = cli.dry("path", "add", cli.small)
    assert (told["path"]["name"], told["path"]["version"], told["new"]) == ("small", 1, True)
    assert cli("path", "add", cli.small).out == "small@1 is now in the database\n"
    assert cli("path", "add", cli.small).out == "small@1 is already in the database\n"
    cli.write("small.yaml", SMALL.replace('">= 0.8"', '">= 0.9"'))
    assert cli("path", "add", cli.small, "--json").json["path"]["version"] == 2
    cli("start", "acme", "--path", "small@1")
    cli("start", "beta", "--path", "small")
    rows = {j["client_id"]: j for j in cli("list", "--json").json["journeys"]}
    assert (rows["acme"]["path_version"], rows["beta"]["path_version"]) == (1, 2)


def test_adding_what_a_file_shadows_is_mentioned(cli: Terminal) -> None:
    file = cli.write("x.yaml", SMALL.replace("name: small", "name: standard"))
    assert "--path standard means the file of that name" in cli("path", "add", file).err
