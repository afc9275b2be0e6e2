"""The page docs/reference/cli.md, from the commands themselves."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from sojourn.cli.failures import MEANING
from sojourn.cli.main import program
from sojourn.cli.values import RULE

INTRO: Final = """\
Every command speaks JSON with `--json`, and every command that changes something says with
`--dry-run` exactly what it would do and does nothing. Errors are one line on stderr: what is
wrong, then how to mend it; with `--json` they are `{"error": {"code", "message", "remedy"}}` there
and may carry more (`problems` of a file, the `gate` that refused). A stack trace appears with
`SOJOURN_LOG_LEVEL=debug` only. Colours appear in a terminal only, and not where `NO_COLOR` is set.

Who acts is your login name, or `--as NAME`; in which roles, `--role ROLE` says (by default
operator, approver and admin). Times are shown in local time and relative to the journeys' clock;
JSON has them in UTC. Messages about a journey find it by the client's name, or by the key or id of
a journey: of several journeys of a client the one that runs counts, then the newest.
"""
SHARED: Final = ("--as", "--role", "--dry-run", "--json", "--help")
"""Options that mean the same everywhere and are described once."""
SHAPES: Final[Mapping[str, str]] = {
    "demo": "the report that it prints for people",
    "serve": "`{ready, pid, agents, url, link}`, one line, when it is ready",
    "worker": "`{ready, pid, agents}`, one line, when it is ready",
    "sandbox": "`{ready, service, agents: {id: url}, directory, processes}`, one line, when it is ready",
    "start": "a change",
    "list": "`{journeys: [journey], next}`; `next` is the key for `--after`, null at the end",
    "show": "`{journey, gate: {place, evidence_hash, result...}, triggers: [check], facts: {name: "
    "{value, at, by}}, units: [{uow_id, name, purpose, status, required, every_s, runs, "
    "dependencies, tasks}], alerts, rollbacks, events: [event]}`",
    "explain": "`{client_id, journey_key, stage, gate, sentences, ball, waiting_for, schedule, "
    "possible_at, evidence_hash, result, triggers: [check]}`",
    "promote": "a change; refused by the gate, the error has `gate: result`",
    "approve": "a change",
    "waive": "a change",
    "reject": "a change",
    "rollback": "a change; `effects.units` holds the undo tasks in their order",
    "hold": "a change",
    "resume": "a change",
    "cancel": "a change",
    "retry": "a change",
    "answer": "a change",
    "record": "`{dry_run, measurements, known, facts, notes}`; `known` were there already",
    "events": "`{events: [event]}`; with `--follow` one event a line",
    "alerts": "`{alerts: [{client_id, kind, subject, severity, message, remedy, raised_at}]}`",
    "work submit": "a change",
    "work show": "the specification's unit of work; a list of them without UNIT",
    "work list": "`{units: [the specification's unit, with name, purpose, uow_uuid, visit]}`",
    "path list": "`{paths: [{name, version, digest, created_at, running, ended, file, problem}]}`",
    "path lint": "`{files: [{file, ok, problems: [{file, line, column, place, message}], findings: "
    "[{level, place, message}]}]}`",
    "path show": "the path in words: `{name, title, description, version, digest, rollback, "
    "defaults, stages}`",
    "path diagram": "`{name, mermaid}`",
    "path diff": "`{old, new: {name, version, digest}, changes: [{kind, place, old, new}]}`",
    "path add": "`{dry_run, path: {name, version, digest}, new}`",
    "path migrate": "`{dry_run, to: {name, version, digest}, journeys: [{journey_id, client_id, "
    "journey_key, stage, from, changes, new_units, refusal, migrated}]}`",
    "agent list": "`{agents: [{agent_id, title, protocol, where, ..., figures: {completed, failed, "
    "running, queued, retries, p95_s}}]}`",
    "agent show": "one agent of the list",
    "agent check": "`{agents: [{agent_id, ok, message, card, seconds}]}`",
    "alert test": "`{route, targets: [{service, error}]}`",
    "alert routes": "`{routes: [{name, severities, kinds, paths, clients, targets, digest, "
    "escalate_after, escalate_to, pending}]}`",
    "alert log": "`{notices: [{notice_id, route, target, journey_id, alert_id, reason, status, "
    "attempts, due_at, last_error, created_at, ended_at}]}`",
    "gate show": "`{client_id, journey_key, gate, evidence_hash, result...}`",
    "gate history": "`{attempts: [{gate, kind, visit, attempt, passed, verdict, summary, checks, "
    "actor, evaluated_at}]}`",
    "audit verify": "`{verified, journeys, events, faulty: [{journey_id, journey_key, client_id, "
    "faults}]}`",
    "audit export": "one event a line, with `hash` and `prev_hash`; with `--output` "
    "`{file, events}`",
    "key create": "`{token, key}`",
    "key list": "`[{key_id, prefix, actor, label, roles, client_id, agent_id, created_at, created_by, "
    "expires_at, revoked_at, last_used_at}]`",
    "key revoke": "the key, as in the list",
    "user link": "`{actor, roles, link}`",
    "user list": "`[{actor, kind, roles, client_id, by_key, created_at, expires_at}]`",
    "user end": "`{actor, ended}`",
    "db start": "`{dry_run, data_dir, started, running}`",
    "db stop": "`{dry_run, stopped, running}`",
    "db status": "`{kind, running, server, megabytes, pending_migrations, journeys, clock, "
    "workers}`, of its own server also `data_dir` and `kept_by`",
    "db migrate": "`{dry_run, migrations}`",
    "db clock": "`{dry_run, clock: {now, speed}}`",
    "db backup": "`{dry_run, file, bytes, journeys, events}`",
    "db restore": "`{dry_run, replaced, journeys, events, faults}`",
    "db prune": "`{dry_run, pruned}`: rows of each kind",
}
"""What each command prints with ``--json``."""
COMMON: Final = """\
* a **change**: `{dry_run, journey, effects: {transitions: [{from, event, to, reason}], events:
  [event], units: [{uow_id, name, stage, purpose, dependencies, tasks: [{task_id, name, agent_id,
  input_data, depends_on}]}], withdrawn, sent_again: [{unit, task_id}], irreversible: [task],
  alerts_raised, alerts_resolved, gate_attempts}, gate: result or null}`
