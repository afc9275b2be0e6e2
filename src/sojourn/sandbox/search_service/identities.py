"""The people and groups that a data source knows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sojourn.sandbox.search_service.bodies import MemberBody, UserBody
from sojourn.sandbox.search_service.uploads import Uploads


@dataclass(slots=True)
class Identities:
    """Users by email, groups, and who is a member of which: people by id, groups by name."""

    users: dict[str, UserBody] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    nested: dict[str, frozenset[str]] = field(default_factory=dict)
    user_uploads: Uploads[UserBody] = field(default_factory=Uploads)
    group_uploads: Uploads[str] = field(default_factory=Uploads)
    member_uploads: dict[str, Uploads[MemberBody]] = field(default_factory=dict)
    _groups_of: dict[str, frozenset[str]] = field(default_factory=dict)

    def put_users(self, users: Iterable[UserBody]) -> None:
        """Add people, or change those who are known."""
        self.users |= {user.email: user for user in users}
        self._groups_of.clear()

    def replace_users(self, users: Iterable[UserBody]) -> None:
        """Know these people and no others."""
        self.users.clear()
        self.put_users(users)

    def replace_members(self, group: str, members: Iterable[MemberBody]) -> None:
        """Let a group have these members and no others."""
        every = [*members]
        self.groups.add(group)
        self.members[group] = frozenset(m.member_user_id for m in every if m.member_user_id)
        self.nested[group] = frozenset(m.member_group_name for m in every if m.member_group_name)
        self._groups_of.clear()

    def names(self, email: str | None) -> Collection[str]:
        """Return what an active person is called here: by email and by id; nothing for others."""
        user = self.users.get(email or "")
        if user is None or not user.is_active:
            return ()
        return (user.email, user.user_id) if user.user_id else (user.email,)

    def groups_of(self, email: str) -> frozenset[str]:
        """Return the groups of a person, those that hold their groups included."""
        if email not in self._groups_of:
            self._groups_of[email] = self._search(email)
        return self._groups_of[email]

    def _search(self, email: str) -> frozenset[str]:
        names = {*self.names(email)}
        found = {group for group, members in self.members.items() if members & names}
        while more := {g for g, inner in self.nested.items() if inner & found} - found:
            found |= more
        return frozenset(found)
