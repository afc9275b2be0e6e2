"""Documents as they are kept, and who may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sojourn.sandbox.search_service.bodies import DocumentBody, PermissionsBody

Key = tuple[str, str, str]
"""Data source, object type, and the data source's own id."""


@dataclass(frozen=True, slots=True)
class Permissions:
    """Who may see a document: everyone, all whom the data source knows, or those who are named."""

    anonymous: bool
    known: bool
    users: frozenset[str]
    groups: frozenset[str]

    def allow(self, names: Collection[str], groups: Collection[str]) -> bool:
        """Say whether a person of these names, in these groups, may see it; no name: a stranger."""
        if self.anonymous:
            return True
        if not names:
            return False
        return self.known or not (self.users.isdisjoint(names) and self.groups.isdisjoint(groups))


@dataclass(frozen=True, slots=True)
class Stored:
    """A document; it can be found from ``indexed_at`` on."""

    key: Key
    title: str
    text: str
    url: str
    permissions: Permissions
    uploaded_at: datetime
    indexed_at: datetime

    @property
    def document_id(self) -> str:
        """Return the id that the document has across data sources."""
        return "_".join(part for part in self.key if part)


def stored(body: DocumentBody, uploaded_at: datetime, indexed_at: datetime) -> Stored:
    """Return a document as it is kept."""
    contents = [c.text_content for c in (body.summary, body.body) if c and c.text_content]
    return Stored(
        (body.datasource, body.object_type, body.id),
        body.title,
        "\n".join(contents),
        body.view_url or f"https://{body.datasource}.example/{body.id}",
        permissions(body.permissions),
        uploaded_at,
        indexed_at,
    )


def permissions(body: PermissionsBody) -> Permissions:
    """Return permissions as they are kept."""
    named = [name for user in body.allowed_users for name in (user.email, user.datasource_user_id)]
    return Permissions(
        body.allow_anonymous_access,
        body.allow_all_datasource_users_access,
        frozenset(name for name in named if name),
        frozenset(body.allowed_groups),
    )
