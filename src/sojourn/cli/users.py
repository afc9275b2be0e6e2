"""People at the dashboard: let in by a link, listed, sent out."""

from typing import Annotated, Final

import typer

from sojourn.app import App
from sojourn.cli import options, screen, session, times
from sojourn.cli.failures import bad
from sojourn.control import sessions as control
from sojourn.settings import Settings
from sojourn.store.sets import Row

group = typer.Typer(help="People at the dashboard: let in, list, send out.")
COLUMNS: Final = ("actor", "what", "roles", "client", "since", "until")
Name = Annotated[str, typer.Argument(metavar="ACTOR", help="The person's name in the journal.")]


@group.command("link")
def link(
    actor: Name,
    role: options.Roles = None,
    lasts: Annotated[
        str, typer.Option("--for", metavar="TIME", help="How long the link is good.")
    ] = "1h",
    as_json: options.Json = False,
) -> None:
    """Print a link that signs a person in, once.

    The address is SOJOURN_PUBLIC_URL, or that of SOJOURN_HOST and SOJOURN_PORT.

    \b
    Example:
      sojourn user link ann --role operator --role approver
    """
    roles, good = role or list(options.DEFAULT_ROLES), times.duration(lasts, "--for")
    pages = base(Settings.load())
    token = session.run(lambda app: control.create_link(app.door, actor, roles, good))
    url = f"{pages}/login/link?token={token}"
    if as_json:
        return screen.print_json({"actor": actor, "roles": roles, "link": url})
    return screen.say(url)


def base(settings: Settings) -> str:
    """Return where the settings say that the pages are; raises Failure where they do not."""
    if not settings.public_url and not settings.port:
        remedy = "set SOJOURN_PUBLIC_URL to the address that sojourn serve has printed"
        raise bad("SOJOURN_PORT is 0, so nobody knows where the pages are", remedy)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return settings.public_url or f"http://{host}:{settings.port}"


@group.command("list")
def list_(as_json: options.Json = False) -> None:
    """List who is signed in, and links that nobody has followed yet.

    \b
    Example:
      sojourn user list
    """
    found = session.run(lambda app: control.signed_in(app.door))
    nothing = "nobody is signed in; let somebody in: sojourn user link ACTOR"
    screen.answer(found, COLUMNS, (_row(row) for row in found), nothing, as_json=as_json)


def _row(row: Row) -> list[object]:
    begun, ends = times.local(row["created_at"]), times.local(row["expires_at"])
    return [row["actor"], row["kind"], ", ".join(row["roles"]), row["client_id"], begun, ends]


@group.command("end")
def end(actor: Name, as_json: options.Json = False) -> None:
    """End all sessions and links of a person; processes heed it within seconds.

    \b
    Example:
      sojourn user end ann
    """

    async def work(app: App) -> int:
        return await control.end_all(app.door, actor)

    ended = session.run(work)
    if as_json:
        return screen.print_json({"actor": actor, "ended": ended})
    return screen.say(f"{ended} sessions and links of {actor} have ended")
