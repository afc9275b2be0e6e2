"""Paths: versions that are there, what one says, and a look at one before it is used."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from sojourn.api.auth import allow, principal_of, reader
from sojourn.api.context import context_of, door_of
from sojourn.api.documents import Line
from sojourn.api.problems import ProblemError
from sojourn.api.routes import router
from sojourn.api.shelf import files, path_named
from sojourn.control.keys import Principal
from sojourn.core.paths import Path
from sojourn.paths import PathError, load
from sojourn.paths.lint import lint
from sojourn.paths.show import describe
from sojourn.store.paths import list_paths

paths = router("paths")
YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/plain", "")
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/yaml": {
                "schema": {"description": "A path file: UTF-8 text."},
                "examples": {"path": {"value": "name: small\nstages:\n  - name: sandbox\n"}},
            }
        },
    }
}


class PathVersion(BaseModel):
    """One version of a path; what it says never changes."""

    name: str
    version: int | None = Field(
        default=None, description="Null for a file that no journey has used yet."
    )
    digest: str | None = None
    created_at: datetime | None = None
    running: int = Field(default=0, description="Journeys on this version that run.")
    ended: int = 0


@paths.get("/paths", summary="Paths and their versions")
async def list_versions(
    request: Request,
    principal: Annotated[Principal, Depends(reader)],  # noqa: ARG001
) -> list[PathVersion]:
    """Return every version in use, and the files that none uses yet."""
    async with door_of(request).db.connection() as connection:
        rows = await list_paths(connection)
    known = {row["name"] for row in rows}
    unused = [n for n in files(context_of(request).options.paths) if n not in known]
    return [PathVersion(**row) for row in rows] + [PathVersion(name=n) for n in unused]


@paths.get("/paths/{name}", summary="What a path says")
async def get_path(
    request: Request,
    name: Line,
    principal: Annotated[Principal, Depends(reader)],  # noqa: ARG001
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> dict[str, Any]:
    """Return a path in words: stages, gates, work, triggers, rollout."""
    wanted = f"{name}@{version}" if version else name
    try:
        path = await path_named(door_of(request), context_of(request).options.paths, wanted)
    except ProblemError as error:
        raise ProblemError(404, error.detail) from None
    return describe(path)


class Finding(BaseModel):
    """Something that a reader of the path should know."""

    level: str = Field(description="`error`, `warning` or `info`.")
    place: str
    message: str


class Linted(BaseModel):
    """What a path file is like."""

    sound: bool = Field(description="Whether it can be used.")
    name: str | None
    digest: str | None
    findings: list[Finding]


async def _text(request: Request) -> str:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in YAML:
        raise ProblemError(415, f"{kind!r:.60} is not application/yaml")
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ProblemError(400, "the body is not UTF-8") from None


@paths.post("/paths/lint", openapi_extra=_BODY, summary="Look at a path file")
async def lint_path(
    request: Request,
    principal: Annotated[Principal, Depends(principal_of)],  # noqa: ARG001
) -> Linted:
    """Return everything wrong or questionable in a path file; nothing is kept."""
    text = await _text(request)
    try:
        path = load(text)
    except PathError as error:
        wrong = [
            Finding(
                level="error", place=f"{p.line}:{p.column} {p.place}".strip(), message=p.message
            )
            for p in error.problems
        ]
        return Linted(sound=False, name=None, digest=None, findings=wrong)
    return _linted(path, request)


def _linted(path: Path, request: Request) -> Linted:
    found = lint(path, set(context_of(request).agents))
    findings = [Finding(level=f.level.value, place=f.place, message=f.message) for f in found]
    return Linted(sound=True, name=path.name, digest=path.digest, findings=findings)


class Registered(BaseModel):
    """A path version that journeys can be started on."""

    name: str
    version: int
    digest: str
    findings: list[Finding]


@paths.post("/paths", status_code=201, openapi_extra=_BODY, summary="Register a path")
async def register(
    request: Request,
    response: Response,
    principal: Annotated[Principal, Depends(allow("registering a path", "admin"))],  # noqa: ARG001
) -> Registered:
    """Keep a path file as the next version of its name; the same content is the same version."""
    path = load(await _text(request))
    door = door_of(request)
    async with door.db.transaction() as connection:
        kept = await door.shelf.fork().register(connection, path)
    response.headers["Location"] = f"/api/v1/paths/{kept.name}?version={kept.version}"
    findings = _linted(path, request).findings
    return Registered(name=kept.name, version=kept.version, digest=kept.digest, findings=findings)
