from tests.dashboard.life import Life


async def test_the_head_offers_what_can_be_done_now(life: Life) -> None:
    offered = {
        "globex": {"promote", "hold", "rollback", "cancel"},
        "stark": {"promote", "resume", "rollback", "cancel"},
        "wayne": set(),
        "tyrell": set(),
    }
    async with life.client() as client:
        for name, deeds in offered.items():
            page = (await client.get(life.key(name))).text
            every = {"promote", "hold", "resume", "rollback", "cancel"}
            assert {d for d in every if f'{life.key(name)}/{d}"' in page} == deeds, name
