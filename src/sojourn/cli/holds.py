"""Holding, resuming and cancelling journeys."""

from sojourn.cli import options
from sojourn.cli.changing import carry_out
from sojourn.core.commands import Cancel, HoldJourney, Resume


def hold(
    client: options.Client,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Freeze a journey: its clocks stand still, nothing new is sent.

    Calls that agents have begun go on; what comes of them counts. Windows and soak do not count
    held time.

    \b
    Example:
      sojourn hold medtronic --reason "summer closing"
    """
    by = options.person(who, role)
    command = HoldJourney(actor=by.actor, roles=by.roles, reason=reason)
    carry_out(client, command, f"hold {client}", dry_run=dry_run, as_json=as_json)


def resume(
    client: options.Client,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """End a hold: clocks and dispatch go on where they stood.

    \b
    Example:
      sojourn resume medtronic
    """
    by = options.person(who, role)
    command = Resume(actor=by.actor, roles=by.roles, reason=reason)
    carry_out(client, command, f"resume {client}", dry_run=dry_run, as_json=as_json)


def cancel(
    client: options.Client,
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """End a journey without success.

    What still runs is withdrawn. There is no way back.

    \b
    Example:
      sojourn cancel medtronic --reason "contract ended" --dry-run
    """
    by = options.person(who, role)
    command = Cancel(actor=by.actor, roles=by.roles, reason=reason)
    carry_out(client, command, f"cancel {client}", dry_run=dry_run, as_json=as_json)
