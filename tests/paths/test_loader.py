import random
import re
from pathlib import Path as FilePath
from textwrap import dedent
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sojourn.core.paths import Path
from sojourn.paths import PathError, Problem, builtin, find, load, load_file
from tests.paths.conftest import Problems

SMALL = """\
name: demo
stages:
  - name: sandbox
    exit:
      criteria:
        - fact: done
"""
BAD = """\
# A file with much wrong in it.
name: Standard
titel: Standard onboarding
stages:
  - name: sandbox
    target: 15d..10d
    limit: 7 days
    entry:
      criteria: []
    exit:
      criteria:
        - metric: search_precision
          windw: 3d
        - metrc: search_precision
        - fact: signed
          window: 3d
        - metric: tickets
        - metric: p95_latency_ms
          is: "> +20%"
          coverage: 0.9
    work:
      - name: setup
        depends_on: [scan, dataset]
        tasks:
          - name: install
            agent: installer
            input: { kind: "${item}", id: "${tasks.probe.output.id}" }
            timeout: 60
            max_retries: "3"
          - name: install
            agent: installer
            retry:
      - name: dataset
        depends_on: [setup]
        tasks: []
    triggers:
      - kind: security
        when: { metric: findings }
        target: pilot
  - name: rollback
    exit:
  - name: pilot
    title: 5
    triggers:
      - kind: critical_bug
        when: { metric: bug_count, is: "> 0" }
        target: production
"""
TOLD = """\
2:7: name: 'Standard' is not allowed here: a name begins with a-z and holds only a-z, 0-9, _ and -
3:1: titel: unknown key 'titel'; did you mean 'title'? (allowed: name, title, description, \
defaults, rollback, stages)
6:13: stages.sandbox.target: '15d..10d' ends before it begins; write the shorter duration first
7:12: stages.sandbox.limit: '7 days' is not a duration; did you mean '7d'?
9:17: stages.sandbox.entry.criteria: a gate without criteria never opens; give it at least one, \
or leave the gate out
13:11: stages.sandbox.exit.criteria[0].windw: unknown key 'windw'; did you mean 'window'? \
(allowed: name, title, ball, metric, is, aggregate, window, since, baseline, min_samples, \
max_age, coverage, every, spread, slope, consecutive_passes)
14:11: stages.sandbox.exit.criteria[1]: unknown key 'metrc'; did you mean 'metric'? A criterion \
has one of metric, fact, approval, work, soak or rollout
16:11: stages.sandbox.exit.criteria[2].window: unknown key 'window' (allowed: name, title, ball, \
fact, is, max_age)
17:11: stages.sandbox.exit.criteria[3]: 'is' is missing: the specification has no threshold for \
tickets here (it has for: connector_sync_rate, search_precision, security_vulnerabilities); write \
for example is: ">= 0.85"
19:15: stages.sandbox.exit.criteria[4].is: a change such as +20% needs a baseline (kind: previous \
or first, and window)
20:21: stages.sandbox.exit.criteria[4].coverage: 'coverage' needs 'window': it is a share of the \
window
20:21: stages.sandbox.exit.criteria[4].coverage: 'coverage' needs 'every': how far apart may \
samples be and still observe without a gap?
23:21: stages.sandbox.work.setup.depends_on: goes in a circle: setup -> dataset -> setup
23:22: stages.sandbox.work.setup.depends_on[0]: there is no unit of this stage 'scan'; there is: \
dataset, setup
27:28: stages.sandbox.work.setup.tasks.install.input.kind: ${item} stands for nothing: the task \
has no for_each
27:43: stages.sandbox.work.setup.tasks.install.input.id: ${tasks.probe.output.id}: there is no \
task 'probe'; there is: install
28:22: stages.sandbox.work.setup.tasks.install.timeout: 60 has no unit; write for example 60s, \
60h or 60d
29:26: stages.sandbox.work.setup.tasks.install.max_retries: a whole number is needed, not '3'
30:19: stages.sandbox.work.setup.tasks.install.name: the name 'install' stands twice in this \
unit, first in line 25
32:19: stages.sandbox.work.setup.tasks.install.retry: nothing stands here; write a value or leave \
it out
35:16: stages.sandbox.work.dataset.tasks: a unit of work needs at least one task
37:15: stages.sandbox.triggers[0].kind: 'security' is not allowed here (allowed: \
security_vulnerability, data_quality_low, user_satisfaction_low, critical_bug, \
performance_degradation, major_incident, client_request)
38:15: stages.sandbox.triggers[0].when: 'is' is missing: a trigger states its own condition
39:17: stages.sandbox.triggers[0].target: 'pilot' is not an earlier stage; from sandbox back to: \
sandbox
40:11: stages.rollback.name: 'rollback' is taken: every path has cancelled, completed, rollback
41:10: stages.rollback.exit: nothing stands here; write a value or leave it out
42:5: stages.pilot: 'exit' is missing: a gate without criteria never opens, so no journey could \
ever leave the stage
43:12: stages.pilot.title: a text is needed, not 5: put it in quotes
47:17: stages.pilot.triggers[0].target: there is no stage 'production'; there is: pilot, \
rollback, sandbox
"""


