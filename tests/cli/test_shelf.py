from pathlib import Path

import pytest

from sojourn.app import App
from sojourn.cli import session, shelf
from sojourn.cli.failures import Failure
from sojourn.core.paths import Path as Route
from sojourn.paths import PathError
from sojourn.settings import Settings
from tests.cli.terminal import Terminal
from tests.journeys.small import SMALL


def found(name: str) -> Route:
    async def work(app: App) -> Route:
        return await shelf.find(app, name)

    return session.run(work)


def test_a_name_is_a_file_of_ones_own_then_built_in_then_in_the_database(
    cli: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("path", "add", cli.small)
    assert (found("small").name, found("small").version) == ("small", 1)
    assert found("standard").version == 0
    (cli.folder / "own").mkdir()
    cli.write("own/small.yml", SMALL.replace('">= 0.8"', '">= 0.9"'))
    monkeypatch.setenv("SOJOURN_PATHS", str(cli.folder / "own"))
    assert found("small").version == 0
    assert found("small@1").version == 1


def test_a_file_is_named_by_its_ending_or_a_slash(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert shelf.file_of(settings, "a.yaml") == Path("a.yaml")
    assert shelf.file_of(settings, "./a") == Path("./a")
    assert shelf.file_of(settings, "a") is None
    assert shelf.file_of(settings, "standard") is not None
    assert shelf.own_files(settings) == {}


def test_a_file_with_an_at_sign_in_its_name_is_a_file(cli: Terminal) -> None:
    file = cli.write("a@2.yaml", SMALL)
    assert found(file).name == "small"


@pytest.mark.parametrize("version", ["", "0", "-1", "x", "1.0", "9" * 12])
def test_a_version_is_a_number(cli: Terminal, version: str) -> None:
    with pytest.raises(Failure, match="is no version"):
        found(f"standard@{version}")


def test_what_is_not_there_is_not_found(cli: Terminal) -> None:
    with pytest.raises(Failure, match="there is no path 'standart'; did you mean 'standard'"):
        found("standart")
    with pytest.raises(Failure, match="there is no path 'standard'"):
        found("standard@1")
    with pytest.raises(PathError, match="cannot be read"):
        found("./nothing")
