"""What each agent says of itself."""

from typing import Final

from a2a.types import AgentCapabilities, AgentCard, AgentExtension, AgentInterface, AgentSkill

EXTENSION: Final = "https://sojourn.dev/a2a/task/v1"
"""Under this key of a message's metadata stands what the caller's engine knows of the task."""
JSON: Final = "application/json"
VERSION: Final = "1.0"


def card(agent_id: str, title: str, url: str) -> AgentCard:
    """Return the card of an agent that is served under a URL."""
    interfaces = (("JSONRPC", f"{url}/"), ("HTTP+JSON", f"{url}/rest"))
    about = "what the caller's engine knows of the task: client, journey, attempt, time"
    return AgentCard(
        name=agent_id,
        description=title,
        version=VERSION,
        supported_interfaces=[
            AgentInterface(url=where, protocol_binding=binding, protocol_version=VERSION)
            for binding, where in interfaces
        ],
        capabilities=AgentCapabilities(
            streaming=True,
            push_notifications=True,
            extensions=[AgentExtension(uri=EXTENSION, description=about)],
        ),
        default_input_modes=[JSON, "text/plain"],
        default_output_modes=[JSON],
        skills=[AgentSkill(id=agent_id, name=title, description=title, tags=["sandbox"])],
    )
