from sojourn.control import tick
from tests.api.served import Api


async def test_tasks_of_all_journeys_are_filtered_and_paged(api: Api) -> None:
    for name in ("acme", "beta"):
        await api.start(name, {"contract_signed": True})
    await tick(api.door)
    seen, cursor = [], None
    for _ in range(20):
        query = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/tasks", params=query)).json()
        seen += [(t["client_id"], t["task_id"]) for t in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(
        (c, t) for c in ("acme", "beta") for t in ("prepare", "connect", "load", "tell")
    )
    tellers = (await api.get("/tasks?agent=teller&status=pending&asks=false")).json()["items"]
    assert {t["task_id"] for t in tellers} == {"tell"}
    assert (await api.get("/tasks?asks=true")).json()["items"] == []
