import getpass

import pytest

from sojourn.cli import options
from sojourn.cli.failures import Failure


def test_who_acts_is_the_login_name_in_the_usual_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    assert options.person(None, None) == options.Person("ann", options.DEFAULT_ROLES)
    assert options.person("bob", ["client"]) == options.Person("bob", ("client",))


def test_a_user_without_a_name_is_known_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("no such uid")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert options.login().startswith("uid-")


@pytest.mark.parametrize("name", ["", " a", "a ", "a\nb", "x" * 101])
def test_a_name_is_one_printable_word_or_more(name: str) -> None:
    with pytest.raises(Failure, match="--as"):
        options.person(name, None)
    with pytest.raises(Failure, match="--role"):
        options.person("ann", [name])
