"""A run is drawn with every step below all that it was made from."""

import types
from xml.etree import ElementTree

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import drawing, records

SVG = "{http://www.w3.org/2000/svg}"


def step(node, read=(), made=(), *, state="done", seconds=1.5):
    """A step by the numbers of the artefacts that it read and made."""
    inputs, outputs = (
        tuple(types.SimpleNamespace(id=number) for number in numbers)
        for numbers in (read, made)
    )
    return records.Step(node, state, None, seconds, {}, inputs, outputs)


STEPS = (
    step("read", made=(1, 2)),
    step("watch", read=(1,), made=(3,)),
    step("train", read=(1, 2, 3, 99), made=(4,)),
    step("look", read=(2,)),
)


def drawn(*steps, facts=()):
    return ElementTree.fromstring(drawing.svg(records.Run("run", steps), facts))


def texts(picture):
    return [found.text for found in picture.iter(f"{SVG}text")]


def test_two_steps_are_joined_once_and_what_came_from_elsewhere_is_not():
    assert list(drawing.edges(STEPS)) == [
        ("read", "look"),
        ("read", "train"),
        ("read", "watch"),
        ("watch", "train"),
    ]
    assert len(list(drawn(*STEPS).iter(f"{SVG}path"))) == 4


def test_a_step_stands_below_all_that_it_was_made_from():
    boxes = [one for one in drawn(*STEPS).iter(f"{SVG}rect") if one.get("rx")]
    rows = [float(box.get("y")) for box in boxes]
    first, second = drawing.EDGE, drawing.EDGE + drawing.HIGH + drawing.GAP_DOWN
    third = second + drawing.HIGH + drawing.GAP_DOWN
    assert rows == [first, second, third, second]
    lefts = [float(box.get("x")) for box in boxes]
    assert lefts[0] == (lefts[1] + lefts[3]) / 2  # in the middle above two


def test_a_box_tells_state_and_seconds():
    picture = drawn(step("<a>", state="failed"), step("b", state="kept", seconds=60.0))
    assert texts(picture) == ["<a>", "1.5 s, failed", "b", "60.0 s, kept"]
    colours = [one.get("fill") for one in picture.iter(f"{SVG}rect")][1:]
    assert colours == [drawing.COLOURS["failed"], drawing.COLOURS["kept"]]


def test_a_long_fact_goes_on_under_no_label_and_inside_the_drawing():
    words = " ".join(["word"] * 40)
    facts = [("long", words), ("a & b", "short"), ("empty", "")]
    plain, picture = drawn(*STEPS), drawn(*STEPS, facts=facts)
    lines = texts(picture)[2 * len(STEPS) :]
    pairs = list(zip(lines[::2], lines[1::2]))
    assert pairs[0][0] == "long"
    assert pairs[-2:] == [("a & b", "short"), ("empty", None)]
    assert {label for label, _ in pairs[1:-2]} == {None}
    assert " ".join(text for _, text in pairs[:-2]) == words
    width = float(picture.get("width")) - 2 * drawing.EDGE - drawing.LABEL
    assert all(drawing.LETTER * len(text or "") <= width for _, text in pairs)
    grown = float(picture.get("height")) - float(plain.get("height"))
    assert grown == drawing.LINE * len(pairs) + drawing.EDGE
