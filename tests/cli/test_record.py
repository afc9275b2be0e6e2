import json

import pytest

from tests.cli.terminal import Terminal


def values(cli: Terminal, metric: str = "quality") -> list[tuple[float | None, int, str]]:
    rows = cli.sql(
        f"SELECT value, n, source FROM measurements WHERE metric = '{metric}' ORDER BY at"
    )
    return [(row[0], row[1], row[2]) for row in rows]


def test_metrics_and_facts_are_told_apart_by_the_path(acme: Terminal) -> None:
    told = acme.dry("record", "acme", "quality=0.9", "cohort=20")
    assert (told["measurements"], told["facts"]) == (1, 1)
    words = ("record", "acme", "quality=0.9", "cohort=20", "--n", "12", "--source", "glean")
    assert acme(*words, "--as", "ann").out == "recorded 1 measurements and 1 facts\n"
    assert values(acme) == [(0.9, 12, "glean")]
    fact = acme("show", "acme", "--json").json["facts"]["cohort"]
    assert (fact["value"], fact["by"]) == (20, "ann")


def test_the_same_measurement_twice_is_one(acme: Terminal) -> None:
    words = ("record", "acme", "quality=0.9", "--at", "2026-01-01T00:00:00Z", "--json")
    assert acme(*words).json == {
        "dry_run": False, "measurements": 1, "known": 0, "facts": 0, "notes": [],
    }  # fmt: skip
    assert acme(*words).json["known"] == 1
    assert len(values(acme)) == 1


def test_a_name_that_nothing_looks_at_is_kept_and_mentioned(acme: Terminal) -> None:
    ran = acme("record", "acme", "qualty=0.9", "mood=good")
    assert "did you mean 'quality'?" in ran.err
    assert ran.out == "recorded 1 measurements and 1 facts\n"


@pytest.mark.parametrize(
    ("words", "message", "code"),
    [
        (["acme"], "give NAME=VALUE after CLIENT, or --file FILE", 2),
        ([], "give NAME=VALUE after CLIENT, or --file FILE", 2),
        (["acme", "quality"], "is not NAME=VALUE", 2),
        (["acme", "quality=good"], "quality is a metric and needs a finite number", 2),
        (["acme", "quality=true"], "quality is a metric and needs a finite number", 2),
        (["acme", "quality=NaN"], "quality is a metric and needs a finite number", 2),
        (["acme", "quality=1e999"], "is not a number", 2),
        (["acme", "qu ality=1"], "is no name", 2),
        (["acme", "quality=1", "--at", "2026-01-01"], "has no time zone", 2),
        (["acme", "quality=1", "--at", "2999-01-01T00:00:00Z"], "is in the future", 2),
        (["acme", "quality=1", "--n", "0"], "--n", 2),
        (["acme", "quality=1", "cohort=null"], "cohort has no value", 2),
        (["nobody", "quality=1"], "no journey of client 'nobody'", 5),
        (["acme", "quality=1", "--file", "x"], "not both", 2),
        (["--file", "no.csv"], "no.csv cannot be read", 2),
        (["--file", "x", "--format", "xml"], "xml", 2),
    ],
)
def test_bad_words_write_nothing(acme: Terminal, words: list[str], message: str, code: int) -> None:
    assert message in acme.refused("record", *words, code=code)


def test_a_file_of_many_journeys_is_written_at_once(acme: Terminal) -> None:
    acme.start("beta")
    lines = [
        {"client": client, "name": "quality", "value": i / 100, "at": f"2026-01-01T00:00:{i:02}Z"}
        for i in range(50)
        for client in ("acme", "beta")
    ]
    lines += [{"client": "beta", "metric": "cohort", "value": 20}]
    lines += [
        {"client": "beta", "name": "quality", "error": "timeout", "at": "2026-01-02T00:00:00Z"}
    ]
    file = acme.write("data.jsonl", "\n".join(map(json.dumps, lines)))
    told = acme.dry("record", "--file", file)
    assert (told["measurements"], told["facts"]) == (101, 1)
    assert acme("record", "--file", file, "--json").json["measurements"] == 101
    assert acme.sql("SELECT count(*) FROM measurements")[0][0] == 101


def test_a_csv_from_a_spreadsheet_is_read(acme: Terminal) -> None:
    text = (
        b"\xef\xbb\xbfMetric,Value,At,N,Source\r\n"
        b'quality,0.9,2026-01-01T00:00:00Z,12,"glean, eu"\r\n'
        b'"quality"," 0.8 ",2026-01-02T00:00:00Z,,"line\r\nbreak"\r\n'
        b"\r\n"
        b"contract_signed,true,,,\r\n"
    )
    told = acme("record", "acme", "--file", "-", "--format", "csv", "--json", stdin=text).json
    assert (told["measurements"], told["facts"]) == (2, 1)
    assert values(acme)[0] == (0.9, 12, "glean, eu")
    assert values(acme)[1][:2] == (0.8, 1)


def test_an_error_in_the_last_line_leaves_nothing(acme: Terminal) -> None:
    good = '{"client": "acme", "name": "quality", "value": 0.9}\n'
    fact = '{"client": "acme", "name": "cohort", "value": 20}\n'
    bad = '{"client": "nobody", "name": "quality", "value": 0.9}\n'
    file = acme.write("data.jsonl", good + fact + bad)
    said = acme.refused("record", "--file", file, code=2)
    assert f"{file}:3: no journey of client 'nobody'" in said
    bad = '{"client": "acme", "name": "quality", "value": "high"}\n'
    file = acme.write("data.jsonl", good + fact + bad)
    assert f"{file}:3: quality is a metric" in acme.refused("record", "--file", file, code=2)


def test_an_empty_file_of_lines_records_nothing(acme: Terminal) -> None:
    said = acme("record", "--file", "-", "--format", "jsonl", stdin=b"\n\n").out
    assert said == "recorded 0 measurements and 0 facts\n"


def test_a_text_where_the_path_makes_tasks_of_a_list_is_refused(cli: Terminal) -> None:
    cli("start", "acme")
    said = cli.refused("record", "acme", "data_sources=confluence,jira", code=2)
    assert "data_sources must be a list" in said
    cli("record", "acme", "data_sources=[confluence, jira]")
