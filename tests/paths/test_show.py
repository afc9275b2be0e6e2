import json

from sojourn.paths import builtin, load_file
from sojourn.paths.show import describe

SHOWN = describe(load_file(builtin()["standard"]))


def test_a_path_is_described_in_words_that_json_holds() -> None:
    assert json.loads(json.dumps(SHOWN)) == SHOWN
    assert SHOWN["rollback"] == {
        "after": "resume",
        "max_rollbacks": 3,
        "timeout": "2d",
        "checks": [],
    }


def test_a_stage_has_its_gates_work_triggers_and_rollout() -> None:
    sandbox, pilot, production = SHOWN["stages"]
    assert sandbox["schedule"] == "10d to 15d, stuck after 30d, by hand 30d"
    assert sandbox["entry"]["criteria"][0] == {
        "name": "contract_signed",
        "title": "Client contract signed",
        "condition": "contract_signed == true",
        "evidence": "",
        "ball": "client",
    }
    assert sandbox["work"][0]["tasks"][0]["title"] == "Install ${item} connector"
    assert sandbox["rollout"] is None
    assert pilot["triggers"][1]["does"].startswith("rollback when bug_count > 0")
    assert [w["does"] for w in production["rollout"]["waves"]] == [
        "10 % of the users, 3d of healthy time",
        "50 % of the users, 3d of healthy time",
        "100 % of the users",
    ]
    assert [c["name"] for c in production["success"]][-1] == "query_volume_growth"
