from sojourn.agents.about import EXTENSION as BRIDGES
from sojourn.sandbox.a2a_server.cards import EXTENSION, card


def test_a_card_says_where_and_how_an_agent_is_called() -> None:
    made = card("survey-agent", "Asks people", "http://127.0.0.1:1/survey-agent")
    urls = {i.protocol_binding: i.url for i in made.supported_interfaces}
    assert urls == {
        "JSONRPC": "http://127.0.0.1:1/survey-agent/",
        "HTTP+JSON": "http://127.0.0.1:1/survey-agent/rest",
    }
    assert made.capabilities.push_notifications
    assert [skill.id for skill in made.skills] == ["survey-agent"]


def test_the_bridge_and_the_agents_mean_the_same_extension() -> None:
    assert EXTENSION == BRIDGES
