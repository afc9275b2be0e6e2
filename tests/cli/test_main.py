import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from sojourn.cli.main import COMMANDS, GROUPS
from tests.cli.terminal import Terminal


def test_the_version_is_that_of_the_package(cli: Terminal) -> None:
    assert cli("--version").out == f"sojourn {version('sojourn')}\n"


def test_without_words_it_shows_its_help(cli: Terminal) -> None:
    assert cli().out == cli("--help").out
    for name in (*COMMANDS, *GROUPS):
        assert f"  {name} " in cli("-h").out


def test_every_command_explains_itself_in_full_lines(cli: Terminal) -> None:
    said = cli("--help").out
    assert "..." not in said[said.index("Commands:") :]
    for name in COMMANDS:
        assert cli(name, "--help").out.startswith(f"Usage: sojourn {name} ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lst"], "No such command 'lst'. Did you mean 'list'? (fix: see sojourn --help)"),
        (["list", "--stge"], "No such option: --stge"),
        (["hold"], "Missing argument 'CLIENT'. (fix: see sojourn hold --help)"),
        (["hold", "acme", "beta"], "unexpected extra argument(s) (beta)"),
        (["hold", "acme", "--reason"], "Option '--reason' requires an argument."),
        (["path"], "Missing command."),
        (["list", "--limit", "many"], "--limit"),
        (["hold", "\udcff"], "argument 2 is not UTF-8"),
    ],
)
def test_bad_usage_is_one_line_and_status_2(cli: Terminal, words: list[str], message: str) -> None:
    ran = cli(*words, code=2)
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert message in ran.err
    if words[-1] != "--reason":
        assert cli(*words, "--json", code=2).error["code"] in ("usage", "invalid")


def test_bad_settings_are_named(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOJOURN_PORT", "many")
    assert "SOJOURN_PORT must be a valid integer" in cli("list", code=2).err
    assert cli("list", "--json", code=2).error["code"] == "settings"


def test_a_fault_of_ours_is_status_1(cli: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("boom")

    monkeypatch.setattr("sojourn.cli.journeys.session.run", broken)
    assert cli("list", "--json", code=1).error["code"] == "internal"
    assert "ZeroDivisionError: boom" in cli("list", code=1).err


def test_a_reader_that_has_read_enough_is_no_error(acme: Terminal) -> None:
    script = f"{sys.executable} -m sojourn path show standard | head -1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_a_closed_output_is_no_error(acme: Terminal) -> None:
    command = f"{sys.executable} -m sojourn list >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], env=os.environ, check=False).returncode == 0


def test_an_output_that_is_full_is_told(acme: Terminal) -> None:
    command = f"{sys.executable} -m sojourn list > /dev/full"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, env=os.environ, check=False
    )
    assert done.returncode == 1
    assert "the output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_encoding_without_our_signs_is_no_error(acme: Terminal) -> None:
    process = acme.spawn("show", "acme", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "sandbox" in out


def test_colour_only_where_it_is_wanted(acme: Terminal) -> None:
    """In a terminal of its own; NO_COLOR and pipes stay plain."""
    pty = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = [sys.executable, "-c", pty, sys.executable, "-m", "sojourn", "list"]
    environ = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    coloured = subprocess.run(command, capture_output=True, env=environ, check=True)
    assert b"\x1b[" in coloured.stdout
    plain = subprocess.run(
        command, capture_output=True, env=environ | {"NO_COLOR": "1"}, check=True
    )
    assert b"\x1b[3" not in plain.stdout
    assert "\x1b[" not in acme("list").out
