"""Self-training: what fine-tuned networks say of frames without labels."""

import itertools

import numpy as np
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import preprocess, schema, tfrecords
from echo_keras.models import heads
from echo_keras.training import initial

SPLITS = ("train", "unlisted")


def teachers(recipe):
    """Load the networks that are to teach.

    Args:
        recipe: `config.Finetune`, with their folders in `teachers`.

    Returns:
        List of pairs as of `initial.finetuned`.

    Raises:
        InputError: A folder holds no network, or one that does not suit.
    """
    found = [initial.finetuned(folder) for folder in recipe.teachers]
    for folder, (_, made_by) in zip(recipe.teachers, found):
        refuse_unfit(recipe, folder, made_by)
    return found


def refuse_unfit(recipe, teacher, made_by):
    """Refuse a teacher whose answers are not those that a recipe is to learn.

    Args:
        recipe: `config.Finetune` of the student.
        teacher: Its folder or word, for people.
        made_by: `config.Finetune` that made it.

    Raises:
        InputError: It does not know all structures, or sees frames of another aspect.
    """
    if recipe.structures == "all" and made_by.structures != "all":
        raise errors.InputError(
            f"{teacher} knows the left ventricle alone and cannot teach structures: "
            "all; give a teacher of all, or set structures: lv"
        )
    if recipe.aspect != made_by.aspect:
        raise errors.InputError(
            f"{teacher} was fine-tuned with aspect {made_by.aspect}, not "
            f"{recipe.aspect}; set aspect: {made_by.aspect} in the recipe"
        )


def load(recipe, data, teachers, *, labelled):
    """Label the first and the last frame of the videos of patients without labels.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records; videos of train and of no split are read.
        teachers: The networks, as of `teachers`, the mean of whose answers counts.
        labelled: Names of the patients whose labels the run sees, to leave out.

    Returns:
        `(frames, size, size, 1)` float32 images in [0, 1] and uint8 labels as of
        `labels.load`, and a dict of the `frames`, of how many `patients` they are, and
        of the frames `left_out` because the teachers find no ventricle there.

    Raises:
        InputError: There is nothing for them to label, or they find nothing.
    """
    sizes = {recipe.size, *(made_by.size for _, made_by in teachers)}
    refuse_none(data, set(labelled))
    frames, names = _read(sizes, recipe, data, set(labelled))
    answer = sum(
        _answers(model, frames[made_by.size], recipe) for model, made_by in teachers
    )
    labels = _decided(answer / len(teachers))
    found = (labels == schema.VENTRICLE).any(axis=(1, 2, 3))
    if not found.any():
        raise errors.InputError(
            f"{_named(recipe)} finds no left ventricle in any of the {len(found)} "
            "frames without labels; give a teacher that has learnt more"
        )
    facts = {
        "patients": len(set(itertools.compress(names, found))),
        "frames": int(found.sum()),
        "left_out": int((~found).sum()),
    }
    return (frames[recipe.size][found], labels[found]), facts


def refuse_none(data, labelled):
    """Refuse records without a video for teachers to label.

    Args:
        data: Folder of records.
        labelled: Names of the patients whose labels the run sees.

    Raises:
        InputError: There is none.
    """
    for video in tfrecords.unlabelled([data], SPLITS).as_numpy_iterator():
        if video["patient"].decode() not in labelled:
            return
    raise errors.InputError(
        f"{data} holds no unlabelled video of another patient than the "
        f"{len(labelled)} labelled ones; set a smaller fraction or no teacher"
    )


def _named(recipe):
    first, *others = recipe.teachers
    return f"{first} with {len(others)} more" if others else first


def _read(sizes, recipe, data, labelled):
    """Frames at all sizes, in a dict, and the patient of each."""
    found, names = {size: [] for size in sizes}, []
    for video in tfrecords.unlabelled([data], SPLITS).as_numpy_iterator():
        patient = video["patient"].decode()
        if patient in labelled:
            continue
        frames = video["frames"]
        for encoded in frames[[0, -1]] if len(frames) > 1 else frames:
            pixels = tf.io.decode_png(encoded, channels=1)
            for size, images in found.items():
                images.append(preprocess.image(pixels, size, aspect=recipe.aspect))
            names.append(patient)
    return {size: np.stack(images) for size, images in found.items()}, names


def _answers(model, frames, recipe):
    """Probabilities at the size of the recipe, of what it is to learn."""
    answers = model.predict(frames, batch_size=recipe.batch, verbose=0)
    if recipe.structures != "all":
        answers = heads.ventricle(answers)
    return tf.image.resize(answers, (recipe.size, recipe.size)).numpy()


def _decided(answers):
    """Labels of `(frames, size, size, channels)` answers."""
    if answers.shape[-1] > 1:
        return answers.argmax(axis=-1)[..., None].astype(np.uint8)
    return (answers >= 0.5).astype(np.uint8)
