import pytest

from sojourn.agents.redact import LONGEST, redact


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://ada:hunter2@db/x refused",
        "Authorization: Bearer hunter2hunter2",
        "basic aHVudGVyMg==hunter2",
        "password=hunter2",
        'bad {"api_key": "hunter2", "a": 1}',
        "https://x.example/?access_token=hunter2&page=1",
        "CLIENT_SECRET: 'hunter2 with spaces'",
        "sk-hunter2hunter2hunter2",
        "eyJhbGciOiJIUzI1NiJ9.eyJodW50ZXIyIjoxfQ.hunter2",
    ],
)
def test_secrets_are_taken_out(text: str) -> None:
    assert "hunter2" not in redact(text)
    assert "…" in redact(text)


@pytest.mark.parametrize(
    "text", ["no such space", "422 Unprocessable Entity: size: must be one of small, medium"]
)
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


def test_messages_are_one_bounded_line() -> None:
    assert redact("a\n  b\tc") == "a b c"
    assert len(redact("word " * 10_000)) <= LONGEST
