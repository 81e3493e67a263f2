"""Scores of a model on labelled records, asked through REST or in this process."""

import collections
import dataclasses
import math
import time
from pathlib import Path

import cv2
import numpy as np

from echo_keras import progress
from echo_keras.data import schema, tfrecords
from echo_keras.metrics import case as measured
from echo_keras.metrics import scores as summed
from echo_keras.serving import client, endpoints, export, masks, session, stream

CONNECTIONS = 4
WORDS = ("patient", "view", "phase", "quality")


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One labelled frame and what the model made of it.

    Attributes:
        facts: What is known of the case in JSON types: `position` in the split,
            `patient`, `view`, `phase`, `quality`, `frame`, the recorded
            `ejection_fraction`, all of `case.measures` and `probability_mean`.
        image: `(H, W)` uint8 frame at its original size.
        truth: `(H, W)` bool, the reference mask of the left ventricle.
        prediction: `(H, W)` bool, the mask that the model gave.
        planes: `clinical.disks` of prediction and reference.
    """

    facts: dict
    image: np.ndarray
    truth: np.ndarray
    prediction: np.ndarray
    planes: tuple


def by_url(data, split, url, *, see=None):
    """Score a served model on one split, through its REST API.

    Args:
        data: Folder of records.
        split: `train`, `validation` or `test`.
        url: `http://HOST:PORT/v1/models/NAME`.
        see: Function that is given each `Case` on its way, or None.

    Returns:
        Dict of `scores`, and how it was asked: the largest `batch`, `connections`, and
        the figures of `stream.Timed`.

    Raises:
        InputError: There are no such records, or the server does not answer.
    """
    with client.model(url) as segment:
        timed = stream.Timed(segment)
        found = scores(data, split, timed, at_once=CONNECTIONS, see=see)
    asked = {"batch": stream.BATCH, "connections": CONNECTIONS, **timed.figures()}
    return {"url": url, **asked, **found}


def by_model(data, split, model_dir, *, see=None):
    """Score a model on one split without a server.

    Args:
        data: Folder of records.
        split: `train`, `validation` or `test`.
        model_dir: Folder that `echo-keras finetune` wrote, or one exported version.
        see: Function that is given each `Case` on its way, or None.

    Returns:
        Dict of `scores`, the same as through a server.

    Raises:
        InputError: There are no such records or no such model.
    """
    found = scores(data, split, local(model_dir), see=see)
    return {"model": str(model_dir), **found}


def local(model_dir):
    """The function that is served, called in this process.

    Args:
        model_dir: Folder that `echo-keras finetune` wrote, or one exported version.

    Returns:
        Function from a list of encoded images to a list of answers of the signature
        `image_bytes`.

    Raises:
        InputError: The folder holds neither.
    """
    if (Path(model_dir) / "saved_model.pb").is_file():
        servable = session.load(model_dir)

        def run(images):
            return servable.run("image_bytes", {"image_bytes": images})

    else:
        model, recipe = export.load_keras(model_dir)
        served = endpoints.module(model, recipe.size, aspect=recipe.aspect)
        run = served.image_bytes

    def segment(images):
        answer = run(np.array(images, object))
        columns = {name: np.asarray(values).tolist() for name, values in answer.items()}
        return [dict(zip(columns, row)) for row in zip(*columns.values())]

    return segment


def scores(data, split, segment, *, at_once=1, see=None):
    """Score a segmenting function on one split.

    Args:
        data: Folder of records.
        split: `train`, `validation` or `test`.
        segment: Function from a list of encoded images to answers with
            `mask_png_bytes`, `area` and `probability_mean`.
        at_once: Batches to send at a time, from as many threads.
        see: Function that is given each `Case` on its way, whose pixels are forgotten
            after it, or None.

    Returns:
        Dict of JSON types: `dataset`, `split`, `seconds`, the figures of
        `scores.summary` over all images and, in `phases`, over those of ED and of ES;
        `ejection_fraction`, how well it agrees, as of `scores.ejection`;
        `ejection_fractions` of each patient, and the `cases`.

    Raises:
        InputError: There are no such records.
    """
    start = time.perf_counter()
    facts, planes = [], []
    for case in cases(data, split, segment, at_once=at_once):
        if see:
            see(case)
        facts.append(case.facts)
        planes.append(case.planes)
    phases = collections.defaultdict(list)
    for case in facts:
        phases[case["phase"]].append(case)
    fractions = measured.ejection_fractions(facts, planes)
    return {
        "dataset": tfrecords.manifest(data)["dataset"],
        "split": split,
        **summed.summary(facts),
        "phases": {phase: summed.summary(phases[phase]) for phase in sorted(phases)},
        "ejection_fraction": summed.ejection(fractions),
        "seconds": round(time.perf_counter() - start, 3),
        "ejection_fractions": fractions,
        "cases": facts,
    }


def cases(data, split, segment, *, at_once=1):
    """Segment the labelled frames of one split at their original size.

    Args:
        data: Folder of records.
        split: `train`, `validation` or `test`.
        segment: Function from a list of encoded images to answers with
            `mask_png_bytes`, `area` and `probability_mean`.
        at_once: Batches to send at a time, from as many threads.

    Yields:
        `Case` of each frame, in the order of the records.

    Raises:
        InputError: There are no such records.
    """
    records = tfrecords.labelled(data, split).as_numpy_iterator()
    total = tfrecords.manifest(data)["counts"][split]["labelled_frames"]
    pairs = stream.answered(
        records, segment, encode=_encoded, pixels=_pixels, at_once=at_once
    )
    with progress.bar("evaluate", total, unit="images") as advance:
        for position, (record, answer) in enumerate(pairs):
            yield _case(position, record, answer)
            advance()


def _encoded(record):
    return cv2.imencode(".png", record["image"])[1].tobytes()


def _pixels(record):
    return record["image"].size


def _case(position, record, answer):
    truth = record["mask"][..., 0] == schema.VENTRICLE
    prediction = masks.decoded(answer, truth.shape)
    spacing = tuple(record["spacing"].tolist())
    found, planes = measured.measures(truth, prediction, spacing)
    recorded = float(record["ejection_fraction"])
    facts = {
        "position": position,
        **{name: record[name].decode() for name in WORDS},
        "frame": int(record["frame"]),
        "ejection_fraction": None if math.isnan(recorded) else recorded,
        **found,
        "probability_mean": round(float(answer["probability_mean"]), 6),
    }
    image = record["image"][..., 0]
    return Case(facts, image=image, truth=truth, prediction=prediction, planes=planes)
