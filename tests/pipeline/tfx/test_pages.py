"""The page of statistics tells each feature in a row and each split in a column."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("tfx", reason="TFX is not installed: tools/setup.py .venv tfx")
from tensorflow_metadata.proto.v0 import statistics_pb2

from echo_keras.study import facts
from pipeline.tfx import pages

TRAIN, TEST = "labelled-train", "labelled-test"
COUNTS = {"patients": 1, "labelled_frames": 1}
FRAME = facts.Frame(
    family="labelled",
    split="train",
    patient="a",
    dataset="camus",
    view="4CH",
    phase="ED",
    number=0,
    size=(40, 50),
    spacing=(0.0, 0.0),
    ejection_fraction=math.nan,
    quality="",
    digest=b"1",
    ventricle=facts.Ventricle(200, 1, 0, (1.0,) * 20, 1.0),
)


def numbers(name, buckets, *, missing=0):
    found = statistics_pb2.FeatureNameStatistics()
    found.path.step.append(name)
    stats = found.num_stats
    stats.common_stats.num_missing = missing
    stats.mean, stats.std_dev, stats.min, stats.max = 0.25, 0.5, 0.0, 12.0
    histogram = stats.histograms.add()
    for count in buckets:
        histogram.buckets.add(sample_count=count)
    return found


def words(name, **counts):
    found = statistics_pb2.FeatureNameStatistics()
    found.path.step.append(name)
    found.string_stats.unique = len(counts)
    for value, count in counts.items():
        found.string_stats.top_values.add(value=value, frequency=count)
    return found


def listed(count, *features):
    found = statistics_pb2.DatasetFeatureStatisticsList()
    found.datasets.add(num_examples=count, features=features)
    return found


def page(statistics=None, greys=None, dataset="camus"):
    manifest = {"dataset": dataset, "counts": {"train": COUNTS}}
    return pages.html(statistics or {}, manifest, [FRAME], greys or {})


def statistics_of(text):
    """Rows of the last table of a page, the cells as they are written."""
    table = text[text.rindex("<table>") :]
    rows = re.findall("<tr>(.*?)</tr>", table)
    return [re.findall("<t[hd]>(.*?)</t[hd]>", row) for row in rows]


def test_a_feature_has_a_row_and_a_split_that_lacks_it_an_empty_cell():
    few, many = words("view", **{"4CH": 3}), words("phase", ED=2, ES=1)
    found = statistics_of(page({TRAIN: listed(3, few, many), TEST: listed(1, few)}))
    assert found == [
        ["", TRAIN, TEST],
        ["", "3 frames", "1 frames"],
        ["phase", "ED 2<br>ES 1", ""],
        ["view", "4CH 3", "4CH 3"],
    ]


def test_of_more_than_four_words_their_number_is_told():
    four = words("four", **dict.fromkeys("abcd", 1))
    five = words("five", **dict.fromkeys("abcde", 1))
    found = statistics_of(page({TRAIN: listed(5, four, five)}))
    assert found[2:] == [["five", "5 values"], ["four", "a 1<br>b 1<br>c 1<br>d 1"]]


def test_numbers_are_bars_with_mean_and_range_and_what_is_missing():
    [*_, [_, cell]] = statistics_of(
        page({TRAIN: listed(4, numbers("grey", [1, 3], missing=2))})
    )
    bars, lines = cell.split("</svg>")
    assert re.findall("<title>(.*?)<", bars) == ["25.0%", "75.0%"]
    assert lines == "2 missing<br>0.25 &plusmn; 0.5<br>0 to 12"


def test_the_darkest_greys_are_no_bar_and_yet_counted():
    counts = np.zeros(256, np.int64)
    counts[[0, 4, 255]] = 6, 1, 3
    text = page(greys={("labelled", "train"): counts})
    drawn = ElementTree.fromstring(re.search("<svg.*?</svg>", text)[0])
    shares = [bar[0].text for bar in drawn]
    assert len(shares) == 63
    assert (shares[0], shares[-1]) == ("10.0%", "30.0%")
    assert {*shares[1:-1]} == {"0.0%"}
    assert "<figcaption>labelled-train, grey levels 0 to 255<" in text


def test_names_are_written_as_text():
    odd = words("<b>", **{"<i>": 1})
    text = page({TRAIN: listed(1, odd)}, dataset="<u>")
    assert "<h1>&lt;u&gt;: 1 frames</h1>" in text
    assert statistics_of(text)[2] == ["&lt;b&gt;", "&lt;i&gt; 1"]
    assert not re.search("<[biu]>", text)
