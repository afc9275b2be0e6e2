from sojourn.sandbox.datasets import provision
from tests.sandbox.worlds import output, refused


async def test_the_specifications_example_runs() -> None:
    found = await output(provision, scenario="healthcare_demo", size="medium")
    assert set(found) == {"dataset_id", "scenario", "size", "documents", "queries"}
    assert found["documents"] == 5 * 8 * 18
    assert found["queries"] == 64


async def test_a_dataset_is_known_by_what_is_in_it() -> None:
    given = {"scenario": "healthcare_demo", "size": "small"}
    first = await output(provision, **given)
    assert first == await output(provision, **given)
    other = await output(provision, **given, connectors=["jira"])
    assert other["dataset_id"] != first["dataset_id"]
    assert other["documents"] < first["documents"]


async def test_removing_leaves_nothing() -> None:
    gone = await output(provision, scenario="x", size="small", action="remove")
    assert gone["removed"]
    assert gone["documents"] == gone["queries"] == 0


async def test_wrong_input_is_refused() -> None:
    assert "one of small, medium, large" in await refused(provision, scenario="x", size="huge")
    assert "scenario: this field is required" in await refused(provision, size="small")
    assert "size: must be a non-empty string" in await refused(provision, scenario="x", size=3)
