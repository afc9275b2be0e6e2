import re

import pytest

from sojourn.core.paths import Path
from sojourn.core.stages import rows
from sojourn.paths import builtin, load, load_file
from sojourn.paths.diagram import diagram

PATHS = {name: load_file(file) for name, file in builtin().items()}
ARROW = re.compile(r"^    (\S+) --> (\S+) : (\w+)")


@pytest.mark.parametrize("path", list(PATHS.values()), ids=PATHS)
def test_the_diagram_has_exactly_the_arrows_of_the_transition_table(path: Path) -> None:
    drawn = [m.groups() for line in diagram(path).splitlines() if (m := ARROW.match(line))]
    table = [(str(a) if a else "[*]", str(b), str(event)) for a, event, b in rows(path.table)]
    assert drawn == table


def test_promotions_say_how_many_criteria_their_gates_have() -> None:
    drawn = diagram(PATHS["standard"])
    assert drawn.startswith('stateDiagram-v2\n    state "Sandbox (10d to 15d)" as sandbox\n')
    assert "    [*] --> sandbox : start_journey, entry 3\n" in drawn
    assert "    sandbox --> pilot : promote_to_pilot, exit 5, entry 3\n" in drawn
    assert "    production --> completed : mark_complete, exit 6\n" in drawn
    assert "    sandbox --> rollback : initiate_rollback\n" in drawn
    assert drawn.endswith("    cancelled --> [*]\n    completed --> [*]\n")


def test_titles_and_names_cannot_break_the_drawing() -> None:
    gate = "exit: {criteria: [{fact: f}]}"
    drawn = diagram(
        load(f"""
name: demo
stages: [{{name: end, title: 'A "quoted"; {{title}} #1', {gate}}}, {{name: note, {gate}}}]
""")
    )
    assert 'state "A quoted title 1 (15d)" as end_' in drawn
    assert "end_ --> note_ : promote_to_note, exit 1\n" in drawn
