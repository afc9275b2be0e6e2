from sojourn.dashboard.asking import Asked
from sojourn.dashboard.home import needs_of
from tests.dashboard.life import ANN, Life


async def test_each_need_has_a_reason_a_measure_and_one_action(life: Life) -> None:
    site, now = life.app.state.site, life.story.now
    needs = await needs_of(Asked(None, site, ANN, now), 50)  # type: ignore[arg-type]
    by = {need.row["client_id"]: need for need in needs}
    assert set(by) == {"acme", "globex", "hooli", "initech", "stark", "umbrella"}
    assert (by["initech"].action, by["initech"].href[-6:]) == ("Retry", "/retry")
    assert "403" in by["initech"].reason
    assert by["umbrella"].action == "Answer"
    assert by["stark"].action == "Resume"
    assert by["stark"].reason == "Held by dana: the client is on holiday"
    assert by["globex"].measure == "6 d of 5 d target"
    assert by["globex"].action == "See why"
    assert by["acme"].since > life.story.now.replace(year=2025)
