from sojourn.sandbox.rollout import enable
from sojourn.sandbox.world import CONNECTORS, build
from tests.sandbox.worlds import output, refused


async def test_waves_reach_about_the_share_that_was_asked_for() -> None:
    counts = {p: (await output(enable, percent=p))["enabled"] for p in (0, 10, 50, 100)}
    users = len(build("medtronic", "standard_demo", "medium", CONNECTORS).users)
    assert counts[0] == 0
    assert 10 <= counts[10] <= 50
    assert 0.4 * users < counts[50] < 0.6 * users
    assert counts[100] == users


async def test_a_department_is_a_cohort_and_another_name_a_label() -> None:
    everyone = await output(enable, percent=50)
    sales = await output(enable, percent=50, cohort="sales")
    assert sales["users"] < everyone["users"] / 3
    assert sales["cohort"] == "sales"
    labelled = await output(enable, percent=50, cohort="early birds")
    assert labelled["enabled"] == everyone["enabled"]


async def test_removing_takes_access_from_all() -> None:
    assert (await output(enable, action="remove"))["enabled"] == 0
    assert (await output(enable, action="remove", percent=50))["percent"] == 0


async def test_wrong_input_is_refused() -> None:
    assert "percent: this field is required" in await refused(enable)
    assert "between 0 and 100, not 150" in await refused(enable, percent=150)
    assert "a number, not '10'" in await refused(enable, percent="10")
