from datetime import timedelta

from sojourn.core.paths import AfterRollback, RollbackPolicy
from sojourn.paths import load

STAGES = "stages: [{name: one, exit: {criteria: [{fact: f}]}}, {name: two, exit: {criteria: [{fact: g}]}}]"


def test_a_bare_path_takes_the_defaults_of_core() -> None:
    path = load(f"name: demo\n{STAGES}")
    assert path.rollback == RollbackPolicy()
    assert (path.names, path.defaults) == (("one", "two"), {})
    assert path.table["one", "promote_to_two"] == "two"


def test_everything_of_a_path_may_be_said() -> None:
    path = load(
        f"""
name: demo
title: A path
description: For tests.
defaults: {{size: medium, list: [1, 2]}}
rollback:
  after: cancel
  max_rollbacks: 1
  timeout: 12h
  checks: {{mode: manual, criteria: [{{metric: errors, is: 0}}]}}
{STAGES}
"""
    )
    assert (path.title, path.description) == ("A path", "For tests.")
    assert path.defaults == {"size": "medium", "list": [1, 2]}
    policy = path.rollback
    assert (policy.after, policy.max_rollbacks) == (AfterRollback.CANCEL, 1)
    assert policy.timeout == timedelta(hours=12)
    assert [c.subject for c in policy.checks.criteria] == ["errors"]
