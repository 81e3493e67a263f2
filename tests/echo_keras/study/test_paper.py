"""The paper's tables can stand beside ours: the same figure, a cell each fraction."""

import pytest

from echo_keras.metrics import scores
from echo_keras.study import paper

ROWS = [
    pytest.param(row, id=f"{dataset}: {name}")
    for dataset, table in paper.TABLES.items()
    for name, row in table.items()
]


def test_the_papers_aggregate_is_one_that_we_measure():
    assert paper.AGGREGATE in scores.DICES


def test_the_best_of_echonet_is_the_one_of_the_papers_abstract():
    table = paper.TABLES["echonet"]
    best = max(table, key=lambda name: table[name][0])
    assert (best, table[best][0]) == ("SimCLR, DeepLabV3", 0.9252)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_has_a_dice_or_nothing_at_each_fraction(row):
    assert len(row) == len(paper.FRACTIONS)
    assert all(dice is None or 0.75 < dice < 0.95 for dice in row)
    # All that were trained at all were trained with the most and the fewest labels.
    assert None not in (row[0], row[-1])


@pytest.mark.parametrize("row", ROWS)
def test_the_fewest_labels_give_the_lowest_dice(row):
    known = [dice for dice in row if dice is not None]
    assert min(known) == row[-1]
    assert row[0] > row[-1]
