from itertools import product

from sojourn.sandbox.search_service.tokens import Kind, Known, Tokens

TOKENS = Tokens("secret")


def test_each_token_is_good_for_one_kind_and_one_instance() -> None:
    for kind, instance in product(Kind, ("medtronic", "siemens")):
        token = TOKENS.of(kind, instance)
        assert TOKENS.known(token, instance) == Known(kind)
        assert TOKENS.known(token, "other") is None
        assert Tokens("other").known(token, instance) is None


def test_a_persons_token_names_them() -> None:
    token = TOKENS.of(Kind.USER, "medtronic", "ann@x")
    assert TOKENS.known(token, "medtronic") == Known(Kind.USER, "ann@x")


def test_nonsense_is_no_token() -> None:
    for text in ("", "client", "client..", "client.\u00e4.x", "root.YQ==.x", "client.YQ.x"):
        assert TOKENS.known(text, "medtronic") is None
