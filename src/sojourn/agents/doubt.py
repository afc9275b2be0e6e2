"""Work whose reply was lost, sent to an agent that must not be asked twice: a person decides."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sojourn.agents.outcome import returned
from sojourn.core.outcomes import Call, Completed, Needs, Outcome, Working

MARK: Final = "in_doubt"
YES: Final = frozenset({"yes", "y", "done", "true", "it was done"})
FINDS: Final = frozenset({"status_url", "remote_id"})
"""What in a handle finds work: where it is known, the doubt was about an answer to a question."""
NO: Final = frozenset({"no", "n", "false", "send", "again", "not done", "send again"})


def ask(call: Call) -> Needs:
    """Return the question whether an attempt was done, whose reply nobody has seen."""
    what = call.name or call.task_id
    prompt = (
        f"{what!r} was sent to {call.agent_id}, its reply was lost, and the agent is not declared "
        "idempotent. Was it done? Answer yes, or its output as an object; or no to send it again."
    )
    kept = {} if call.answer is None or asked(call) else {"answer": call.answer}
    return Needs("input", prompt, {**(call.handle or {}), **kept, MARK: True}, unheard=True)


def asked(call: Call) -> bool:
    """Say whether a call carries that question."""
    return MARK in (call.handle or {})


def decided(call: Call) -> Outcome | Call:
    """Return what the person decided: the outcome, or the call to send again."""
    answer = call.answer
    word = str(answer).strip().lower()
    if isinstance(answer, Mapping):
        return returned(answer, call)
    rest = {k: v for k, v in (call.handle or {}).items() if k != MARK}
    if word in YES:
        return Working(rest, timedelta(seconds=1)) if FINDS & set(rest) else Completed()
    if word in NO:
        return replace(call, handle=rest or None, answer=rest.get("answer"), sent_before=False)
    return ask(call)
