from tests.api.served import Api
from tests.journeys.small import SMALL

YAML = {"Content-Type": "application/yaml"}


async def test_a_path_is_looked_at_registered_and_used(api: Api) -> None:
    look = await api.ask("POST", "/paths/lint", "viewer", content=SMALL, headers=YAML)
    assert look.json()["sound"] is True
    assert any("builder" in f["message"] for f in look.json()["findings"])
    refused = await api.ask("POST", "/paths", "operator", content=SMALL, headers=YAML)
    assert refused.status_code == 403
    made = await api.ask("POST", "/paths", content=SMALL, headers=YAML)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    again = await api.ask("POST", "/paths", content=SMALL, headers=YAML)
    assert again.json()["version"] == 1
    changed = SMALL.replace("target: 5d", "target: 6d", 1)
    assert (await api.ask("POST", "/paths", content=changed, headers=YAML)).json()["version"] == 2
    for name, version in (("small", 2), ("small@1", 1)):
        body = {"client_id": f"c{version}", "path": name}
        journey = (await api.post("/journeys", body)).json()["journey"]
        assert journey["path_version"] == version
    listed = {(p["name"], p["version"]): p for p in (await api.get("/paths")).json()}
    assert listed["small", 1]["running"] == 1
    assert ("standard", None) in listed
    shown = (await api.get("/paths/small?version=1")).json()
    assert (shown["name"], len(shown["stages"])) == ("small", 3)
    assert (await api.get("/paths/small?version=9")).status_code == 404
    assert (await api.get("/paths/none")).status_code == 404


async def test_a_path_with_faults_is_told_by_line(api: Api) -> None:
    bad = SMALL.replace("limit: 10d", "limit: soon", 1)
    look = (await api.ask("POST", "/paths/lint", content=bad, headers=YAML)).json()
    assert look["sound"] is False
    assert "stages.sandbox.limit" in look["findings"][0]["place"]
    refused = await api.ask("POST", "/paths", content=bad, headers=YAML)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid")
    binary = await api.ask("POST", "/paths", content=b"\xff\xfe", headers=YAML)
    assert binary.status_code == 400
    other = await api.ask("POST", "/paths", content=b"{}", headers={"Content-Type": "text/csv"})
    assert other.status_code == 415
