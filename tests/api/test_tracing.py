from tests.api.served import Api
from tests.tracer import traced

TRACE = "0af7651916cd43dd8448eb211c80319c"
REMOTE = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}


async def test_a_request_is_a_span_named_by_its_route_within_its_caller_s_trace(api: Api) -> None:
    await api.start()
    with traced() as kept:
        assert (await api.get("/journeys/acme", headers=REMOTE)).status_code == 200
        held = await api.post("/journeys/acme/hold", {"reason": "why"}, headers=REMOTE)
        assert held.status_code == 200, held.text
        assert (await api.get("/nothing")).status_code in (401, 404)
    read, command, write, none = kept.get_finished_spans()
    assert read.name == "GET /api/v1/journeys/{ref}"
    assert dict(read.attributes or {})["http.response.status_code"] == 200
    assert f"{read.context.trace_id:032x}" == TRACE
    assert command.name == "command HoldJourney"
    assert command.parent is not None
    assert command.parent.span_id == write.context.span_id
    assert f"{command.context.trace_id:032x}" == TRACE
    assert none.parent is None


async def test_without_anybody_who_traces_requests_are_served_as_ever(api: Api) -> None:
    await api.start()
    assert (await api.get("/journeys/acme", headers=REMOTE)).status_code == 200
