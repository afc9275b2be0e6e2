from sojourn.dashboard.history import PER_PAGE, sentence, value
from tests.dashboard.life import Life


def test_events_in_a_line() -> None:
    move = {"event": "promote_to_pilot", "from_stage": "sandbox", "to_stage": "pilot", "data": {}}
    assert sentence(move) == "sandbox \N{RIGHTWARDS ARROW} pilot (promote_to_pilot)"
    start = {"event": "start_journey", "from_stage": "none", "to_stage": "sandbox", "data": {}}
    assert sentence(start) == "sandbox (start_journey)"
    assert sentence({"event": None, "data": {"unit": "fill", "n": None}}) == "unit fill"
    assert value("a" * 64) == "a" * 16 + "\N{HORIZONTAL ELLIPSIS}"
    assert value(["a", "b"]) == "a b"


async def test_the_past_is_told(life: Life) -> None:
    async with life.client() as client:
        page = (await client.get(life.key("hooli") + "/history")).text
    assert "satisfaction is 3.1 (n=1), needed &lt; 3.5" in page
    assert "visit 1, over" in page
    assert "attempt 2, visit 1, auto by engine" in page


async def test_the_journal_is_filtered_paged_and_proved(life: Life) -> None:
    base = life.key("hooli") + "/events"
    async with life.client() as client:
        page = (await client.get(base)).text
        assert "Chain intact" in page
        moves = (await client.get(base + "?type=transition")).text
        assert moves.count('class="move"') == 4
        assert moves.count("<tr") == 5
        assert "No event is like that" in (await client.get(base + "?actor=nobody")).text
        assert (await client.get(base + "?before=3")).text.count("<code") == 2
        facts = {f"fact_{n}": n for n in range(PER_PAGE)}
        await life.story.tell("hooli", **{name: str(n) for name, n in facts.items()})
        assert f"{base}?before=" in (await client.get(base)).text
