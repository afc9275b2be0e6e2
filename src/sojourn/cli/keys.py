"""Keys for programs: made, listed, revoked."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from sojourn.cli import options, screen, session, times
from sojourn.control import keys as control
from sojourn.store.sets import Row

group = typer.Typer(help="API keys: make, list, revoke.")
COLUMNS = ("key", "actor", "roles", "bound to", "label", "expires", "last used")


@group.command("create")
def create(
    actor: Annotated[str, typer.Argument(metavar="ACTOR", help="Whose key it is.")],
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="viewer (the default), operator, approver, admin, client or agent, or a role that "
            "a path asks for; may be repeated.",
        ),
    ] = None,
    client: Annotated[
        str | None, typer.Option("--client", metavar="NAME", help="For role client: which one.")
    ] = None,
    agent: Annotated[
        str | None, typer.Option("--agent", metavar="ID", help="For role agent: which one.")
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="TEXT", help="What it is for.", show_default=False)
    ] = "",
    expires: Annotated[
        str, typer.Option("--expires", metavar="TIME", help="How long it is good; 0 for ever.")
    ] = "90d",
    by: options.As = None,
    as_json: options.Json = False,
) -> None:
    """Make a key. Its token is shown this once and kept nowhere.

    \b
    Examples:
      sojourn key create ci --role operator --expires 30d
      sojourn key create acme-portal --role client --client acme
    """
    lasts = times.duration(expires, "--expires") if expires != "0" else None
    who = options.person(by, None)
    roles = role or ["client" if client else "agent" if agent else "viewer"]
    bound = {"client_id": client, "agent_id": agent}
    made = session.run(
        lambda app: control.create(
            app.door, actor, roles, who.actor, label=label, lasts=lasts, **bound
        )
    )
    if as_json:
        return screen.print_json({"token": made.token, "key": made.row})
    screen.say(made.token)
    until = f"until {times.local(made.row['expires_at'])}" if made.row["expires_at"] else "for ever"
    screen.note(f"good {until}; shown this once. Use it as: Authorization: Bearer TOKEN")
    return None


@group.command("list")
def list_(as_json: options.Json = False) -> None:
    """List all keys, the newest first; their secrets are known to nobody.

    \b
    Example:
      sojourn key list
    """
    found = session.run(lambda app: control.list_keys(app.door))
    nothing = "no keys yet; make one: sojourn key create ACTOR --role operator"
    screen.answer(found, COLUMNS, (_row(key) for key in found), nothing, as_json=as_json)


def _row(key: Row) -> Sequence[Any]:
    bound = key["client_id"] or key["agent_id"] or ""
    expires = "revoked" if key["revoked_at"] else _when(key["expires_at"], "never")
    roles, used = ", ".join(key["roles"]), _when(key["last_used_at"], "never")
    return key["prefix"], key["actor"], roles, bound, key["label"], expires, used


def _when(moment: Any, otherwise: str) -> str:
    return times.local(moment) if moment else otherwise


@group.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's public part, or its id.")],
    as_json: options.Json = False,
) -> None:
    """Revoke a key and end the sessions that began with it; processes heed it within seconds.

    \b
    Example:
      sojourn key revoke 7k2mq4xw3a
    """
    row = session.run(lambda app: control.revoke(app.door, key))
    if as_json:
        return screen.print_json(row)
    return screen.say(f"the key {row['prefix']} of {row['actor']} is revoked")
