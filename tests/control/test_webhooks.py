import pytest

from sojourn.control.door import RefusedError
from sojourn.control.webhooks import check_url, new_secret, subscribe
from sojourn.store.postgres import Database
from tests.doors import rows, still_door


@pytest.mark.parametrize(
    ("url", "public", "private"),
    [
        ("https://example.com/hook", True, True),
        ("http://example.com/hook", False, True),
        ("https://10.0.0.1/hook", False, True),
        ("https://[::1]/hook", False, True),
        ("https://169.254.169.254/", False, False),
        ("https://[::ffff:169.254.169.254]/", False, False),
        ("https://0.0.0.0/", False, False),
        ("https://a:b@example.com/", False, False),
        ("https://example.com/a b", False, False),
        ("file:///etc/passwd", False, False),
    ],
)
def test_where_a_webhook_may_go(url: str, public: bool, private: bool) -> None:
    for allowed, good in ((False, public), (True, private)):
        if good:
            check_url(url, private=allowed)
        else:
            with pytest.raises(RefusedError):
                check_url(url, private=allowed)


async def test_a_subscription_has_a_secret_of_its_own(db: Database) -> None:
    door = still_door(db)
    made = await subscribe(door, "https://example.com/hook", ["*"], "ann")
    assert await rows(db, "SELECT secrets FROM subscriptions") == [([made.secret],)]
    assert made.secret != new_secret()
