"""The client's people in the service: who they are, who judges, and who may search."""

from collections.abc import Collection, Iterable
from typing import Any, Final

from sojourn.sandbox.online.backend import Backend, slug
from sojourn.sandbox.world import DEPARTMENTS, User, World

DIRECTORY: Final = "directory"
"""The data source that knows the people; all others refer to it."""
SEARCHERS: Final = "search-users"
"""The group of those who may search what the connectors have crawled."""
JUDGES: Final = "evaluators"
"""The group of those who judge results, one for each department; they may always search."""


def email(client: str, user_id: str) -> str:
    """Return a person's address."""
    return f"{user_id}@{slug(client)}.example"


def judge(client: str, department: str) -> str:
    """Return the address of the person who judges for a department."""
    return email(client, f"judge-{department}")


async def ensure(backend: Backend, world: World) -> None:
    """Make the people of a world known, if not all of them are."""
    known = await backend.records(DIRECTORY)
    if known.get(DIRECTORY, {}).get("users", 0) >= len(world.users):
        return
    await backend.index("adddatasource", name=DIRECTORY, displayName="People")
    people = [*world.users, *(User(f"judge-{d}", d, 1.0) for d in DEPARTMENTS)]
    users = [_user(backend.client, user) for user in people]
    await backend.replace("bulkindexusers", "users", DIRECTORY, users)
    for department in DEPARTMENTS:
        members = [user.user_id for user in people if user.department == department]
        await _group(backend, department, members)
    await _group(backend, JUDGES, [f"judge-{d}" for d in DEPARTMENTS])
    await admit(backend, await backend.members(DIRECTORY, SEARCHERS))
    await backend.remember(DIRECTORY, DIRECTORY, {"users": len(world.users)})


async def admit(backend: Backend, users: Iterable[str]) -> None:
    """Let these people search, by their ids, and no others."""
    await _group(backend, SEARCHERS, [*users], JUDGES)


async def admitted(backend: Backend, world: World) -> list[User]:
    """Return the people of a world who may search."""
    if DIRECTORY not in await backend.sources():
        return []
    may: Collection[str] = {*await backend.members(DIRECTORY, SEARCHERS)}
    return [user for user in world.users if user.user_id in may]


def permissions(department: str | None) -> dict[str, Any]:
    """Return the permissions of a document that one department may see, or everybody."""
    if department is None:
        return {"allowAllDatasourceUsersAccess": True}
    return {"allowedGroups": [department]}


async def _group(backend: Backend, name: str, members: list[str], *groups: str) -> None:
    every = [{"memberUserId": m} for m in members] + [{"memberGroupName": g} for g in groups]
    await backend.replace("bulkindexmemberships", "memberships", DIRECTORY, every, group=name)


def _user(client: str, user: User) -> dict[str, Any]:
    return {"email": email(client, user.user_id), "name": user.user_id, "userId": user.user_id}
