"""What goes wrong in a scenario: it begins on its day, in a world that is really there."""

from datetime import UTC, datetime, timedelta

from sojourn.cli.cast import Seen
from sojourn.cli.mischief import Mischief, Mishap, spell
from sojourn.sandbox.scenario import Spell, Trouble
from sojourn.sandbox.world_process import Options, world

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEAK = Mishap(
    Trouble.LEAK, "compliance", 1.5, mended_by="connector-installation-agent", connector="jira"
)
SLOW = Mishap(Trouble.LATENCY, "sandbox", 1.0, 1.5, lasts=2.0)


def at(hours: float) -> Seen:
    now = MONDAY + timedelta(hours=hours)
    return Seen(now, {}, {"sandbox": MONDAY, "compliance": MONDAY + timedelta(days=1)})


async def test_a_mishap_begins_in_its_stage_once_beside_the_others() -> None:
    async with world(Options(wait=0.0)) as running:
        backend = running.backend("medtronic")
        mischief = Mischief(backend, MONDAY, (LEAK, SLOW))
        await mischief.open()
        assert (await backend.scenario()).known_start
        await mischief.look(at(23))
        assert (await backend.scenario()).spells == ()
        await mischief.look(at(24))
        await mischief.look(at(59))
        assert [s.kind for s in (await backend.scenario()).spells] == [Trouble.LATENCY]
        await mischief.look(at(60))
        await mischief.look(at(61))
        slow, leak = (await backend.scenario()).spells
        assert (slow.from_day, slow.until_day, slow.amount) == (1.0, 3.0, 1.5)
        assert (leak.from_day, leak.until_day, leak.connector) == (2.5, None, "jira")
        assert leak.mended_by == "connector-installation-agent"
        assert (await running.backend("other").scenario()).spells == ()


def test_a_mishap_is_a_spell_from_its_day_on() -> None:
    down = Mishap(Trouble.FLAKY, "sandbox", 0.0, 0.5, lasts=1.0, agent="survey-agent")
    assert spell(down, 3.0) == Spell(Trouble.FLAKY, 3.0, 4.0, 0.5, agent="survey-agent")