* a **journey**: `{journey_id, journey_key, client_id, path, path_version, stage, previous_stage,
  target_stage, completed_stages, stages: [{name, is}], visit, started_at, stage_started_at,
  admitted_at, ended_at, held: {since, by, reason} or null, rollout_percent, rollbacks, owner,
  metadata, schedule, ball, waiting_for, possible_at, gate: {place, verdict, passed, total, failing,
  attempts} or null, days, days_in_stage, target_days, limit_days}`
* a **result**: `{passed, verdict, summary, checks: [check]}`
* a **check**: `{name, passed, verdict, actual_value, expected_value, n, observed_at, age_s, source,
  message, remedy, possible_at, ball}`
* an **event**: `{type, at, actor, reason, cause, from, event, to, data}`, of the journal also
  `{event_id, journey_id, client_id, seq}`
"""


def page(mark: str = "") -> str:
    """Return the page; ``mark`` stands below its title."""
    return "\n".join(["# Command line", "", mark, "", *_page()]).rstrip() + "\n"


def _page() -> Iterator[str]:
    yield INTRO
    yield f"{RULE}\n"
    yield "## Shared options\n"
    yield from _shared()
    yield "\n## Exit status\n\n| status | meaning |\n|---|---|"
    yield from (f"| {status.value} | {said} |" for status, said in MEANING.items())
    yield "\n## JSON shapes\n"
    yield COMMON
    yield "## Commands\n"
    for name, command in commands():
        yield from _command(name, command)


def _shared() -> Iterator[str]:
    """Yield the shared options, each in the words that most commands have for it."""
    every = [p for _, command in commands() for p in command.params]
    for wanted in SHARED:
        told = Counter(_parameter(p) for p in every if wanted in p.opts)
        yield from (line for line, _ in told.most_common(1))


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with its full name, those of a group after each other."""
    for name, command in program().commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {n}", c) for n, c in inner.items() if not c.hidden)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"### sojourn {name}\n"
    for part in (command.help or "").split("\n\n"):
        yield _paragraph(part) + "\n"
    own = [p for p in command.params if not set(p.opts) & set(SHARED)]
    yield from (_parameter(p) for p in own)
    shared = [f"`{o}`" for p in command.params for o in p.opts if o in SHARED]
    yield f"\nShared options: {', '.join(shared)}. JSON: {SHAPES[name]}.\n"


def _paragraph(text: str) -> str:
    """Return a paragraph of help; one that is laid out by hand holds examples."""
    if not text.lstrip("\n").startswith("\b"):
        return text
    title, *lines = text.strip("\b\n").splitlines()
    body = "\n".join(line.removeprefix("  ") for line in lines)
    return f"{title}\n\n```sh\n{body}\n```"


def _parameter(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        label = parameter.metavar or parameter.name.upper()
    else:
        names = "/".join((", ".join(parameter.opts), *parameter.secondary_opts))
        value = "" if parameter.is_flag else f" {parameter.metavar or _kind(parameter)}"
        label = f"{names}{value}"
    told = (parameter.help or "").rstrip(".")
    return f"- `{label}`: {told}{_default(parameter)}."


def _kind(parameter: Any) -> str:
    choices = parameter.type_descriptor.choices
    return "|".join(str(c.value) for c in choices) if choices else "X"


def _default(parameter: Any) -> str:
    value = parameter.default
    plain = value is None or value == "" or isinstance(value, bool) or not parameter.show_default
    return "" if plain else f" (default `{getattr(value, 'value', value)}`)"
