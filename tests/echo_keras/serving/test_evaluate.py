import http.client
import itertools

import cv2
import numpy as np
import pytest

from echo_keras import errors
from echo_keras.data import tfrecords
from echo_keras.serving import client, evaluate, stream

FIGURES = (
    "dice_per_image_mean",
    "iou_per_image_mean",
    "dice_pooled",
    "dice_pooled_per_batch_of_128",
)


def drawn_from(masks):
    """A segmenting function that gives the masks one after another."""
    remaining = iter(masks)

    def segment(images):
        chosen = [next(remaining) for _ in images]
        return [
            {
                "mask_png_bytes": cv2.imencode(".png", 255 * mask)[1].tobytes(),
                "area": int(mask.sum()),
                "probability_mean": 0.5,
            }
            for mask in chosen
        ]

    return segment


@pytest.fixture
def truths(records):
    frames = tfrecords.labelled(records, "test").as_numpy_iterator()
    return [frame["mask"][..., 0] for frame in frames]


def test_a_served_model_and_both_forms_of_it_score_the_same(
    records, url, tuned, models_dir
):
    served = evaluate.by_url(records, "test", url)
    for folder in (tuned, models_dir / "lv" / "1"):
        found = evaluate.by_model(records, "test", folder)
        for figure in FIGURES:
            assert found[figure] == pytest.approx(served[figure], abs=1e-6)
        assert found["ejection_fractions"] == served["ejection_fractions"]
        for case, other in zip(found["cases"], served["cases"]):
            assert case == pytest.approx(other, abs=1e-6)
    assert 0.5 < served["dice_per_image_mean"] < 1
    assert 0 < served["latency_ms"]["p50"] <= served["latency_ms"]["p99"]
    assert served["images_per_second"] > 0


def test_of_a_folder_of_versions_one_is_asked_for(models_dir):
    with pytest.raises(errors.InputError, match=r"exported versions, such as .*/lv/1$"):
        evaluate.local(models_dir / "lv")


def test_large_frames_are_sent_in_small_batches(records, truths, monkeypatch):
    sizes, segment = [], drawn_from(truths)

    def counted(images):
        sizes.append(len(images))
        return segment(images)

    # Two of each of 40 x 50, 47 x 50 and 54 x 50 pixels.
    monkeypatch.setattr(stream, "PIXELS", 50 * (40 + 40 + 47))
    assert evaluate.scores(records, "test", counted)["images"] == 6
    assert sizes == [3, 2, 1]


def test_a_server_that_loses_and_refuses_every_other_request_changes_no_score(
    records, url, monkeypatch
):
    whole = evaluate.by_url(records, "test", url)
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(stream, "BATCH", 1)
    faults = itertools.cycle([None, OSError("reset"), None, 503])
    answer = http.client.HTTPConnection.getresponse

    def getresponse(connection):
        response, fault = answer(connection), next(faults)
        if isinstance(fault, OSError):
            raise fault
        response.status = fault or response.status
        return response

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", getresponse)
    found = evaluate.by_url(records, "test", url)
    assert found["cases"] == whole["cases"]
    assert found["dice_pooled"] == whole["dice_pooled"]
    assert found["requests"] == len(whole["cases"]) == 6


def test_perfect_masks_score_one(records, truths):
    found = evaluate.scores(records, "test", drawn_from(truths))
    assert [found[figure] for figure in FIGURES] == [1, 1, 1, 1]
    assert found["dice_per_image_interval"] == found["dice_pooled_interval"] == (1, 1)


def test_scores_are_taken_at_the_original_size(records, truths):
    """Losing all masks but the first leaves scores that are counted by hand."""
    kept = [truths[0], *(np.zeros_like(mask) for mask in truths[1:])]
    found = evaluate.scores(records, "test", drawn_from(kept))
    first, total = truths[0].sum(), sum(int(mask.sum()) for mask in truths)
    assert found["dice_per_image_mean"] == pytest.approx(1 / 6)
    assert found["dice_pooled"] == pytest.approx(2 * first / (total + first))
    assert found["phases"]["ED"]["dice_per_image_mean"] == pytest.approx(1 / 3)
    assert found["phases"]["ES"]["dice_per_image_mean"] == 0
    assert found["dice_per_image_interval"] == (0, pytest.approx(0.5))


def test_the_ejection_fraction_of_perfect_masks_is_that_of_the_reference(
    records, truths
):
    found = evaluate.scores(records, "test", drawn_from(truths))
    assert [row["patient"] for row in found["ejection_fractions"]] == list("abc")
    for row in found["ejection_fractions"]:
        assert row["method"] == "4CH"
        assert 0 < row["predicted"] == row["reference"] < 100
        assert row["recorded"] is None
    agreed = found["ejection_fraction"]["4CH"]
    assert agreed["recorded"] is None
    assert (agreed["reference"]["mae"], agreed["reference"]["patients"]) == (0, 3)


def test_lost_masks_are_counted_and_cost_the_diagonal(records, truths):
    kept = [truths[0], *(np.zeros_like(mask) for mask in truths[1:])]
    found = evaluate.scores(records, "test", drawn_from(kept))
    assert (found["missed"], found["distance_unit"]) == (5, "pixels")
    diagonals = [np.hypot(*mask.shape) for mask in truths[1:]]
    assert found["hd95_per_image_mean"] == pytest.approx(sum(diagonals) / 6)
    agreed = found["ejection_fraction"]["4CH"]["reference"]
    assert (agreed["patients"], agreed["left_out"]) == (0, 3)
    assert np.isnan(agreed["mae"])


def test_scores_name_what_they_were_taken_on(records, truths):
    found = evaluate.scores(records, "test", drawn_from(truths))
    assert (found["dataset"], found["split"]) == ("camus", "test")
    assert (found["images"], found["patients"]) == (6, 3)
    assert found["phases"]["ED"]["images"] == 3
    assert [case["patient"] for case in found["cases"]] == list("aabbcc")
    assert [case["truth_area"] for case in found["cases"]] == [
        int(mask.sum()) for mask in truths
    ]


def test_cases_hold_what_a_picture_needs(records, truths):
    cases = list(evaluate.cases(records, "test", drawn_from(truths)))
    assert len(cases) == len(truths)
    for case, truth in zip(cases, truths):
        np.testing.assert_array_equal(case.truth, truth)
        np.testing.assert_array_equal(case.prediction, truth)
        assert case.image.shape == truth.shape


def test_masks_of_another_size_are_refused(records, truths):
    halves = [mask[::2] for mask in truths]
    with pytest.raises(errors.InputError, match=r"mask of \(20, 50\) pixels"):
        evaluate.scores(records, "test", drawn_from(halves))


@pytest.mark.parametrize("content", [b"", b"no PNG"])
def test_masks_that_are_no_image_are_refused(records, content):
    answer = {"mask_png_bytes": content, "area": 0, "probability_mean": 0.0}
    with pytest.raises(errors.InputError, match="a mask of no image for a frame"):
        evaluate.scores(records, "test", lambda images: [answer] * len(images))


def test_a_folder_without_a_model_is_refused(records, tmp_path):
    with pytest.raises(errors.InputError, match=r"no model\.keras"):
        evaluate.by_model(records, "test", tmp_path)


def test_a_split_without_records_is_refused(records, url):
    with pytest.raises(errors.InputError, match="no labelled frame in the split train"):
        evaluate.by_url(records, "train", url)
