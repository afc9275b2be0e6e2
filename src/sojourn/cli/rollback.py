"""Rolling a journey back by hand."""

from typing import Annotated

import typer

from sojourn.cli import options
from sojourn.cli.changing import carry_out
from sojourn.core.commands import RollBack
from sojourn.core.paths import RollbackTrigger


def rollback(
    client: options.Client,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="STAGE", help="Where to return; by default the previous stable stage."
        ),
    ] = None,
    trigger: Annotated[
        RollbackTrigger, typer.Option("--trigger", help="For which of the seven reasons.")
    ] = RollbackTrigger.CLIENT_REQUEST,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Roll a journey back: undo, validate, return to a stage.

    What is undone is the work of the stages left. With --dry-run it shows exactly what then
    runs: each undo in its order, and what cannot be taken back.

    \b
    Examples:
      sojourn rollback medtronic --reason "client asks for it" --dry-run
      sojourn rollback medtronic --to sandbox --trigger security_vulnerability --reason CVE-2026-1
    """
    by = options.person(who, role)
    command = RollBack(actor=by.actor, roles=by.roles, reason=reason, trigger=trigger, target=to)
    carry_out(client, command, f"roll {client} back", dry_run=dry_run, as_json=as_json)
