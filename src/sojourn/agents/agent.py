"""What the engine asks of an agent, whatever it is called by: send, poll, cancel."""

from typing import Protocol

from sojourn.core.outcomes import Call, Outcome


class Agent(Protocol):
    """Something that works. No method raises for what an agent did; that is an outcome."""

    async def send(self, call: Call) -> Outcome:
        """Hand over the work of an attempt, or a person's answer where ``call.answer`` is set.

        Where ``call.sent_before`` is true, the work is looked for before it is sent again.
        """
        ...

    async def poll(self, call: Call) -> Outcome:
        """Ask how the work goes that ``call.handle`` finds."""
        ...

    async def cancel(self, call: Call) -> None:
        """Tell the agent to stop; best effort, bounded, and never an error."""
        ...
