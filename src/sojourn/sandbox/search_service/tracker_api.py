"""The issue tracker's API, after the shape of GitHub's: list, report and close issues."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Response

from sojourn.sandbox.search_service import bodies
from sojourn.sandbox.search_service.access import Administering, Asked, answer
from sojourn.sandbox.search_service.failures import Refused
from sojourn.sandbox.search_service.tracker import Issue

router = APIRouter(prefix="/{instance}/tracker/repos/{owner}/{repo}", tags=["tracker"])


@router.get("/issues")
async def list_issues(
    asked: Administering,
    labels: str = "",
    state: str = "open",
    since: str | None = None,
) -> Response:
    """Return issues, newest first: with all of the labels, in a state, open at or after a time."""
    wanted = {label.strip() for label in labels.split(",") if label.strip()}
    after = _instant(since)
    every = asked.instance.tracker.issues(asked.instance.scenario, asked.at)
    found = [i for i in every if wanted <= {*i.labels} and _in(i, state) and _after(i, after)]
    return answer([shown(issue) for issue in reversed(found)])


@router.post("/issues")
async def report(asked: Administering, body: bodies.IssueBody) -> Response:
    """Report an issue."""
    asked.change("report", body)
    return answer(shown(asked.instance.tracker.reported[-1]), 201)


@router.patch("/issues/{number}")
async def close(asked: Administering, number: int, body: bodies.IssueChange) -> Response:
    """Close an issue."""
    if body.state != "closed":
        raise Refused(422, "state: an issue can only be closed")
    asked.change("close", bodies.IssueChange(number=number))
    return answer(shown(_one(asked, number)))


def shown(issue: Issue) -> dict[str, Any]:
    """Return an issue as answers show it."""
    return {
        "number": issue.number,
        "title": issue.title,
        "state": "open" if issue.closed_at is None else "closed",
        "labels": [{"name": label} for label in issue.labels],
        "created_at": issue.created_at,
        "closed_at": issue.closed_at,
    }


def _one(asked: Asked, number: int) -> Issue:
    return next(i for i in asked.instance.tracker.reported if i.number == number)


def _in(issue: Issue, state: str) -> bool:
    return state == "all" or (state == "open") == (issue.closed_at is None)


def _after(issue: Issue, since: datetime | None) -> bool:
    return since is None or issue.closed_at is None or issue.closed_at > since


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(422, f"since: must be an ISO 8601 instant, not {text!r:.40}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
