"""A TFLite copy of a network in 8 bits, and what it loses in Dice."""

import contextlib
import itertools
import os

import numpy as np
import tensorflow as tf

from echo_keras.data import preprocess, schema, tfrecords
from echo_keras.metrics import overlap
from echo_keras.serving import endpoints

FILE = "model.tflite"
CALIBRATION_FRAMES = 100


def write(model, recipe, data, path):
    """Write a network as TFLite, calibrated on training frames, and score it.

    It takes `(1, size, size, 1)` float32 frames in [0, 1] and gives probabilities of
    the same shape; weights and sums within are int8.

    Args:
        model: Keras model as of `endpoints.module`.
        recipe: `config.Finetune`, of which size and aspect are used.
        data: Folder of records with the splits train and validation.
        path: File to write.

    Returns:
        Dict of JSON types: `file`, `bytes`, `bytes_of_float_weights`, `images` and
        `patients` of the validation split, `dice` and `dice_quantized`, means of its
        images at their own size, and `dice_loss`, their difference.

    Raises:
        InputError: There are no such records.
    """
    content = _converted(model, recipe, data)
    path.write_bytes(content)
    patients = tfrecords.patients(data, "validation")
    dice = np.array(
        [
            [_dice(record, probability, recipe) for probability in pair]
            for record, pair in _both(model, _run(content), recipe, data)
        ]
    )
    plain, quantized = dice.mean(axis=0).tolist()
    return {
        "file": path.name,
        "bytes": len(content),
        "bytes_of_float_weights": 4 * model.count_params(),
        "images": len(dice),
        "patients": len(patients),
        "dice": plain,
        "dice_quantized": quantized,
        "dice_loss": plain - quantized,
    }


def _converted(model, recipe, data):
    shape = (1, recipe.size, recipe.size, 1)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="image")])
    def probability(image):
        return model(image, training=False)

    def calibration():
        records = tfrecords.labelled(data, "train")
        for record in itertools.islice(records, CALIBRATION_FRAMES):
            yield [_frame(record, recipe)]

    concrete = probability.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = calibration
    with _hushed():
        return converter.convert()


@contextlib.contextmanager
def _hushed():
    """Hide what the converter, outside of Python, tells its developers."""
    told = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(told, 2)
        os.close(told)


def _run(content):
    """Function from a frame to its probabilities by the quantized network."""
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    [taken], [given] = interpreter.get_input_details(), interpreter.get_output_details()

    def run(frame):
        interpreter.set_tensor(taken["index"], frame)
        interpreter.invoke()
        return interpreter.get_tensor(given["index"])

    return run


def _both(model, run, recipe, data):
    for record in tfrecords.labelled(data, "validation"):
        frame = _frame(record, recipe)
        yield record, (model(frame, training=False), run(frame))


def _frame(record, recipe):
    return preprocess.image(record["image"], recipe.size, aspect=recipe.aspect)[None]


def _dice(record, probability, recipe):
    truth = record["mask"][..., 0] == schema.VENTRICLE
    restored = preprocess.restore(probability, *truth.shape, aspect=recipe.aspect)
    return overlap.dice(truth, restored[0, ..., 0].numpy() >= endpoints.THRESHOLD)
