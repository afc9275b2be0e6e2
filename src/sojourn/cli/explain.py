"""Explaining a journey in sentences."""

from datetime import datetime

from sojourn.app import App
from sojourn.cli import checks, documents, options, screen, session
from sojourn.cli.failures import named
from sojourn.core.explain import Explanation
from sojourn.core.explain import explain as reasons


def explain(client: options.Client, as_json: options.Json = False) -> None:
    """Say why a client is where it is, and what it waits for.

    In sentences: who has the ball, what would change each check, and when it can move.

    \b
    Example:
      sojourn explain medtronic
    """

    async def work(app: App) -> tuple[Explanation, datetime]:
        shot = await session.look(app.door, client)
        return reasons(shot, app.door.now()), app.door.now()

    told, now = session.run(work)
    if as_json:
        return screen.print_json(documents.explanation(told, now))
    screen.say(*(named(sentence, told.client_id) for sentence in told.sentences))
    if told.result.checks:
        screen.say("", checks.listed(told.result.checks, now), f"evidence {told.evidence_hash}")
    return None
