import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from tests.cli.terminal import Terminal

PATIENCE = 60.0


@contextmanager
def running(cli: Terminal, *words: str, **environ: str) -> Iterator[tuple[Any, Any]]:
    """Run a command until the test has ended; yields the process and what it said when ready."""
    process = cli.spawn(*words, "--json", SOJOURN_POLL_SECONDS="0.1", **environ)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, process.communicate()
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str]:
    err = process.communicate(timeout=PATIENCE)[1]
    return process.returncode, err


def get(url: str) -> tuple[int, Any]:
    try:
        with urlopen(url, timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        return error.code, json.loads(error.read())


def until(cli: Terminal, unit: str, status: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        units = cli("show", "acme", "--json").json["units"]
        if any(u["name"] == unit and u["status"] == status for u in units):
            return
    raise AssertionError(f"{unit} never became {status}")


def test_a_worker_does_the_work_and_stops_when_told(acme: Terminal) -> None:
    with running(acme, "worker") as (process, told):
        assert told["ready"] is True
        assert told["pid"] == process.pid
        assert told["agents"] >= 3
        [worker] = acme("db", "status", "--json").json["workers"]
        assert worker["pid"] == process.pid
        until(acme, "fill", "completed")
        process.send_signal(signal.SIGTERM)
        code, err = ended(process)
        assert code == 0
        assert "Traceback" not in err
    assert acme("db", "status", "--json").json["workers"] == []
    assert acme.sql("SELECT count(*) FROM tasks WHERE owner IS NOT NULL") == [(0,)]


def test_a_second_signal_ends_it_at_once(acme: Terminal) -> None:
    unit = {"uow_id": "u", "stage": "sandbox", "tasks": [
        {"task_id": "a", "agent_id": "sleeper", "timeout": "1h"}]}  # fmt: skip
    text = (acme.folder / "agents.yaml").read_text()
    sleeper = '  sleeper: { protocol: python, target: "tests.cli.agents:sleep" }\n'
    acme.write("agents.yaml", text + sleeper)
    acme("work", "submit", "-", "--client", "acme", stdin=json.dumps(unit).encode())
    with running(acme, "worker") as (process, _):
        until(acme, "u", "running")
        process.send_signal(signal.SIGINT)
        # Two signals sent at once may arrive as one; the first is given a moment to be seen.
        with suppress(subprocess.TimeoutExpired):
            process.wait(2)
        process.send_signal(signal.SIGINT)
        code, err = ended(process)
        assert code == 130
        assert "Traceback" not in err


def test_serve_answers_truthfully_about_its_health(acme: Terminal) -> None:
    with running(acme, "serve", SOJOURN_PORT="0") as (process, told):
        url = told["url"]
        assert get(f"{url}/healthz")[0] == 200
        status, document = get(f"{url}/readyz")
        assert (status, document["status"]) == (200, "ok")
        assert document["parts"]["database"]["ok"] is True
        assert document["parts"]["lease"]["ok"] is True
        pages = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        for link, reached in (
            (told["link"], f"{url}/"),
            (f"{url}/journeys/acme", f"{url}/journeys/acme"),
        ):
            with pages.open(link) as page:
                assert (page.status, page.url) == (200, reached)
        until(acme, "fill", "completed")

        acme.sql("DELETE FROM workers")
        status, document = get(f"{url}/readyz")
        assert (status, document["parts"]["lease"]["ok"]) == (503, False)
        assert get(f"{url}/healthz")[0] == 200
        process.send_signal(signal.SIGTERM)
        code, err = ended(process)
        assert code == 0
        assert "Traceback" not in err


def test_a_taken_port_is_told_with_the_fix(acme: Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        os.environ["SOJOURN_PORT"] = str(port)
        try:
            said = acme("serve", code=4).err
        finally:
            del os.environ["SOJOURN_PORT"]
    assert f"port {port} of 127.0.0.1 is taken" in said
    assert "(fix: set SOJOURN_PORT to another port" in said


def test_a_dry_run_checks_and_runs_nothing(acme: Terminal) -> None:
    for command in ("worker", "serve"):
        assert "are in order" in acme(command, "--dry-run").out
        assert acme(command, "--dry-run", "--json").json["ready"] is True
    assert acme.sql("SELECT count(*) FROM workers") == [(0,)]
    acme.write("agents.yaml", "agents: []\n")
    acme("worker", "--dry-run", code=2)


def test_settings_that_cannot_be_are_refused_before_anything_begins(
    acme: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for more in ((), ("--dry-run",)):
        monkeypatch.setenv("SOJOURN_OIDC_ISSUER", "https://id.test/")
        assert "needs SOJOURN_OIDC_CLIENT_ID" in acme("serve", *more, code=2).err
        monkeypatch.delenv("SOJOURN_OIDC_ISSUER")
        monkeypatch.setenv("SOJOURN_ALERTS", str(acme.folder / "alerts.yaml"))
        for command in ("worker", "serve"):
            assert "cannot be read" in acme(command, *more, code=2).err
        monkeypatch.setenv("TEAM_URL", "none://here")
        acme.write("alerts.yaml", 'routes: { team: { urls: ["${TEAM_URL}"] } }\n')
        assert "no service takes this URL" in acme("worker", *more, code=2).err
        (acme.folder / "alerts.yaml").unlink()
        monkeypatch.delenv("SOJOURN_ALERTS")
    assert acme.sql("SELECT count(*) FROM workers") == [(0,)]


def test_people_see_that_it_is_ready(acme: Terminal) -> None:
    process = acme.spawn("worker")
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("worker ready (process ")
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 0
    finally:
        process.kill()
        process.communicate()
