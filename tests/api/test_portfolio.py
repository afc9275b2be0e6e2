from sojourn.control import tick
from tests.api.served import Api


async def test_the_summary_counts_and_says_what_it_counts(api: Api) -> None:
    for name in ("acme", "beta", "gamma"):
        await api.start(name)
    await api.post("/journeys/beta/hold", {"reason": "x"})
    await api.post("/journeys/gamma/cancel", {"reason": "x"})
    found = (await api.get("/portfolio/summary")).json()
    assert (found["journeys"], found["active"], found["held"]) == (3, 2, 1)
    assert found["by_stage"] == {"sandbox": 2, "cancelled": 1}
    figures = {f["name"]: f for f in found["figures"]}
    assert (figures["success_rate"]["value"], figures["success_rate"]["n"]) == (0, 1)
    assert figures["time_to_production"]["value"] is None
    assert figures["intervention_rate"]["value"] == 1 / 3
    assert all(f["definition"] for f in found["figures"])
    [stage] = found["stages"]
    assert (stage["stage"], stage["visits"], stage["cancelled"]) == ("sandbox", 3, 1)
    assert (await api.get("/portfolio/summary?path=none")).json()["journeys"] == 0


async def test_who_needs_somebody_comes_with_reason_and_action(api: Api) -> None:
    for name in ("acme", "beta"):
        await api.start(name)
    await tick(api.door)
    await api.post("/journeys/beta/hold", {"reason": "holidays"})
    first, second = (await api.get("/portfolio/attention")).json()
    assert (first["client_id"], first["reason"]) == ("beta", "held")
    assert first["action"] == "sojourn resume beta"
    assert (second["client_id"], second["reason"]) == ("acme", "waits_for_operator")
    assert second["gate"]["failing"] == ["contract_signed"]
    assert len((await api.get("/portfolio/attention?limit=1")).json()) == 1
