import re

from sojourn.dashboard.icons import PATHS, icon


def test_icons_are_one_path_each_that_says_nothing_aloud() -> None:
    for name, drawn in PATHS.items():
        assert re.fullmatch(r"[MmLlHhVvCcSsAaZz0-9 .,-]+", drawn), name
        assert 'aria-hidden="true"' in icon(name)


def test_an_unknown_icon_is_a_dot() -> None:
    assert icon("nothing") == icon("dot")
