from sojourn.sandbox.search_service.failures import Refused


def test_a_refusal_says_why_and_with_which_status() -> None:
    refused = Refused(404, "there is no such thing")
    assert (refused.status, str(refused)) == (404, "there is no such thing")
