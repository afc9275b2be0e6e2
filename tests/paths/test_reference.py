import re

from sojourn.core.criteria import STAGE_METRICS
from sojourn.core.references import FORMS
from sojourn.paths import load
from sojourn.paths.reference import EXAMPLE, forms, reference
from sojourn.paths.schema import schema as made

PAGE = reference()
ROWS = [line for line in PAGE.splitlines() if line.startswith("| `")]


def test_every_key_of_every_form_is_on_the_page() -> None:
    every = [made(), *(f for f in made()["$defs"].values() if "properties" in f)]
    assert len(list(forms())) == len(every) - 1
    for form in every:
        title = form["title"].removeprefix("Sojourn p").replace("ath", "Path", 1)
        section = PAGE.partition(f"### {title}\n")[2].partition("\n### ")[0]
        assert [f"| `{key}` |" for key in form["properties"] if f"| `{key}` |" not in section] == []


def test_each_row_has_its_five_cells() -> None:
    keys = PAGE.partition("## Keys")[2]
    rows = [line for line in keys.splitlines() if line.startswith("| `")]
    assert {len(re.split(r"(?<!\\)\|", row)) for row in rows} == {7}
    plain = [r for r in rows if "](#" not in r and "criterion |" not in r]
    assert [r for r in plain if r.endswith("|  |")] == []


def test_types_defaults_and_examples_are_for_people() -> None:
    assert "| `timeout` | duration | `1m` | How long one attempt may take. | `30s`," in PAGE
    assert "| `target` | duration or range | `15d` |" in PAGE
    assert "| `mode` | `auto` or `manual` | `auto` |" in PAGE
    assert "| `exit` | [Gate](#gate) | required |" in PAGE
    assert "| `min_samples` | whole number, 1 to 1000000 | `1` |" in PAGE
    assert "| `criteria` | list of criterion | required |" in PAGE


def test_references_and_the_specifications_thresholds_are_on_the_page() -> None:
    assert all(f"| `{name}` |" in PAGE for name in FORMS)
    for stage, metrics in STAGE_METRICS.items():
        assert all(f"| {stage} | `{metric}` |" in PAGE for metric in metrics)


def test_the_example_of_the_page_is_a_path() -> None:
    assert EXAMPLE in PAGE
    assert load(EXAMPLE).names == ("sandbox",)
