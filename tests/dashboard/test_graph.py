from sojourn.dashboard.graph import Box, Item, cut, draw, layers, layout

BOXES = [
    Box("c", "third", needs=("a", "b")),
    Box("a", "first", items=(Item("one"), Item("two"))),
    Box("b", "second", needs=("a", "gone")),
]


def test_each_box_stands_after_what_it_needs() -> None:
    assert [[box.key for box in layer] for layer in layers(BOXES)] == [["a"], ["b"], ["c"]]
    places = layout(BOXES).places
    assert places["a"][0] < places["b"][0] < places["c"][0]


def test_boxes_of_a_layer_do_not_overlap() -> None:
    pair = [Box("a", "a", items=[Item("x")] * 5), Box("b", "b")]
    made = layout(pair)
    assert made.places["b"][1] >= made.places["a"][1] + pair[0].height
    assert made.height >= made.places["b"][1] + pair[1].height


def test_what_goes_in_a_circle_is_drawn_all_the_same() -> None:
    assert "<svg" in draw([Box("a", "a", needs=("b",)), Box("b", "b", needs=("a",))], "circle")


def test_texts_are_escaped_and_cut() -> None:
    drawn = draw([Box("a", "<b>", note='"quoted"')], 'a "label"')
    assert "<b>" not in drawn
    assert "&lt;b&gt;" in drawn
    assert cut("x" * 40).endswith("\N{HORIZONTAL ELLIPSIS}")
    assert cut("short") == "short"
    assert draw([], "nothing").startswith("<svg")
