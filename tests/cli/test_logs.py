import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from sojourn.cli import logs
from sojourn.settings import Settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def settings(**values: Any) -> Settings:
    return Settings(data_dir=Path("/x"), **values)


def test_json_lines_carry_level_time_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(log_format="json"))
    structlog.get_logger().warning("taken over", tasks=3)
    logging.getLogger("other").error("from %s", "elsewhere")
    one, two = map(json.loads, capsys.readouterr().err.splitlines())
    assert (one["event"], one["level"], one["tasks"]) == ("taken over", "warning", 3)
    assert one["timestamp"].endswith("Z")
    assert (two["event"], two["level"]) == ("from elsewhere", "error")


def test_an_exception_is_in_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings(log_format="json"))
    try:
        raise ZeroDivisionError("boom")
    except ZeroDivisionError:
        structlog.get_logger().exception("a round failed")
    [line] = capsys.readouterr().err.splitlines()
    assert "ZeroDivisionError: boom" in json.loads(line)["exception"]


def test_the_level_is_kept_and_quiet_lets_only_warnings_through(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def heard() -> list[str]:
        for level in ("debug", "info", "warning"):
            getattr(structlog.get_logger(), level)(level)
        return [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]

    logs.configure(settings(log_format="json"))
    assert heard() == ["info", "warning"]
    logs.configure(settings(log_format="json"), quiet=True)
    assert heard() == ["warning"]
    logs.configure(settings(log_format="json", log_level="debug"), quiet=True)
    assert heard() == ["debug", "info", "warning"]
    logs.configure(settings(log_format="json", log_level="error"))
    assert heard() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"password": "geheim"},
        {"api_key": "geheim"},
        {"authorization": "Bearer geheim"},
        {"dsn": "geheim"},
        {"error": "postgresql://ann:geheim@db/x is away"},
        {"error": "token=geheim"},
    ],
)
def test_no_secret_is_logged(fields: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    for style in ("json", "console"):
        logs.configure(settings(log_format=style))
        structlog.get_logger().warning("x", **fields)
        err = capsys.readouterr().err
        assert "x" in err
        assert "geheim" not in err


def test_the_console_is_plain_where_it_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(settings())
    structlog.get_logger().warning("taken over", tasks=3)
    err = capsys.readouterr().err
    assert "\x1b[" not in err
    assert "taken over" in err
    assert "tasks=3" in err


def test_libraries_that_talk_much_are_heard_from_warnings_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(settings(log_format="json"))
    logging.getLogger("httpx").info("request")
    logging.getLogger("psycopg.pool").info("connection")
    logging.getLogger("psycopg").warning("pipeline aborted")
    logging.getLogger("psycopg.pool").warning("cannot connect")
    [line] = capsys.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "cannot connect"
