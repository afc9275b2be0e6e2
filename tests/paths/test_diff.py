from dataclasses import replace

import pytest

from sojourn.paths import builtin, load, load_file
from sojourn.paths.diff import Change, Kind, describe, diff

BASE = """\
name: demo
title: A path
defaults: {size: medium, auth: oauth2}
stages:
  - name: one
    exit:
      criteria:
        - {metric: errors, is: 0, title: No errors}
        - {fact: done}
    work:
      - name: setup
        tasks:
          - {name: t, title: Set up, agent: a, input: {x: [1, 2], y: {z: 1}}, undo: {agent: b}}
          - {name: u, agent: a, depends_on: [t]}
    triggers: [{kind: critical_bug, when: {metric: bugs, is: "> 0"}}]
    rollout: {waves: [{percent: 10}, {percent: 100}], unit: {name: r, tasks: [{name: t, agent: a}]}}
  - name: two
    exit: {criteria: [{fact: done}]}
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("A path", "The path", ["~ title: A path -> The path"]),
        ("title: A path\n", "", ["~ title: A path -> nothing"]),
        ("size: medium", "size: 3", ["~ defaults.size: medium -> 3"]),
        (", auth: oauth2", "", ["- defaults.auth: oauth2"]),
        ("auth:", "login:", ["- defaults.auth: oauth2", "+ defaults.login: oauth2"]),
        ("is: 0", "is: '<= 5'", ["~ one.exit.errors: errors == 0 -> errors <= 5"]),
        ("No errors", "None", ["~ one.exit.errors.title: No errors -> None"]),
        ("{fact: done}\n    work", "{fact: ready}\n    work",
         ["- one.exit.done: done == true", "+ one.exit.ready: ready == true"]),
        ("name: setup", "name: prepare",
         ["- one.work.setup: at once; t, u", "+ one.work.prepare: at once; t, u"]),
        ("name: setup\n", "name: setup\n        every: 1d\n", ["+ one.work.setup.every: 1d"]),
        ("title: Set up, agent: a", "title: Set up, agent: c",
         ["~ one.work.setup.t.agent: a -> c"]),
        ("Set up", "Begin", ["~ one.work.setup.t.title: Set up -> Begin"]),
        ("z: 1", "z: 2", ["~ one.work.setup.t.input.y.z: 1 -> 2"]),
        ("[1, 2]", "[1]", ["~ one.work.setup.t.input.x: 1, 2 -> 1"]),
        (", undo: {agent: b}", "", ["- one.work.setup.t.undo: agent: b"]),
        ("agent: a, depends_on: [t]", "agent: a", ["~ one.work.setup.u.depends_on: t -> nothing"]),
        ("          - {name: u, agent: a, depends_on: [t]}\n", "",
         ["- one.work.setup.u: a, after t"]),
        ('"> 0"', '"> 1"',
         ["~ one.triggers.critical_bug: rollback when bugs > 0 -> rollback when bugs > 1"]),
        ("{percent: 10}", "{percent: 20, soak: 1d}",
         ["~ one.rollout.wave 1.percent: 10 -> 20",
          "~ one.rollout.wave 1.soak: 0s -> 1d"]),
        ("[{percent: 10}, ", "[", ["~ one.rollout.wave 1.percent: 10 -> 100",
                                   "- one.rollout.wave 2: 100 % of the users"]),
        ("name: two", "name: zwei",
         ["- two: stage of 15d, stuck after 30d; 0 entry and 1 exit criteria, 0 units of work",
          "+ zwei: stage of 15d, stuck after 30d; 0 entry and 1 exit criteria, 0 units of work"]),
        ("    exit: {criteria: [{fact: done}]}\n",
         "    target: 5d..9d\n    exit: {criteria: [{fact: done}]}\n",
         ["~ two.target: 15d -> 9d", "~ two.earliest: 0s -> 5d"]),
        ("stages:", "rollback: {after: hold}\nstages:", ["~ rollback.after: resume -> hold"]),
        ("# no change", "", []),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(old: str, new: str, told: list[str]) -> None:
    changed = BASE.replace(old, new, 1)
    assert [str(c) for c in diff(load(BASE), load(changed))] == told


def test_an_order_that_changed_is_told_and_one_that_only_grew_is_not() -> None:
    one, two = load(BASE), load(BASE)
    turned = replace(two, stages=two.stages[::-1])
    assert [str(c) for c in diff(one, turned)] == ["~ order: one, two -> two, one"]
    between = BASE.replace(
        "  - name: two", "  - {name: mid, exit: {criteria: [{fact: f}]}}\n  - name: two"
    )
    assert [c.place for c in diff(one, load(between))] == ["mid"]


def test_numbers_that_look_alike_are_still_told_apart() -> None:
    a, b = (
        load(BASE.replace("is: 0", "is: 0.1234561")),
        load(BASE.replace("is: 0", "is: 0.1234562")),
    )
    assert [str(c) for c in diff(a, b)] == ["~ one.exit.errors.threshold: 0.1234561 -> 0.1234562"]


def test_paths_differ_if_and_only_if_their_digests_do() -> None:
    paths = [load_file(file) for file in builtin().values()]
    for one in paths:
        for other in paths:
            assert bool(diff(one, other)) == (one.digest != other.digest)
        assert diff(one, replace(one, version=5, digest="")) == []


def test_a_change_has_its_parts() -> None:
    (change,) = diff(load(BASE), load(BASE.replace("is: 0", "is: 1")))
    assert change == Change(Kind.CHANGED, "one.exit.errors", "errors == 0", "errors == 1")


def test_anything_can_be_described() -> None:
    assert describe({}) == describe(()) == "nothing"
    assert describe({"a": [1, True], "b": None}) == "a: 1, true, b: None"