def test_all_problems_of_a_file_are_told_at_once_with_line_and_advice(problems: Problems) -> None:
    assert problems(BAD) == TOLD.splitlines()


def test_a_problem_has_its_parts() -> None:
    with pytest.raises(PathError) as caught:
        load(BAD, "bad.yaml")
    first = caught.value.problems[1]
    assert (first.file, first.line, first.column, first.place) == ("bad.yaml", 3, 1, "titel")
    assert first.message.startswith("unknown key 'titel'; did you mean 'title'?")


def test_a_small_path_takes_the_defaults_of_core() -> None:
    path = load(SMALL)
    (stage,) = path.stages
    assert (path.name, path.title, path.version) == ("demo", "", 0)
    assert not stage.entry.criteria
    assert [c.name for c in stage.exit.criteria] == ["done"]
    assert stage.target.days == 15


@pytest.mark.parametrize(
    "other",
    [
        SMALL + "# a comment\n",
        SMALL.replace("name: demo", 'name: "demo"'),
        "stages: [{exit: {criteria: [{fact: done}]}, name: sandbox}]\nname: demo",
        SMALL + "    limit: 720h\n",
        SMALL.replace("\n", "\r\n"),
    ],
)
def test_formatting_comments_and_defaults_written_out_leave_the_digest(other: str) -> None:
    assert load(other) == load(SMALL)
    assert re.fullmatch("[0-9a-f]{64}", load(SMALL).digest)


@pytest.mark.parametrize(
    "other",
    [
        SMALL.replace("demo", "other"),
        SMALL.replace("done", "ready"),
        SMALL + "    limit: 31d\n",
        SMALL + "title: Demo\n",
    ],
)
def test_any_content_changes_the_digest(other: str) -> None:
    assert load(other).digest != load(SMALL).digest


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: the file is empty; a path begins with name: and stages:"),
        ("- a\n- b", "1:1: a path is a mapping (lines of key: value) that begins with name:"),
        ("standard", "1:1: a path is a mapping"),
        ("a: 1\n\tb: 2", "2:1: a tab stands here"),
        (SMALL.replace("exit", "\0exit"), "4:5: a NUL byte stands here"),
        (SMALL + "name: again\n", "7:1: name: 'name' stands twice, first in line 1"),
        (SMALL.replace("demo", "!!binary demo"), "1:7: name: the tag !!binary is not allowed"),
        ("name: demo\nstages: []", "2:9: stages: a path needs at least one stage"),
        ("name: demo", "1:1: 'stages' is missing: stages in the order in which a journey goes"),
        ("x" * 1_000_001, "1:1: the file is over 1 MB; no path is so long"),
        ("é" * 600_000, "1:1: the file is over 1 MB; no path is so long"),
    ],
)
def test_what_is_no_path_at_all_is_one_problem(text: str, message: str, problems: Problems) -> None:
    (only,) = (p for p in problems(text) if p.startswith(message))
    assert only


