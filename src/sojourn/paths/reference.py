"""The page that explains every key of a path file, made from the schema."""

import json
from collections.abc import Iterator, Mapping
from textwrap import dedent
from typing import Any, Final

from sojourn.core.criteria import STAGE_METRICS
from sojourn.core.references import FORMS
from sojourn.paths import durations
from sojourn.paths.evidence import FITTING, USES
from sojourn.paths.forms import PATTERN_WORDS, RANGE_PATTERN
from sojourn.paths.schema import schema

EXAMPLE: Final = """\
# yaml-language-server: $schema=path.schema.json
name: example
title: An example
stages:
  - name: sandbox
    target: 10d..15d
    entry:
      criteria:
        - fact: contract_signed
    work:
      - name: connectors
        tasks:
          - name: install
            title: Install ${item} connector
            for_each: ${facts.data_sources}
            agent: connector-installation-agent
            input: { connector_type: "${item}" }
            undo:
              agent: connector-installation-agent
              input: { connector_type: "${item}", action: remove }
    exit:
      criteria:
        - work: required
        - metric: search_precision
        - metric: bug_count
          is: "== 0"
          aggregate: max
          window: 7d
          coverage: 0.95
          every: 8h
        - approval: stakeholder_demo
    triggers:
      - kind: security_vulnerability
        when: { metric: security_vulnerabilities, is: "> 0", max_age: 1d }
"""
_INTRO: Final = """\
    # Path files

    A path file describes a journey in YAML: its stages, what must hold to enter and to leave them,
    the work that agents do in them, and what rolls a journey back. `sojourn path lint FILE` says
    everything that is wrong with one at once, with line and column. The first line below lets
    editors complete the keys from `path.schema.json`, which comes with Sojourn's own paths.
"""
_NOTATION: Final = """\
    ## Notation

    **Durations** have units, largest first: `30s`, `15m`, `6h`, `7d`, `2w`, `1d12h`. They count
    the journey's own clock; time on hold is left out.

    **Conditions** stand after `is:`. A comparison is quoted, since YAML gives `>` a meaning of its
    own: `is: ">= 0.85"` (also `>`, `<=`, `<`, `==`, `!=`). Percentages are shares: `"> 20%"` is
    0.2; with a sign, `"> +20%"`, it is a change and needs a `baseline`. A plain value means
    equality (`is: true`, `is: eu`), and `is: exists` asks for any value at all.

    **YAML** is read strictly: `yes` and `no` are texts, keys stand once, tags and merge keys are
    refused, aliases (`*name`) may be used within limits.
"""
_WORDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
}


def reference() -> str:
    """Return the page as Markdown."""
    parts = [dedent(_INTRO), _code(EXAMPLE), dedent(_NOTATION), _references(), _uses(), _metrics()]
    parts += ["## Keys\n", _form("Path", schema())]
    parts += [_form(form["title"], form) for form in forms()]
    return "\n".join(parts)


def forms() -> Iterator[Mapping[str, Any]]:
    """Return the forms of a path file, each once, in the order in which one meets them."""
    seen: set[str] = set()
    left: list[Mapping[str, Any]] = [schema()]
    while left:
        part = left.pop(0)
        for field in part["properties"].values():
            for form in _forms_in(field):
                if form["title"] not in seen:
                    seen.add(form["title"])
                    left.append(form)
                    yield form


