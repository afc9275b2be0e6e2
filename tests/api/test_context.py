from dataclasses import replace

from starlette.requests import Request

from sojourn.api.context import context_of, door_of
from tests.api.served import Api


async def test_a_request_finds_what_it_works_with(api: Api) -> None:
    request = Request({"type": "http", "app": api.app, "headers": [], "state": {}})
    context = context_of(request)
    assert context.door is door_of(request) is api.door
    own = replace(api.door)
    request.state.door = own
    assert door_of(request) is own
    assert context.options.cors_origins == ()
