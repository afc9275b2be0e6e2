import orjson

from sojourn.agents.about import about
from tests.agents.calls import call


def test_everything_about_a_call_but_its_input() -> None:
    made = call(retry_count=2)
    told = about(made)
    assert told == orjson.loads(orjson.dumps(told))
    assert told["attempt"] == 3
    assert told["fence"] == 3
    assert told["idempotency_key"] == made.key
    assert told["now"] == "2026-03-04T12:00:00+00:00"
    assert about(call(now=None))["now"] is None
    assert "input_data" not in told
