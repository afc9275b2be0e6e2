import pytest

from sojourn.control.keys import Principal
from sojourn.dashboard.asking import Asked
from tests.dashboard.life import ANN, EVE, TOM, Life


@pytest.mark.parametrize(
    ("who", "operates", "rules"),
    [
        (ANN, True, True),
        (EVE, False, False),
        (TOM, False, True),
        (Principal("o", ("operator",)), True, False),
        (Principal("c", ("compliance_officer",)), False, True),
    ],
)
def test_what_roles_may(who: Principal, operates: bool, rules: bool) -> None:
    asked = Asked(None, None, who, None)  # type: ignore[arg-type]
    assert (asked.operates, asked.rules) == (operates, rules)


async def test_parameters_are_cut_and_cleaned(life: Life) -> None:
    async with life.client() as client:
        long = await client.get("/journeys", params={"search": "x" * 5000 + "\x00"})
        assert long.status_code == 200
        assert "x" * 201 not in long.text
        assert (await client.get(life.key("acme") + "/events?before=abc")).status_code == 200
        assert (await client.get("/journeys?page=99999&sort=none&set=none")).status_code == 200
