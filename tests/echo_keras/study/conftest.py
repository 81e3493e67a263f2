"""Small hearts whose masks agree with their labels, folders of them, and an arm."""

import dataclasses

import numpy as np
import pytest

from echo_keras.data import schema
from echo_keras.metrics import scores
from echo_keras.study import results

SIDE = 80
SHRUNK = {"ED": 1.0, "ES": 0.75, "between": 0.9}
EJECTION_FRACTION = 100 * (1 - SHRUNK["ES"] ** 3)


def _mask(scale):
    """Half an ellipse within a shell, apex up, on half an ellipse upside down."""
    rows, columns = np.indices((SIDE, SIDE))
    down, across = (rows - 55) / scale, np.abs(columns - 39.5) / scale
    cavity = (rows < 55) & ((down / 42) ** 2 + (across / 13) ** 2 < 1)
    shell = (rows < 55) & ((down / 50) ** 2 + (across / 19) ** 2 < 1)
    atrium = (rows >= 55) & ((down / 20) ** 2 + (across / 11) ** 2 < 1)
    return np.select([cavity, shell, atrium], [1, 2, 3]).astype(np.uint8)


@pytest.fixture(scope="session")
def heart():
    """Function that draws a labelled frame; no two have the same pixels."""

    def draw(patient, phase, *, view="4CH", seed=0, **changes):
        random = np.random.default_rng([seed, *f"{patient} {view} {phase}".encode()])
        frame = schema.LabelledFrame(
            patient=patient,
            dataset="echonet",
            view=view,
            phase=phase,
            frame=3,
            image=random.integers(0, 256, (SIDE, SIDE), np.uint8),
            mask=_mask(SHRUNK[phase]),
            ejection_fraction=EJECTION_FRACTION,
        )
        return dataclasses.replace(frame, **changes)

    return draw


@pytest.fixture(scope="session")
def video():
    """Function that makes an unlabelled video of some frames or of noise."""

    def make(patient, frames=None):
        random = np.random.default_rng([*f"{patient} video".encode()])
        noise = random.integers(0, 256, (2, SIDE, SIDE), np.uint8)
        frames = tuple(noise if frames is None else frames)
        return schema.UnlabelledVideo(
            patient=patient,
            dataset="echonet",
            view="4CH",
            frames=frames,
            frame_numbers=tuple(range(len(frames))),
        )

    return make


@pytest.fixture
def hearts(heart, video):
    """Records by split in which nothing is odd, to be spoiled."""
    splits = {"train": "ab", "validation": "c", "test": "d"}
    records = {
        split: [
            record
            for name in names
            for record in (
                *(heart(name, phase) for phase in ("ED", "ES", "between")),
                video(name),
            )
        ]
        for split, names in splits.items()
    }
    return {**records, "unlisted": [video("e")]}


@pytest.fixture
def arm():
    """Function that makes an arm with one run, of one patient in pixels."""

    def made(init, fraction, *, dataset="echonet", shared=90, recorded=None, es=None):
        fact = {
            **{"patient": "a", "dice": shared / 100, "iou": 0.8, "hd95": 4.0},
            **{"assd": 1.0, "distance_unit": "pixels", "area": 100},
            **{"truth_area": 100, "shared_area": shared, "phase": "ED"},
        }
        cases = [fact] if es is None else [fact, {**fact, "phase": "ES", "dice": es}]
        row = {"patient": "a", "method": "4CH", "predicted": 52.0, "reference": 50.0}
        fractions = [{**row, "recorded": recorded}]
        run = {
            "dataset": dataset,
            "split": "test",
            "cases": cases,
            "distance_unit": "pixels",
            "ejection_fraction": scores.ejection(fractions),
            "ejection_fractions": fractions,
        }
        return results.Arm("unet", init, fraction, 3, {0: run}, {})

    return made
