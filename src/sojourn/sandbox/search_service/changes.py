"""Everything that can change an instance: by name, with the body that says how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sojourn.sandbox.scenario import read
from sojourn.sandbox.search_service import bodies
from sojourn.sandbox.search_service.bodies import Body
from sojourn.sandbox.search_service.instance import Instance
from sojourn.sandbox.search_service.uploads import Uploads

Apply = Callable[[Instance, Any, datetime], None]


@dataclass(frozen=True, slots=True)
class Change:
    """A kind of change: how its body is read, and what it does."""

    body: type[Body]
    apply: Apply


def apply(instance: Instance, kind: str, body: Body, at: datetime) -> None:
    """Carry out a change; raises Refused, and has then changed nothing."""
    CHANGES[kind].apply(instance, body, at)


def read_body(kind: str, fields: Mapping[str, Any]) -> Body:
    """Return the body of a change from its JSON."""
    return CHANGES[kind].body.model_validate(fields)


def _documents_page(instance: Instance, body: bodies.DocumentsPage, at: datetime) -> None:
    source = instance.source(body.datasource)
    every = source.uploads.page(body, body.documents, at)
    if every is not None:
        instance.replace(source, every, at)


def _documents(instance: Instance, body: bodies.DocumentsBody, at: datetime) -> None:
    instance.put(instance.source(body.datasource), [*body.documents], at)


def _document(instance: Instance, body: bodies.OneDocument, at: datetime) -> None:
    instance.put(instance.source(body.document.datasource), [body.document], at)


def _delete(instance: Instance, body: bodies.DocumentNamed, _: datetime) -> None:
    source = instance.source(body.datasource)
    instance.drop(source, (body.datasource, body.object_type, body.id or body.doc_id))


def _users(instance: Instance, body: bodies.UsersPage, at: datetime) -> None:
    people = instance.source(body.datasource).identities
    every = people.user_uploads.page(body, body.users, at)
    if every is not None:
        people.replace_users(every)


def _groups(instance: Instance, body: bodies.GroupsPage, at: datetime) -> None:
    people = instance.source(body.datasource).identities
    every = people.group_uploads.page(body, [g.name for g in body.groups], at)
    if every is not None:
        people.groups = set(every)


def _memberships(instance: Instance, body: bodies.MembershipsPage, at: datetime) -> None:
    people = instance.source(body.datasource).identities
    uploads = people.member_uploads.setdefault(body.group, Uploads())
    every = uploads.page(body, body.memberships, at)
    if every is not None:
        people.replace_members(body.group, every)


def _set_up(instance: Instance, body: bodies.CredentialsBody, at: datetime) -> None:
    source = instance.source(body.datasource)
    source.values |= body.values
    if body.rotated_at is not None:
        source.rotated_at = datetime.fromisoformat(body.rotated_at) if body.rotated_at else at


def _record(instance: Instance, body: bodies.RecordBody, _: datetime) -> None:
    kept = instance.records.setdefault(body.kind, {})
    if body.data is None:
        kept.pop(body.name, None)
    else:
        kept[body.name] = body.data


def _scenario(instance: Instance, body: bodies.ScenarioBody, _: datetime) -> None:
    instance.scenario = read({"start": body.start, "spells": [*body.spells]})


def _spells(instance: Instance, body: bodies.ScenarioBody, _: datetime) -> None:
    more = read({"spells": [*body.spells]}).spells
    instance.scenario = replace(instance.scenario, spells=(*instance.scenario.spells, *more))


def _mended(instance: Instance, body: bodies.MendedBody, at: datetime) -> None:
    instance.scenario = instance.scenario.mended(body.agent, at)


def _feedback(instance: Instance, body: bodies.FeedbackBody, _: datetime) -> None:
    said = body.model_dump(mode="json", by_alias=True, exclude_none=True)
    instance.feedback.setdefault(body.id or f"number-{len(instance.feedback)}", said)


def _close(instance: Instance, body: bodies.IssueChange, at: datetime) -> None:
    instance.tracker.close(body.number, at)


def _searched(instance: Instance, body: bodies.Searched, at: datetime) -> None:
    instance.activity.searched(body.email, at, body.request_id)


def _configure(instance: Instance, body: bodies.DatasourceBody, _: datetime) -> None:
    instance.configure(body)


def _report(instance: Instance, body: bodies.IssueBody, at: datetime) -> None:
    instance.tracker.report(body.title, body.labels, at)


CHANGES: Final = {
    "adddatasource": Change(bodies.DatasourceBody, _configure),
    "bulkindexdocuments": Change(bodies.DocumentsPage, _documents_page),
    "indexdocuments": Change(bodies.DocumentsBody, _documents),
    "indexdocument": Change(bodies.OneDocument, _document),
    "deletedocument": Change(bodies.DocumentNamed, _delete),
    "bulkindexusers": Change(bodies.UsersPage, _users),
    "bulkindexgroups": Change(bodies.GroupsPage, _groups),
    "bulkindexmemberships": Change(bodies.MembershipsPage, _memberships),
    "setup": Change(bodies.CredentialsBody, _set_up),
    "record": Change(bodies.RecordBody, _record),
    "scenario": Change(bodies.ScenarioBody, _scenario),
    "spells": Change(bodies.ScenarioBody, _spells),
    "mended": Change(bodies.MendedBody, _mended),
    "feedback": Change(bodies.FeedbackBody, _feedback),
    "report": Change(bodies.IssueBody, _report),
    "close": Change(bodies.IssueChange, _close),
    "searched": Change(bodies.Searched, _searched),
}
