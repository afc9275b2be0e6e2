import re

from tests.dashboard.life import ANN, DEMO, Life


def seq(page: str) -> str:
    return str(re.findall(r'name="seq" value="(\d+)"', page)[0])


async def test_a_reason_is_asked_for_and_nothing_is_done_without(life: Life) -> None:
    base = life.key("globex") + "/hold"
    async with life.client() as client:
        form = {"csrf": ANN.csrf, "seq": seq((await client.get(base)).text)}
        found = await client.post(base, data=form)
        assert found.status_code == 422
        assert "Please give a reason" in found.text
        assert not (await life.story.shot(life.journeys["globex"])).state.hold
        done = await client.post(base, data=form | {"reason": "audit"})
        assert done.headers["location"] == life.key("globex") + "?done=hold"
        assert "Held by" in (await client.get(life.key("globex"))).text


async def test_a_shut_gate_says_why_and_keeps_the_attempt(life: Life) -> None:
    base = life.key("globex") + "/promote"
    async with life.client() as client:
        page = (await client.get(base)).text
        assert "Not yet" in page
        assert "disabled" in page
        assert await life.story.events(life.journeys["globex"], "gate.attempted") is not None
        form = {"csrf": ANN.csrf, "seq": seq(page)}
        found = await client.post(base, data=form)
        assert found.status_code == 409
        assert "no value of satisfaction" in found.text
    [*_, attempt] = await life.story.events(life.journeys["globex"], "gate.attempted")
    assert attempt["actor"] == "ann"


async def test_an_approval_is_bound_to_what_was_seen(life: Life) -> None:
    base = life.key("stark")
    async with life.client() as client:
        page = (await client.get(f"{base}/approve?criterion={DEMO}")).text
        [evidence] = re.findall(r'name="evidence" value="(\w+)"', page)
        form = {"csrf": ANN.csrf, "seq": seq(page), "criterion": DEMO, "evidence": "0" * 64}
        stale = await client.post(f"{base}/approve", data=form)
        assert stale.status_code == 409
        assert "the evidence has changed" in stale.text
        given = await client.post(f"{base}/approve", data=form | {"evidence": evidence})
        assert given.status_code == 303
    [told] = await life.story.events(life.journeys["stark"], "approval.given")
    assert told["actor"] == "ann"


async def test_what_happened_since_is_shown_and_the_words_are_kept(life: Life) -> None:
    base = life.key("globex") + "/cancel"
    async with life.client() as client:
        form = {"csrf": ANN.csrf, "seq": "3", "reason": "budget was cut"}
        found = await client.post(base, data=form)
        assert found.status_code == 409
        assert "Someone else was faster" in found.text
        assert "budget was cut</textarea>" in found.text
        assert seq(found.text) != "3"
        for forged in ("", "x", "-1", "9" * 30):
            assert (await client.post(base, data=form | {"seq": forged})).status_code == 409
    assert await life.story.stage(life.journeys["globex"]) == "pilot"


async def test_there_is_no_other_deed(life: Life) -> None:
    async with life.client() as client:
        assert (await client.get(life.key("acme") + "/explode")).status_code == 404
        assert (await client.post(life.key("acme") + "/explode")).status_code == 404
