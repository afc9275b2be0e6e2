from sojourn.cli import reference
from sojourn.cli.failures import Status
from sojourn.cli.main import COMMANDS, GROUPS
from tests.cli.terminal import Terminal


def test_every_command_and_option_is_on_the_page() -> None:
    page = reference.page()
    names = [name for name, _ in reference.commands()]
    assert set(COMMANDS) <= set(names)
    assert {name.split()[0] for name in names} == set(COMMANDS) | set(GROUPS)
    for name, command in reference.commands():
        section = page.partition(f"### sojourn {name}\n")[2].partition("\n### ")[0]
        assert section, name
        for parameter in command.params:
            label = (
                parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar
            )
            assert label in section, (name, label)


def test_every_command_says_what_its_json_is_and_has_an_example() -> None:
    for name, command in reference.commands():
        assert name in reference.SHAPES
        assert any("--json" in p.opts for p in command.params), name
        if name != "demo":
            assert f"sojourn {name}" in command.help, name
    assert len(reference.SHAPES) == len(list(reference.commands()))


def test_every_exit_status_is_on_the_page() -> None:
    page = reference.page()
    assert all(f"| {status.value} | " in page for status in Status)


def test_examples_stand_in_code_and_nothing_steers_the_terminal() -> None:
    page = reference.page("<!-- mark -->")
    assert "\b" not in page
    assert page.count("```sh") == page.count("\n```\n") > 20
    assert "<!-- mark -->" in page.splitlines()[2]
    assert "sojourn db keep" not in page


def test_the_shapes_are_those_that_are_printed(acme: Terminal) -> None:
    """The keys that the page names are the keys that commands print."""
    for words in (
        ("list",), ("show", "acme"), ("explain", "acme"), ("events", "acme"), ("alerts",),
        ("work list", "acme"), ("path list",), ("agent list",), ("gate show", "acme"),
        ("gate history", "acme"), ("audit verify",), ("db status",), ("db clock",), ("db migrate",),
        ("hold", "acme"), ("record", "acme", "quality=1"), ("path diagram", "standard"),
        ("path diff", "standard", "healthcare"), ("path show", "standard"),
        ("path add", "standard"), ("path migrate", "small", "--to", "1"), ("agent check",),
        ("path lint", "standard"),
    ):  # fmt: skip
        command, *rest = words
        printed = acme(*command.split(), *rest, "--json").json
        shape = reference.SHAPES[command]
        if shape == "a change":
            shape = reference.COMMON
        for key in printed:
            assert key in shape or key in ("passed", "verdict", "summary", "checks"), (command, key)
