from sojourn.sandbox.deployments import deploy, notify
from tests.sandbox.worlds import output, refused


async def test_a_deployment_repeated_is_the_same_deployment() -> None:
    first = await output(deploy, target="pilot")
    assert first == await output(deploy, target="pilot")
    assert first["target"] == "pilot"
    assert (await output(deploy, target="production"))["deployment_id"] != first["deployment_id"]


async def test_users_are_passed_on_and_a_removal_said() -> None:
    assert (await output(deploy, target="pilot", users=25))["users"] == 25
    for action in ("remove", "withdraw"):
        assert (await output(deploy, target="pilot", action=action))["removed"]


async def test_messages_are_counted_by_recipient() -> None:
    assert await output(notify, to="ada@example.com", message="hello") == {"sent": 1}
    assert await output(notify, to=["a", "b", "a"], message="hello") == {"sent": 2}


async def test_wrong_input_is_refused() -> None:
    assert "target: this field is required" in await refused(deploy)
    assert "users: must be a number" in await refused(deploy, target="pilot", users="many")
    assert "message: this field is required" in await refused(notify, to="a")
    assert "to: must be a list of names" in await refused(notify, message="hi")
