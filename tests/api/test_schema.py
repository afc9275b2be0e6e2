"""The whole API against its own description: other people's tool, thousands of odd requests."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.parameters import ParameterLocation

from sojourn.api.schema import methods_at
from tests.api.live import Live, live

EXAMPLES = 10
# What a request means may be wrong though its form is right: a cursor, a role, a path's name.
UNASKED = ("positive_data_acceptance", "ignored_auth")
LEFT_OUT = r"/events/stream|/session|/revoke"
"""A stream does not end, and the others would take the test's own key away."""


@pytest.fixture(scope="module")
def module_database_url(server: str, template: str) -> Iterator[str]:
    """A database for all operations together."""
    from tests.conftest import _database

    with _database(server, template) as url:
        yield url


@pytest.fixture(scope="module")
def served(module_database_url: str) -> Iterator[Live]:
    """The API with two journeys, served."""
    with live(module_database_url) as found:
        found.do(found.api.start("acme", {"contract_signed": True}))
        found.do(found.api.start("beta"))
        yield found


@pytest.fixture(scope="module")
def described(served: Live) -> Any:
    """The description as schemathesis reads it."""
    found = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    return found.exclude(path_regex=LEFT_OUT)


@schemathesis.serializer("application/x-ndjson", "application/yaml")
def as_text(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def test_every_operation_keeps_its_word(described: Any, served: Live) -> None:
    headers = {"Authorization": f"Bearer {served.do(served.api.token('admin'))}"}
    unasked = CHECKS.get_by_names(UNASKED)
    broken = {}
    hook = {"url": "https://example.com/hook"}
    made = served.do(served.api.post("/webhooks", hook)).json()["subscription"]
    names = {
        "ref": "journey-acme-2026",
        "subscription_id": made["subscription_id"],
        "name": "standard",
    }
    operations = [found.ok() for found in described.get_all_operations()]
    for operation in operations:
        try:
            asked(operation, headers, unasked, names)
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001 -- each is told below  # noqa: BLE001 -- each is told at the end
            broken[operation.label] = str(error)
    assert len(operations) > 50
    assert broken == {}


def meet(case: Any, names: dict[str, str]) -> None:
    """Let a request be about something that is there, unless its path is what is odd about it."""
    path = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
    if path is not None and path.mode == GenerationMode.POSITIVE:
        case.path_parameters.update({k: v for k, v in names.items() if k in case.path_parameters})


def asked(
    operation: Any, headers: dict[str, str], unasked: list[Any], names: dict[str, str]
) -> None:
    """Ask an operation odd things; the tool judges the answers."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=st.one_of([operation.as_strategy(mode) for mode in GenerationMode]))
    def ask(case: Any) -> None:
        meet(case, names)
        case.call_and_validate(headers=headers, excluded_checks=unasked, timeout=20)

    ask()


def test_the_description_says_what_is_there(served: Live) -> None:
    found = served.api.app.openapi()
    assert found["openapi"] == "3.1.0"
    assert found["paths"]["/healthz"]["get"]["security"] == []
    promote = found["paths"]["/api/v1/journeys/{ref}/promote"]["post"]
    names = {p["name"] for p in promote["parameters"]}
    assert names == {"ref", "dry_run", "Idempotency-Key", "If-Match"}
    assert "422" not in promote["responses"]
    assert "application/problem+json" in promote["responses"]["default"]["content"]
    operations = [o for path in found["paths"].values() for o in path.values()]
    assert all(o.get("summary") and o.get("description") for o in operations)
    assert methods_at(found, "/api/v1/journeys/acme/units") == ["GET", "POST"]
    assert methods_at(found, "/nothing") == []
