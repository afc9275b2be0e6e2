"""One road for every command on a journey: decide, write or only preview, and tell it."""

from sojourn.app import App
from sojourn.cli import documents, effects, session
from sojourn.control.change import change, preview
from sojourn.control.door import resolve
from sojourn.core.commands import Command
from sojourn.core.decision import Decision


def carry_out(
    client: str, command: Command, done: str, *, dry_run: bool, as_json: bool
) -> Decision:
    """Carry a command out on a client's journey, or preview it, and print what it does."""

    async def work(app: App) -> tuple[documents.Document, Decision]:
        journey_id = await resolve(app.door, client)
        decision = await (preview if dry_run else change)(app.door, journey_id, command)
        return documents.changed(decision, app.door.now(), dry_run=dry_run), decision

    document, decision = session.run(work)
    effects.answer(document, decision, done, as_json=as_json)
    return decision