def test_a_file_is_loaded_with_or_without_a_mark_of_its_encoding(tmp_path: FilePath) -> None:
    file = tmp_path / "demo.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + SMALL.encode())
    assert load_file(file) == load(SMALL)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name: demo\ntitle: caf\xe9\n", ":2:11: the byte 0xe9 is not UTF-8; save the file as"),
        ("name: demo".encode("utf-16"), ":1:1: the byte 0xff is not UTF-8"),
        (b"a" * 2_000_000, ":1:1: the file is over 1 MB"),
        ("é".encode() * 1_000_000, ":1:1: the file is over 1 MB"),
        (b"", ":1:1: the file is empty"),
    ],
)
def test_a_file_that_is_no_text_is_one_problem(
    content: bytes, message: str, tmp_path: FilePath
) -> None:
    file = tmp_path / "demo.yaml"
    file.write_bytes(content)
    with pytest.raises(PathError) as caught:
        load_file(str(file))
    assert str(caught.value).startswith(f"{file}{message}")


def test_a_file_that_cannot_be_read_says_why(tmp_path: FilePath) -> None:
    with pytest.raises(PathError, match="cannot be read: No such file or directory"):
        load_file(tmp_path / "missing.yaml")
    with pytest.raises(PathError, match="cannot be read: Is a directory"):
        load_file(tmp_path)
    with pytest.raises(PathError, match="cannot be read"):
        load_file("a\0b.yaml")


def test_paths_that_come_with_sojourn_are_found_by_name_and_files_by_their_path(
    tmp_path: FilePath,
) -> None:
    assert list(builtin()) == ["standard", "financial_services", "healthcare"]
    assert find("healthcare") == builtin()["healthcare"]
    file = tmp_path / "own.yaml"
    file.write_text(SMALL)
    assert find(str(file)) == file


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("standrad", "there is no path of this name; did you mean 'standard'?"),
        ("xyz", "no path of this name; there is: financial_services, healthcare, standard"),
        ("nowhere/own.yaml", "there is no such file"),
        ("own.yml", "there is no such file"),
        ("a\0b", "there is no path of this name"),
        ("x" * 5000, "there is no path of this name"),
    ],
)
def test_what_is_not_found_says_what_there_is(name: str, message: str) -> None:
    with pytest.raises(PathError) as caught:
        find(name)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (SMALL + "    limit: " + "x" * 100_000, 1),
        (SMALL + "    " + "k" * 900 + ": 1", 1),
        (SMALL + "    triggers: [" + "{kind: x}," * 3000 + "]", 1000),
        (SMALL + "    work: [{name: u, depends_on: [" + "v," * 15_000 + "], tasks: [{name: t, agent: a}]}]", 500),
    ],
)  # fmt: skip
def test_a_report_stays_readable_whatever_a_file_holds(text: str, count: int) -> None:
    with pytest.raises(PathError) as caught:
        load(text)
    assert 1 <= len(caught.value.problems) <= count
    assert all(len(str(p)) < 1200 for p in caught.value.problems)


STANDARD = builtin()["standard"].read_text()
KEYS = sorted(set(re.findall(r"([a-z_]+):", STANDARD)))
SCALARS = st.sampled_from([None, True, 0, -1, 1.5, "", "x", "3d", "${item}", ">= 1", "standard"])
ANY = st.recursive(
    SCALARS | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


def judged(text: str) -> None:
    """Load a text, which gives a path or an error with a place, and nothing else ever."""
    problems: tuple[Problem, ...] = ()
    try:
        assert isinstance(load(text), Path)
    except PathError as error:
        problems = error.problems or (Problem("", 0, 0, "", ""),)
    assert all(p.line >= 1 and p.column >= 1 and p.message for p in problems)


@settings(max_examples=200, deadline=None)
@given(ANY)
def test_any_yaml_is_a_path_or_a_kind_error(data: Any) -> None:
    judged(yaml.safe_dump(data))


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False), ANY)
def test_any_damage_to_a_good_path_is_a_path_or_a_kind_error(
    draw: random.Random, value: Any
) -> None:
    data = yaml.safe_load(dedent(STANDARD))
    for _ in range(draw.randint(1, 3)):
        damage(data, draw, value)
    judged(yaml.safe_dump(data))


def damage(data: Any, draw: random.Random, value: Any) -> None:
    """Replace something somewhere in a document."""
    while True:
        steps = list(data) if isinstance(data, dict) else list(range(len(data)))
        step = draw.choice(steps)
        inner = data[step]
        if isinstance(inner, dict | list) and inner and draw.random() < 0.85:
            data = inner
            continue
        data[step] = value
        return