def _forms_in(field: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for branch in field.get("oneOf", ()):
        yield from _forms_in(branch)
    if "items" in field:
        yield from _forms_in(field["items"])
    if "$ref" in field:
        part = schema()["$defs"][field["$ref"].rpartition("/")[2]]
        if "properties" in part:
            yield part


def _form(title: str, form: Mapping[str, Any]) -> str:
    head = [f"### {title}\n", f"{form['description']}\n"]
    head += ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
    needed = form.get("required", ())
    rows = [_row(name, field, name in needed) for name, field in form["properties"].items()]
    return "\n".join([*head, *rows]) + "\n"


def _row(name: str, field: Mapping[str, Any], needed: bool) -> str:
    default = "required" if needed else _code_of(field.get("default"))
    meaning = " ".join(str(field.get("description", "")).split())
    cells = (f"`{name}`", _type(field), default, meaning, _example(field))
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _type(field: Mapping[str, Any]) -> str:
    part = _resolved(field)
    if "oneOf" in part:
        return "criterion"
    if "enum" in part or "const" in part:
        return " or ".join(f"`{choice}`" for choice in part.get("enum", [part.get("const")]))
    if "properties" in part:
        return f"[{part['title']}](#{part['title'].lower().replace(' ', '-')})"
    if part.get("pattern") in (durations.PATTERN, RANGE_PATTERN):
        return "duration" if part["pattern"] == durations.PATTERN else "duration or range"
    return _plain_type(part)


def _plain_type(part: Mapping[str, Any]) -> str:
    kind = part.get("type", "any value")
    if isinstance(kind, list):
        return "condition"
    if kind == "array":
        return f"list of {_type(part.get('items', {}))}"
    if kind == "object" and isinstance(part.get("propertyNames"), dict):
        return "mapping of names to texts"
    return _WORDS.get(str(kind), str(kind)) + _bounds(part)


def _bounds(part: Mapping[str, Any]) -> str:
    low = part.get("minimum", part.get("exclusiveMinimum"))
    if low is None:
        words = PATTERN_WORDS.get(part.get("pattern", ""), "")
        return f" ({words.partition(' and holds only ')[2]})" if "holds only" in words else ""
    above = "above " if "exclusiveMinimum" in part else ""
    high = f" to {part['maximum']}" if "maximum" in part else ""
    return f", {above}{low}{high}"


def _example(field: Mapping[str, Any]) -> str:
    part = _resolved(field)
    if "enum" in part or "const" in part:
        return _code_of(part.get("enum", [part.get("const")])[-1])
    if part.get("type") == "boolean":
        return _code_of(not part.get("default", False))
    if "examples" in part.get("items", {}):
        return _code_of(f"[{part['items']['examples'][0]}]")
    return ", ".join(_code_of(e) for e in part.get("examples", ())[:3])


def _code_of(value: Any) -> str:
    if value is None:
        return ""
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _resolved(field: Mapping[str, Any]) -> Mapping[str, Any]:
    name = field.get("$ref")
    return schema()["$defs"][name.rpartition("/")[2]] if name else field


def _code(text: str) -> str:
    return f"```yaml\n{text}```\n"


def _references() -> str:
    rows = "\n".join(f"| `{name}` | `{form}` | {_MEANING[name]} |" for name, form in FORMS.items())
    return (
        "## References\n\nTexts in a task's `input` and in the input of its `undo` may hold "
        "references, `${...}`. A text that is one reference becomes the value with its type; "
        "elsewhere the value is written into the text. `$${` stands for a plain `${`.\n\n"
        f"| namespace | written | stands for |\n|---|---|---|\n{rows}\n"
    )


_MEANING: Final = {
    "client": "the client",
    "journey": "the journey; metadata come from its start and the path's `defaults`",
    "facts": "what was recorded of the client",
    "tasks": "the output of a task of the same unit that this one depends on; of a task with "
    "`for_each`, the outputs of all of them as a list",
    "units": "the output of a task of a unit of the same stage that this unit depends on",
    "item": "the item, in a task with `for_each`",
    "wave": "the wave, in the unit of a rollout; `previous` is the percentage before it",
}


def _uses() -> str:
    rows = [f"| {USES[use]} | {', '.join(f'`{k}`' for k in kinds)} |"
            for use, kinds in FITTING.items()]  # fmt: skip
    head = (
        "## Criteria\n\nA criterion is a mapping with one of six keys, which say what it looks at; "
        "the same notation serves everywhere, as far as it can be judged there:\n"
    )
    return "\n".join([head, "| place | may look at |", "|---|---|", *rows]) + "\n"


def _metrics() -> str:
    rows = [
        f"| {stage} | `{metric}` | `{rule['operator']} {rule['threshold']:g}` |"
        for stage, metrics in STAGE_METRICS.items()
        for metric, rule in metrics.items()
    ]
    head = (
        "In gates, waves and success metrics of the specification's stages, a criterion on one of "
        "its metrics (or under its name) may leave `is` out; the specification's then applies:\n"
    )
    return "\n".join([head, "| stage | metric | condition |", "|---|---|---|", *rows]) + "\n"
