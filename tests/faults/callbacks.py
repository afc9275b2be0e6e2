"""What the oracle says of callbacks: each is accepted once, and nothing is done without one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sojourn.store.postgres import Database
from tests.doors import rows

Line = Mapping[str, Any]
DONE: Final = """
SELECT l.task_id, l.output->>'key' FROM task_log l JOIN tasks t USING (journey_id, uow_id, task_id)
WHERE t.agent_id = 'caller' AND l.became = 'completed' AND l.output IS NOT NULL
"""


async def judge(db: Database, told: Sequence[Line]) -> list[str]:
    """Hold the record against what an agent's book says of its callbacks."""
    tried = {line["idempotency_key"] for line in told if line["what"] == "calling"}
    return [
        *(f"{key} was accepted {n} times" for key, n in accepted(told).items() if n > 1),
        *(
            f"a token of nobody's was answered with {line['status']}"
            for line in told
            if line["what"] == "called" and line["forged"] and line["status"] != 404
        ),
        *(
            f"{task} is recorded, and its agent had not called back"
            for task, key in await rows(db, DONE)
            if key not in tried
        ),
    ]


def accepted(told: Sequence[Line]) -> Counter[str]:
    """Return how often each attempt's callback was accepted, as the agent heard."""
    return Counter(
        line["idempotency_key"]
        for line in told
        if line["what"] == "called" and not line["forged"] and line["status"] == 202
    )
