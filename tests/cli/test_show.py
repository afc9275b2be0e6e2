import json
import signal
import subprocess
import sys

from tests.cli.terminal import Terminal


def test_a_journey_is_shown_whole(acme: Terminal) -> None:
    acme("record", "acme", "quality=0.9", "--n", "12")
    acme.settle()
    told = acme("show", "acme", "--json").json
    assert told.keys() == {
        "journey", "gate", "triggers", "facts", "units", "alerts", "rollbacks", "events",
    }  # fmt: skip
    assert (told["journey"]["stage"], told["journey"]["path"]) == ("sandbox", "small")
    assert told["journey"]["target_days"] == 5
    checks = {c["name"]: c for c in told["gate"]["checks"]}
    quality = checks["quality"]
    assert (quality["actual_value"], quality["n"], quality["passed"]) == (0.9, 12, True)
    assert quality["age_s"] >= 0
    install = next(u for u in told["units"] if u["name"] == "install")
    assert [t["status"] for t in install["tasks"]] == ["completed", "completed"]
    assert install["tasks"][0]["output_data"]["by"] == "prepare"
    assert {t["name"] for t in told["triggers"]} == {"security_vulnerability", "client_request"}


def test_people_see_icon_and_word_for_every_state(acme: Terminal) -> None:
    acme.settle()
    said = acme("show", "acme").out
    assert "▶ sandbox → · pilot → · production" in said
    assert "= on track" in said
    assert "✓ completed" in said
    assert "? insufficient data" in said
    assert "Gate sandbox/exit: 1 of 3 checks hold" in said
    assert "stage.admitted by engine" in said
    assert "\x1b[" not in said


def test_an_unknown_client_is_not_found(acme: Terminal) -> None:
    assert "did you mean 'acme'" in acme.refused("show", "acmo", code=5)
    assert "acmo" in acme.refused("show", "acmo", "--follow", code=5)


def test_a_journey_is_found_by_key_and_id_too(acme: Terminal) -> None:
    journey = acme("show", "acme", "--json").json["journey"]
    for name in (journey["journey_key"], journey["journey_id"]):
        assert acme("show", name, "--json").json["journey"]["client_id"] == "acme"


def test_following_ends_with_the_journey(acme: Terminal) -> None:
    process = acme.spawn("show", "acme", "--follow", "--json")
    assert process.stdout is not None
    try:
        first = json.loads(process.stdout.readline())
        assert first["journey"]["held"] is None
        acme("hold", "acme", "--reason", "x")
        assert json.loads(process.stdout.readline())["journey"]["held"]["reason"] == "x"
        acme("cancel", "acme", "--reason", "over")
        rest = process.communicate(timeout=30)[0].splitlines()
        assert json.loads(rest[-1])["journey"]["stage"] == "cancelled"
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_following_without_a_terminal_tells_each_event_once(acme: Terminal) -> None:
    process = acme.spawn("show", "acme", "--follow")
    assert process.stdout is not None
    try:
        while "stage.admitted" not in process.stdout.readline():
            pass
        acme("hold", "acme", "--reason", "one")
        line = process.stdout.readline()
        assert "journey.held" in line
        acme("resume", "acme")
        assert "journey.resumed" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=30)[0] == ""
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()


def test_in_a_terminal_it_is_drawn_live_and_the_last_picture_stays(acme: Terminal) -> None:
    pty = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)"
    command = [sys.executable, "-c", pty, sys.executable, "-m", "sojourn", "show", "acme", "-f"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        seen = ""
        while "= on track" not in seen:
            seen += process.stdout.read(1)
        acme("cancel", "acme", "--reason", "over")
        rest = process.communicate(timeout=60)[0]
        assert process.returncode == 0
        after = rest.rpartition("\x1b[?1049l")[2]
        assert "✗ cancelled" in after
        assert "Last events" in after
    finally:
        process.kill()
        process.communicate()
