"""Agents for the command line's tests; each does at once what its task's input asks of it."""

import asyncio

from sojourn.core.outcomes import Call, Completed, Failed, Needs, Outcome


async def build(call: Call) -> Outcome:
    """Do the work, unless the input says ``fail`` (for as many attempts) or ``ask``."""
    asked = call.input_data
    if call.retry_count < asked.get("fail", 0):
        return Failed("the tenant is locked", retryable=bool(asked.get("retryable")))
    if "ask" in asked and call.answer is None:
        return Needs("input", str(asked["ask"]), {"waits": True})
    return Completed({"by": call.task_id, "told": call.answer, "input": dict(asked)})


async def sleep(call: Call) -> Outcome:
    """Take an hour."""
    await asyncio.sleep(3600)
    return Completed({"by": call.task_id})
