"""Tasks that need a person: sending failed ones again, answering what agents ask."""

from typing import Annotated

import typer

from sojourn.cli import options, values
from sojourn.cli.changing import carry_out
from sojourn.core.commands import AnswerQuestion, RetryFailed


def retry(
    client: options.Client,
    unit: options.Unit = "",
    task: options.TaskId = "",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Send failed tasks again.

    All of the visit, or those of one unit, or one task. Work goes on from the failed task; what
    is done stays done.

    \b
    Examples:
      sojourn retry medtronic
      sojourn retry medtronic --unit connectors --task install-confluence
    """
    by = options.person(who, role)
    command = RetryFailed(actor=by.actor, roles=by.roles, reason=reason, unit=unit, task=task)
    carry_out(client, command, f"retry {client}", dry_run=dry_run, as_json=as_json)


def answer(
    client: options.Client,
    text: Annotated[
        str, typer.Argument(metavar="ANSWER", help="JSON where it is JSON, text otherwise.")
    ],
    unit: options.Unit = "",
    task: options.TaskId = "",
    reason: options.Reason = "",
    who: options.As = None,
    role: options.Roles = None,
    dry_run: options.DryRun = False,
    as_json: options.Json = False,
) -> None:
    """Answer what an agent asked.

    Its task goes on with the answer. --unit and --task say which question, where several are
    open (sojourn show CLIENT).

    \b
    Examples:
      sojourn answer medtronic "use the EU tenant"
      sojourn answer medtronic --unit connectors --task install-jira '{"tenant": "eu"}'
    """
    by = options.person(who, role)
    command = AnswerQuestion(
        actor=by.actor,
        roles=by.roles,
        reason=reason,
        answer=values.value(text, "the answer"),
        unit=unit,
        task=task,
    )
    carry_out(client, command, f"answer for {client}", dry_run=dry_run, as_json=as_json)
