import hmac
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import orjson
import pytest

from sojourn.agents.callbacks import BadToken, Callbacks, pair
from tests.agents.calls import NOW, call

CALLBACKS = Callbacks("https://sojourn.example/", b"0123456789abcdef")


def test_a_token_names_its_attempt() -> None:
    made = replace(call(), retry_count=2)
    attempt = CALLBACKS.attempt(CALLBACKS.token(made, NOW), NOW)
    assert (attempt.journey_id, attempt.uow_id) == (made.journey_id, made.uow_id)
    assert (attempt.task_id, attempt.retry_count, attempt.begun) == ("task-001", 2, None)
    begun = replace(made, begun=NOW)
    assert CALLBACKS.attempt(CALLBACKS.token(begun, NOW), NOW).begun == NOW


def test_a_token_expires() -> None:
    token = CALLBACKS.token(call(), NOW)
    CALLBACKS.attempt(token, NOW + timedelta(days=2, hours=23))
    with pytest.raises(BadToken, match="expired"):
        CALLBACKS.attempt(token, NOW + timedelta(days=3))


def test_a_token_of_another_key_or_a_changed_one_is_refused() -> None:
    token = CALLBACKS.token(call(), NOW)
    other = Callbacks("https://sojourn.example", b"fedcba9876543210").token(call(), NOW)
    payload, signature = token.split(".")
    forged = CALLBACKS.token(call(task_id="task-002"), NOW).split(".")[0]
    for bad in (other, f"{forged}.{signature}", payload, "", "a.b.c", f"{payload}.", "ü.ü", "a.b"):
        with pytest.raises(BadToken):
            CALLBACKS.attempt(bad, NOW)


def test_a_token_of_another_version_is_refused_in_words() -> None:
    payload = orjson.dumps(["journey", "unit", "task", 0, 0])
    signature = hmac.digest(CALLBACKS.key, b"sojourn callback\x00" + payload, sha256)
    token = ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (payload, signature))
    with pytest.raises(BadToken, match="another version"):
        CALLBACKS.attempt(token, NOW)


def test_the_fields_of_a_request() -> None:
    fields = pair(CALLBACKS, call())
    token = fields["callback_token"]
    assert fields["callback_url"] == f"https://sojourn.example/callbacks/{token}"
    assert CALLBACKS.attempt(token, datetime.now(UTC)).task_id == "task-001"
    assert pair(None, call()) == {}


def test_a_key_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Callbacks("https://x", b"short")


def test_an_installation_has_a_name_that_tells_nothing_of_its_secret() -> None:
    one, other = (Callbacks("http://x", bytes([n]) * 32) for n in (1, 2))
    assert one.name("sojourn") == Callbacks("http://y", bytes([1]) * 32).name("sojourn")
    assert one.name("sojourn") != other.name("sojourn")
    assert one.key.hex()[:8] not in one.name("sojourn")
