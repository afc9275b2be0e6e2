import logging

import pytest
from pytest_httpserver import HTTPServer

from sojourn.control.routes import BadRoutes, Route
from sojourn.engine.targets import Target, targets_of


async def test_a_service_that_takes_it_has_nothing_to_complain(httpserver: HTTPServer) -> None:
    httpserver.expect_oneshot_request("/in", method="POST").respond_with_data("", 200)
    target = Target("team", 0, f"json://127.0.0.1:{httpserver.port}/in")
    assert await target.send("title", "body", "page") is None
    [(request, _)] = httpserver.log
    assert request.get_json()["type"] == "failure"
    assert (request.get_json()["title"], request.get_json()["message"]) == ("title", "body")


@pytest.mark.parametrize("code", [400, 500])
async def test_a_service_that_does_not_is_named_without_secrets(
    httpserver: HTTPServer, code: int
) -> None:
    httpserver.expect_oneshot_request("/in").respond_with_data("", code)
    target = Target("team", 0, f"json://me:s3cret@127.0.0.1:{httpserver.port}/in")
    why = await target.send("title", "body", "digest")
    assert why == "JSON did not take it (failure)"


def test_each_url_of_a_route_is_a_target(caplog: pytest.LogCaptureFixture) -> None:
    found = targets_of(
        [
            Route(
                "team",
                ("json://127.0.0.1/a", "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"),
            )
        ]
    )
    assert [t.service for t in found["team"]] == ["JSON", "Slack"]
    with caplog.at_level(logging.DEBUG), pytest.raises(BadRoutes):
        targets_of([Route("bad", ("what is this s3cret",))])
    assert "s3cret" not in caplog.text
