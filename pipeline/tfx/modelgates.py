"""The gates that a model must pass: its scores, and the way that it is served."""

import itertools

import cv2
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2
from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from echo_keras.data import tfrecords
from echo_keras.serving import endpoints, session
from pipeline.tfx import datagates, folders, judging, pushed, scoring

FRAMES = 4


@component
def ModelGate(  # noqa: N802  components are named as TFX's own are
    evaluation: InputArtifact[standard_artifacts.ModelEvaluation],
    model: InputArtifact[standard_artifacts.Model],
    examples: InputArtifact[standard_artifacts.Examples],
    frames: InputArtifact[standard_artifacts.Examples],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
    destination: Parameter[str],
    standing: Parameter[str],
    least_dice: Parameter[float],
    least_slice_dice: Parameter[float],
    slice_patients: Parameter[int],
    code: Parameter[str],
):
    """Bless a model, or stop the pipeline where it is too bad or worse than the last.

    `standing` tells what that stood in `destination` when the run began, so that
    TFX judges anew after another was pushed.
    """
    found = folders.read_json(f"{evaluation.uri}/{scoring.FILE}")
    newest = pushed.newest(destination)
    last = None
    with folders.local(path_utils.serving_model_path(model.uri)) as folder:
        known = newest is None or pushed.is_copy(newest, folder)
    if not known:
        last = pushed.scores(newest)
        if last["records"] != found["records"]:
            last = scoring.scores(examples.uri, frames.uri, newest)
    refused = judging.objections(
        found,
        last,
        least_dice=least_dice,
        least_slice_dice=least_slice_dice,
        slice_patients=slice_patients,
    )
    if refused:
        data = f"{found['dataset']} {found['split']}"
        raise datagates.closed("ModelGate", data, refused)
    compared = {"last": str(newest or "none"), "began_with": standing, "code": code}
    for name, value in compared.items():
        blessing.set_string_custom_property(name, value)
    blessing.set_int_custom_property("blessed", 1)
    folders.write_json(compared, f"{blessing.uri}/BLESSED")


@component
def InfraValidator(  # noqa: N802
    model: InputArtifact[standard_artifacts.Model],
    examples: InputArtifact[standard_artifacts.Examples],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
    code: Parameter[str],
):
    """Stop the pipeline where the export does not load and answer as it is served."""
    with folders.local(path_utils.serving_model_path(model.uri)) as folder:
        asked = validate(folder, examples.uri)
    blessing.set_int_custom_property("blessed", 1)
    blessing.set_int_custom_property("requests", asked)
    blessing.set_string_custom_property("code", code)
    folders.write_json({"requests": asked}, f"{blessing.uri}/INFRA_BLESSED")


def validate(folder, records):
    """Load an export as TensorFlow Serving does, and ask it.

    Args:
        folder: Folder of an exported version.
        records: Folder of records, a few of whose test frames are asked about.

    Returns:
        Number of requests: those that the export brings to be warmed up with, and one
        for each frame.

    Raises:
        InputError: It does not load, lacks a signature, or answers with no mask.
    """
    servable = session.load(folder)
    missing = sorted(set(endpoints.SIGNATURES).difference(servable.signatures))
    if missing:
        raise _closed(folder, f"it lacks the signature {missing[0]}")
    asked = 0
    for name, inputs in itertools.chain(warmups(folder), _frames(records)):
        try:
            answer = servable.run(name, inputs)
        except (tf.errors.OpError, KeyError) as reason:
            raise _closed(folder, f"request {asked} of {name}: {reason}") from reason
        for output, values in answer.items():
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise _closed(folder, f"request {asked} of {name}: {output} is NaN")
        asked += 1
    return asked


def warmups(folder):
    """Requests that an export brings, pairs of signature and inputs, none if none."""
    path = path_utils.warmup_file_path(str(folder))
    if not tf.io.gfile.exists(path):
        return
    for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
        log = prediction_log_pb2.PredictionLog.FromString(record)
        request = log.predict_log.request
        inputs = {
            name: tf.make_ndarray(value) for name, value in request.inputs.items()
        }
        yield request.model_spec.signature_name or "serving_default", inputs


def _frames(records):
    shown = tfrecords.labelled(records, scoring.SPLIT).take(FRAMES)
    for record in shown.as_numpy_iterator():
        encoded = cv2.imencode(".png", record["image"])[1].tobytes()
        yield "image_bytes", {"image_bytes": np.array([encoded], object)}


def _closed(folder, reason):
    return datagates.closed("InfraValidator", f"the export {folder}", [reason])
