from sojourn.control import tick
from tests.api.served import Api


async def test_the_explanation_is_what_promotion_would_say(api: Api) -> None:
    await api.start()
    found = (await api.get("/journeys/acme/explain")).json()
    assert (found["stage"], found["gate"]) == ("sandbox", "sandbox/entry")
    assert found["result"]["passed"] is False
    assert any("contract_signed" in s for s in found["sentences"])
    shut = (await api.post("/journeys/acme/promote")).json()["gate"]
    assert [c["verdict"] for c in shut["checks"]] == [
        c["verdict"] for c in found["result"]["checks"]
    ]
    await api.post("/journeys/acme/facts", {"facts": {"contract_signed": True}})
    assert (await api.get("/journeys/acme/explain")).json()["gate"] == "sandbox/exit"


async def test_stages_say_their_plan(api: Api) -> None:
    await api.start()
    stages = (await api.get("/journeys/acme/stages")).json()
    assert [(s["name"], s["standing"]) for s in stages] == [
        ("sandbox", "current"),
        ("pilot", "ahead"),
        ("production", "ahead"),
    ]
    assert (stages[0]["entry"], stages[0]["target_days"]) == (["contract_signed"], 5)


async def test_triggers_are_watched_once_the_stage_is_entered(api: Api) -> None:
    await api.start(facts={"contract_signed": True})
    await tick(api.door)
    found = (await api.get("/journeys/acme/explain")).json()
    assert found["gate"] == "sandbox/exit"
    assert len(found["triggers"]) == 2
    assert not any(t["passed"] for t in found["triggers"])
