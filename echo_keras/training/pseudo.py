"""Self-training: what a fine-tuned network says of frames without labels."""

import numpy as np
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import preprocess, schema, tfrecords
from echo_keras.models import heads
from echo_keras.training import initial

SPLITS = ("train", "unlisted")


def load(recipe, data, *, labelled):
    """Label the first and the last frame of the videos of patients without labels.

    Args:
        recipe: `config.Finetune`, with the folder of the network in `teacher`.
        data: Folder of records; videos of train and of no split are read.
        labelled: Names of the patients whose labels the run sees, to leave out.

    Returns:
        `(frames, size, size, 1)` float32 images in [0, 1] and uint8 labels as of
        `labels.load`, and a dict of the `patients` and `frames` seen and the frames
        `left_out` because the teacher finds no ventricle there.

    Raises:
        InputError: The teacher does not suit, or there is nothing for it to label.
    """
    teacher, made_by = initial.finetuned(recipe.teacher)
    _refuse(recipe, made_by)
    own, theirs, names = _read(recipe, made_by, data, set(labelled))
    answers = teacher.predict(theirs, batch_size=recipe.batch, verbose=0)
    labels = np.stack([_decided(one, recipe) for one in answers])
    found = (labels == schema.VENTRICLE).any(axis=(1, 2, 3))
    if not found.any():
        raise errors.InputError(
            f"{recipe.teacher} finds no left ventricle in any of the {len(found)} "
            "frames without labels; give a teacher that has learnt more"
        )
    facts = {
        "patients": len(set(names)),
        "frames": int(found.sum()),
        "left_out": int((~found).sum()),
    }
    return (own[found], labels[found]), facts


def _refuse(recipe, made_by):
    if recipe.structures == "all" and made_by.structures != "all":
        raise errors.InputError(
            f"{recipe.teacher} knows the left ventricle alone and cannot teach "
            "structures: all; give a teacher of all, or set structures: lv"
        )
    if recipe.aspect != made_by.aspect:
        raise errors.InputError(
            f"{recipe.teacher} was fine-tuned with aspect {made_by.aspect}, not "
            f"{recipe.aspect}; set aspect: {made_by.aspect} in the recipe"
        )


def _read(recipe, made_by, data, labelled):
    """Frames at both networks' sizes, and the patient of each."""
    own, theirs, names = [], [], []
    for video in tfrecords.unlabelled([data], SPLITS).as_numpy_iterator():
        patient = video["patient"].decode()
        if patient in labelled:
            continue
        frames = video["frames"]
        for encoded in frames[[0, -1]] if len(frames) > 1 else frames:
            pixels = tf.io.decode_png(encoded, channels=1)
            own.append(preprocess.image(pixels, recipe.size, aspect=recipe.aspect))
            theirs.append(preprocess.image(pixels, made_by.size, aspect=recipe.aspect))
            names.append(patient)
    if not names:
        raise errors.InputError(
            f"{data} holds no unlabelled video of another patient than the "
            f"{len(labelled)} labelled ones; set a smaller fraction or no teacher"
        )
    return np.stack(own), np.stack(theirs), names


def _decided(answer, recipe):
    """Labels of one answer at the size of the recipe."""
    answer = tf.image.resize(answer, (recipe.size, recipe.size))
    if recipe.structures == "all":
        return tf.argmax(answer, axis=-1).numpy()[..., None].astype(np.uint8)
    return (heads.ventricle(answer).numpy() >= 0.5).astype(np.uint8)
