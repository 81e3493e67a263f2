"""Two models are compared case by case, or not at all."""

import pytest

from echo_keras import errors
from echo_keras.metrics import case, scores
from echo_keras.serving import written
from echo_keras.study import compare


@pytest.fixture
def write(tmp_path):
    """Function that writes scores of ten patients with a given number of shared
    pixels of a hundred, and one more for each letter of the alphabet."""

    def written_as(name, shared, *, patients="abcdefghij", truth=100, error=2.0):
        facts = [
            {
                **{"patient": who, "view": "4CH", "phase": phase, "frame": 0},
                **{"dice": pixels / 100, "iou": pixels / (200 - pixels)},
                **{"hd95": 3.0, "assd": 1.0, "distance_unit": "mm"},
                **{"area": 100, "truth_area": truth, "shared_area": pixels},
            }
            for who in patients
            for pixels in [shared + ord(who) - ord("a")]
            for phase in ("ED", "ES")
        ]
        rows = [
            {
                **{"patient": who, "method": case.BIPLANE, "reference": 50.0},
                **{"predicted": 50.0 + error, "recorded": None},
            }
            for who in patients
        ]
        found = {
            **{"ejection_fraction": scores.ejection(rows), "cases": facts},
            "ejection_fractions": rows,
        }
        written.write(found, tmp_path / name)
        return tmp_path / name

    return written_as


def test_a_constant_gain_is_better_and_told_with_its_interval(write):
    said = []
    line = compare.run(write("a.json", 80), write("b.json", 85), say=said.append)
    assert line == (
        "dice +0.0500 (+0.0500 to +0.0500): the second is better on 20 images of 10 "
        "patients"
    )
    [table] = said
    assert "Dice, mean of images at ED" in table
    assert "HD95 (mm)" in table
    [row] = [line for line in table.splitlines() if line.startswith("EF error")]
    assert "(points, 10 patients)" in row
    assert row.split()[-6:-3] == ["2.0000", "2.0000", "+0.0000"]


def test_the_order_of_the_cases_does_not_matter(write):
    first = write("a.json", 80, patients="abcdefghij")
    second = write("b.json", 80, patients="jihgfedcba")
    line = compare.run(first, second, say=lambda text: None)
    assert line == (
        "dice +0.0000 (+0.0000 to +0.0000): the second is not surely different on 20 "
        "images of 10 patients"
    )


def test_other_patients_are_refused(write):
    pair = write("a.json", 80), write("b.json", 80, patients="abcdefghik")
    with pytest.raises(errors.InputError, match="hold other cases, such as j 4CH ED 0"):
        compare.run(*pair, say=print)


def test_other_reference_masks_are_refused(write):
    pair = write("a.json", 80), write("b.json", 80, truth=101)
    with pytest.raises(errors.InputError, match="against other masks of a"):
        compare.run(*pair, say=print)
