import inspect
from typing import get_type_hints

from sojourn.agents.agent import Agent
from sojourn.agents.directory import Directory
from sojourn.agents.guard import Guard
from sojourn.agents.protocols import PROTOCOLS, Around
from sojourn.agents.spec import AgentSpec
from tests.agents.test_protocols import ENTRIES


def methods(kind: type) -> set[str]:
    return {name for name in vars(kind) if not name.startswith("_")}


async def test_every_protocols_agent_does_all_that_an_agent_does_and_nothing_more() -> None:
    assert methods(Agent) == {"send", "poll", "cancel"}
    for name, fields in ENTRIES.items():
        spec = AgentSpec.model_validate({"protocol": name, **fields})
        made = PROTOCOLS[name].build(spec, Around(Guard()))
        for kind in (type(made), Directory):
            for method in methods(Agent):
                own = getattr(kind, method)
                assert inspect.iscoroutinefunction(own)
                assert get_type_hints(own) == get_type_hints(getattr(Agent, method))
