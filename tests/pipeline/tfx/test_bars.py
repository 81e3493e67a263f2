import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from pipeline.tfx import bars


def test_the_highest_bar_is_as_high_as_the_drawing():
    drawn = ElementTree.fromstring(bars.histogram([1, 4, 2], 7))
    heights = [float(bar.get("height")) for bar in drawn]
    assert heights == [bars.HEIGHT / 4, bars.HEIGHT, bars.HEIGHT / 2]


def test_each_bar_tells_its_share():
    assert re.findall(r"<title>(.*?)<", bars.histogram([1, 3], 4)) == ["25.0%", "75.0%"]


def test_a_histogram_of_nothing_is_drawn():
    assert len(ElementTree.fromstring(bars.histogram([0, 0], 0))) == 2
    assert len(ElementTree.fromstring(bars.histogram([], 0))) == 0
