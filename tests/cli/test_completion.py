from pathlib import Path

import pytest

from sojourn.cli import completion
from sojourn.store.cluster import Cluster
from tests.cli.terminal import Terminal


def test_clients_are_completed_from_the_database(cli: Terminal) -> None:
    for client in ("acme", "acorn", "beta"):
        cli.start(client)
    assert completion.clients("ac") == ["acme", "acorn"]
    assert completion.clients("%") == []


def test_completion_starts_no_server_and_shows_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SOJOURN_DATABASE_URL", raising=False)
    monkeypatch.setenv("SOJOURN_DATA_DIR", str(tmp_path / "data"))
    assert completion.clients("") == []
    assert not Cluster(tmp_path / "data").running()
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("SOJOURN_DATABASE_URL", "postgresql://127.0.0.1:1/x")
    assert completion.clients("") == []
    monkeypatch.setenv("SOJOURN_PORT", "many")
    assert completion.clients("") == []
    assert "standard" in completion.paths("")


def test_paths_are_built_in_ones_and_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stage-free.yaml").write_text("")
    (tmp_path / "notes.txt").write_text("")
    monkeypatch.setenv("SOJOURN_PATHS", str(tmp_path))
    assert completion.paths("sta") == ["stage-free", "standard"]
    assert "notes" not in completion.paths("")


def test_the_shell_gets_commands_and_clients(cli: Terminal) -> None:
    cli.start("acme")

    def completed(line: str) -> list[str]:
        asked = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        process = cli.spawn(_SOJOURN_COMPLETE="complete_bash", **asked)
        return process.communicate(timeout=60)[0].split()

    assert completed("sojourn ho") == ["hold"]
    assert completed("sojourn hold ac") == ["acme"]
    assert completed("sojourn path show heal") == ["healthcare"]
