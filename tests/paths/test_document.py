from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sojourn.paths.document import Unreadable, read
from sojourn.paths.problems import Fault


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 1\nb: [x, true, ~, 1.5]", {"a": 1, "b": ["x", True, None, 1.5]}),
        ("no: yes\non: off", {"no": "yes", "on": "off"}),
        ("a: 2026-01-01\nb: 1:30\nc: 0x1F", {"a": "2026-01-01", "b": "1:30", "c": "0x1F"}),
        ("a: 010\nb: 1e3\nc: .5", {"a": 10, "b": 1000.0, "c": 0.5}),
        ("a: == 0\nb: ${facts.region}", {"a": "== 0", "b": "${facts.region}"}),
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("\ufeffa: 1\r\nb: ☃\r\n", {"a": 1, "b": "☃"}),
        ("<<: {a: 1}", {"<<": {"a": 1}}),
        ("{}", {}),
    ],
)
def test_only_what_json_holds_is_read(text: str, data: Any) -> None:
    document = read(text)
    assert document.data == data
    assert not document.faults


def test_every_key_and_value_knows_where_it_stands() -> None:
    document = read("a: 1\nb:\n  - c: x\n  -   d: y\n")
    assert document.values[("b", 1, "d")] == (4, 10)
    assert document.keys[("b", 1, "d")] == (4, 7)
    assert document.mark(Fault(("b", 1, "d"), "", at_key=True)) == (4, 7)
    assert document.mark(Fault(("b", 1, "e", 5), "")) == (4, 7)
    assert document.mark(Fault(("z",), "")) == (1, 1)


@pytest.mark.parametrize(
    ("text", "mark", "message"),
    [
        ("a: 1\nis: >= 0.85", (2, 6), 'must be quoted: is: ">= 0.85"'),
        ("is: > 4", (1, 7), "a text that begins with > or | must be quoted"),
        ("a:\n\t- b", (2, 1), "a tab stands here; YAML is indented with spaces only"),
        ("\ta: 1", (1, 1), "a tab stands here"),
        ("a: b: c", (1, 5), "a colon does not fit here"),
        ("a:\n  - b\n c: 1", (3, 2), "the indentation does not fit the lines above"),
        ("- a\nb: 1", (2, 1), "this does not fit the lines above"),
        ("a: {b: 1, c", (1, 12), "a comma or a closing bracket is missing here"),
        ("a: [1", (1, 6), "a comma or a closing bracket is missing here"),
        ("a: 'x", (1, 6), "a closing quote is missing"),
        ("a: *x", (1, 4), "this alias (*name) has no anchor (&name) above it"),
        ("a: 1\n---\nb: 1", (2, 1), "a second document begins here (---)"),
        ("a: @x", (1, 4), "this is not YAML"),
        ('a: "\\UFFFFFFFF"', (1, 7), "this is not YAML"),
        ("a: 1\nb: x\0y", (2, 5), "a NUL byte stands here; remove it"),
        ("a: \x07", (1, 4), "the character U+0007 stands here"),
        ("", (1, 1), "the file is empty; a path begins with name: and stages:"),
        ("# only a comment\n---\n", (1, 1), "the file is empty"),
        ("~", (1, 1), "the file is empty"),
        ("a: &x [*x]", (1, 4), "nested more than 40 levels deep, or an alias holds itself"),
        ("[" * 60, (1, 41), "nested more than 40 levels deep"),
    ],
)
def test_a_syntax_error_says_where_and_what_to_do(
    text: str, mark: tuple[int, int], message: str
) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert message in str(caught.value)
    assert caught.value.mark == mark


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3", Fault(("a",), "'a' stands twice, first in line 1", at_key=True)),
        ("is: != 0", Fault(("is",), "the tag != is not allowed; quote a text that begins with !")),
        (
            "a: !!python/object/apply:os.system [x]",
            Fault(
                ("a",),
                "the tag !!python/object/apply:os.system is not allowed; "
                "quote a text that begins with !",
            ),
        ),
        ("a: .nan", Fault(("a",), ".nan is not a number that can be used here")),
        ("a: -.inf", Fault(("a",), "-.inf is not a number that can be used here")),
        ("a: 1e999", Fault(("a",), "1e999 is not a number that can be used here")),
        ("a: 1" + "0" * 30, Fault(("a",), f"1{'0' * 30} is not a number that can be used here")),
        ('a: "\\0"', Fault(("a",), "the text holds the character U+0000; remove it")),
        ('a: "\\uD800"', Fault(("a",), "the text holds the character U+D800; remove it")),
    ],
)
def test_a_value_that_json_cannot_hold_is_a_fault(text: str, fault: Fault) -> None:
    document = read(text)
    assert document.faults == [fault]
    assert document.mark(fault)[0] == text.count("\n") + 1


@pytest.mark.parametrize(
    ("text", "shown"), [("1: 2", "1"), ("? [a]\n: 2", "a list"), ("~: 1", "~")]
)
def test_a_key_is_a_text(text: str, shown: str) -> None:
    (fault,) = read(text).faults
    assert fault.message.startswith(f"a key must be a text, not {shown}")


def test_aliases_cannot_blow_a_small_file_up() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(Unreadable, match="more than 20000 values, aliases written out"):
        read("\n".join(lines))


def test_a_file_of_very_many_values_is_refused_early() -> None:
    with pytest.raises(Unreadable, match="more than 20000 values"):
        read("a: [" + "1," * 400_000)


YAMLISH = st.text(alphabet="ab:-[]{}&*!>|'\"\\#%@ \t\n?,~0.\0\ufeff\u2028é", max_size=60)


@given(YAMLISH | st.text(max_size=40))
def test_any_text_is_a_document_or_unreadable_at_a_place(text: str) -> None:
    try:
        document = read(text)
    except Unreadable as error:
        assert min(error.mark) >= 1  # noqa: PT017 - the mark is the point
        return
    assert all(min(mark) >= 1 for mark in document.values.values())
