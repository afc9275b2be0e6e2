"""Paths of random shape: stages, DAGs of units and tasks, retries, undo, approvals, optional work."""

import json
import random
from collections.abc import Sequence
from typing import Any

from sojourn.core.paths import Path
from sojourn.paths import load

STAGES = (
    ["sandbox"],
    ["sandbox", "pilot"],
    ["alpha", "beta"],
    ["sandbox", "pilot", "production"],
)
FACTS = {"items": ["a", "b", "c"]}
"""What every journey begins with, for tasks that are made one of each item."""
APPROVAL = "go"
MARK = "<mark>"
"""In the body of a request: what tells it from all others."""
AGENTS = ("callable", "web")


def shape(chance: random.Random, name: str) -> dict[str, Any]:
    """Return a path as its file would be."""
    stages = [stage(chance, n) for n in chance.choice(STAGES)]
    after = chance.choice(["resume", "resume", "resume", "hold", "cancel"])
    return {"name": name, "rollback": {"after": after, "max_rollbacks": 20}, "stages": stages}


def path(document: dict[str, Any]) -> Path:
    """Return a shape as the product reads it."""
    return load(json.dumps(document))


def newer(chance: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return a later version of a path: other limits, and work that its stages had not."""
    changed: dict[str, Any] = json.loads(json.dumps(document))
    for number, place in enumerate(changed["stages"]):
        place["limit"] = f"{chance.randint(40, 90)}d"
        if chance.random() < 0.5:
            place["work"].append(unit(chance, place["name"], f"new{number}", []))
    return changed


def local(document: dict[str, Any]) -> dict[str, Any]:
    """Return a path whose work is all done by the agent in the workers' own processes."""
    text = json.dumps(document).replace('"agent": "web"', '"agent": "callable"')
    moved: dict[str, Any] = json.loads(text)
    return moved


def calling(chance: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """Return a path in which some of the agents that live elsewhere call back instead."""
    parts = json.dumps(document).split('"agent": "web"')
    swapped = parts[0]
    for part in parts[1:]:
        swapped += '"agent": "' + chance.choice(["web", "caller"]) + '"' + part
    moved: dict[str, Any] = json.loads(swapped)
    return moved


def stage(chance: random.Random, name: str) -> dict[str, Any]:
    """Return a stage with one to three units."""
    units: list[dict[str, Any]] = []
    for number in range(chance.randint(1, 3)):
        needs = [u["name"] for u in units if chance.random() < 0.4 and u.get("required", True)]
        units.append(unit(chance, name, f"u{number}", needs))
    criteria: list[dict[str, Any]] = [{"work": "required"}]
    if chance.random() < 0.4:
        criteria.append({"approval": APPROVAL})
    if chance.random() < 0.3:
        criteria.append({"soak": "20s"})
    return {"name": name, "limit": "30d", "work": units, "exit": {"criteria": criteria}}


def unit(chance: random.Random, place: str, name: str, needs: Sequence[str]) -> dict[str, Any]:
    """Return a unit of one to four tasks; some units are optional, some repeat."""
    made: dict[str, Any] = {"name": name, "tasks": []}
    if needs:
        made["depends_on"] = list(needs)
    kind = chance.random()
    if kind < 0.15 and name != "u0":
        made["required"] = False
    elif kind < 0.3 and name != "u0" and not needs:
        made |= {"required": False, "every": "40s"}
    for number in range(chance.randint(1, 4)):
        known = [t["name"] for t in made["tasks"] if "for_each" not in t]
        made["tasks"].append(task(chance, f"{place}_{name}", f"t{number}", known, made))
    return made


def task(
    chance: random.Random, place: str, name: str, known: Sequence[str], inside: dict[str, Any]
) -> dict[str, Any]:
    """Return a task; what its input says is what the agents do with it."""
    needs = [n for n in known if chance.random() < 0.5]
    given = doing(chance)
    if needs and chance.random() < 0.5:
        given["from"] = "${tasks." + needs[0] + ".output.key}"
    made: dict[str, Any] = {"name": name, "agent": chance.choice(AGENTS), "input": given}
    made |= {"depends_on": needs, "max_retries": 6, "retry": {"base": "1s"}, "timeout": "3s"}
    if not inside.get("required", True) and chance.random() < 0.3:
        given["hopeless"] = True
    if "every" in inside:
        return made
    if chance.random() < 0.2:
        made["for_each"] = "${facts.items}"
    else:
        made["measures"] = {f"did_{place}_{name}": "n"}
    if chance.random() < 0.6:
        made["undo"] = {"agent": chance.choice(AGENTS), "input": {"nap": 0.02}}
    return made


def doing(chance: random.Random) -> dict[str, Any]:
    """Return what agents are to do, as a task's input says it."""
    given: dict[str, Any] = {"nap": chance.choice([0, 0, 0.02, 0.1, 0.5])}
    if chance.random() < 0.3:
        given["fails"] = chance.randint(1, 2)
    for name, often in (("drops", 0.2), ("remote", 0.4)):
        if chance.random() < often:
            given[name] = True
    return given
