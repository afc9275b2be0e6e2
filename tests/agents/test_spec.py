from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from sojourn.agents.spec import AgentSpec, OAuth2, SpecAuth


@pytest.mark.parametrize(
    ("given", "seconds"), [(30, 30), ("90s", 90), ("1.5m", 90), ("2 h", 7200), ("250ms", 0.25)]
)
def test_durations(given: Any, seconds: float) -> None:
    assert AgentSpec(protocol="x", timeout=given).timeout == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "fields",
    [
        {"timeout": "soon"}, {"timeout": 0}, {"timeout": -1}, {"timeout": "5 days"}, {"timeout": 1e9},
        {"max_concurrency": 0}, {"rate_per_minute": 0}, {"url": "ftp://x"}, {"colour": "red"},
        {"url": "https://ada:pw@x/"}, {"idempotent": "perhaps"}, {"max_answer_bytes": 1 << 40},
        {"env": ["A B"]}, {"auth": {"bearer_env": "A-B"}},
    ],
)  # fmt: skip
def test_what_an_entry_may_not_say(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        AgentSpec.model_validate({"protocol": "x", **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {}, {"header": "X-Key"}, {"env": "KEY"}, {"bearer_env": "A", "header": "X", "env": "B"},
        {"bearer": "a-secret-in-the-file"}, {"header": "X Key", "env": "B"},
    ],
)  # fmt: skip
def test_credentials_are_of_one_kind_and_never_values(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SpecAuth.model_validate(fields)


def test_the_variables_of_credentials_are_known_by_name() -> None:
    assert SpecAuth(bearer_env="A").variables == ("A",)
    assert SpecAuth(header="X-Key", env="B").variables == ("B",)
    flow = OAuth2(token_url="https://x/t", client_id_env="C", client_secret_env="D")
    assert SpecAuth(oauth2=flow).variables == ("C", "D")


def test_a_breaker_has_defaults_and_bounds() -> None:
    spec = AgentSpec.model_validate({"protocol": "python", "breaker": {"pause": "5s"}})
    assert spec.breaker.failures == 10
    assert (spec.breaker.pause, spec.breaker.longest) == (
        timedelta(seconds=5),
        timedelta(minutes=10),
    )
    for bad in ({"failures": -1}, {"pause": "1h", "longest": "1m"}, {"pauses": "1m"}):
        with pytest.raises(ValidationError):
            AgentSpec.model_validate({"protocol": "python", "breaker": bad})
