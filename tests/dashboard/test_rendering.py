import pytest
from jinja2 import UndefinedError

from sojourn.dashboard.rendering import STATIC, asset, draw, environment


def test_what_people_write_stays_text() -> None:
    page = draw("problem.html", title="x", message="<script>alert(1)</script>", remedy="")
    assert b"<script>" not in page.body
    assert b"&lt;script&gt;" in page.body


def test_a_name_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        draw("problem.html", title="x")


def test_an_asset_is_called_after_its_content() -> None:
    assert asset("style.css") != asset("live.js")
    assert asset("style.css").endswith("/style.css")


def test_no_page_holds_what_the_policy_forbids_or_comes_from_elsewhere() -> None:
    loader = environment().loader
    assert loader
    names = [*loader.list_templates()]
    texts = {name: loader.get_source(environment(), name)[0] for name in names}
    texts |= {file.name: file.read_text() for file in STATIC.iterdir()}
    for name, text in texts.items():
        assert " style=" not in text, name
        assert " onclick=" not in text, name
        assert "<style" not in text, name
        assert "//" not in text.replace("http://www.w3.org/2000/svg", "").replace(
            "\n// ", ""
        ).replace("; // ", "").replace("// ", ""), name
