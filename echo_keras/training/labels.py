"""Which labels a run may see, and the labelled frames in memory."""

import collections
import functools

import numpy as np
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import preprocess, schema, subsets, tfrecords
from echo_keras.training import origin


def choose(recipe, data):
    """Draw whose labels a run may see.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records.

    Returns:
        Dict of `patients`, sorted names for `train` and `validation`, and `images`,
        the sorted names of the training frames where these are drawn one by one,
        otherwise None. The validation split shrinks with the fraction, to one patient
        at least, unless the recipe keeps it full.

    Raises:
        InputError: A split has no labelled frame, or the fraction selects nobody.
    """
    train = tfrecords.patients(data, "train")
    validation = tfrecords.patients(data, "validation")
    draw = functools.partial(subsets.draw, seed=recipe.subset_seed)
    images = None
    if recipe.fraction_by == "image":
        records = tfrecords.labelled(data, "train", between=recipe.between)
        names = [name.decode() for name in records.map(_name).as_numpy_iterator()]
        images = draw(names, recipe.fraction, unit="images")
        train = sorted({name.rsplit("/", 3)[0] for name in images})
    else:
        train = draw(train, recipe.fraction)
    share = max(recipe.fraction, 1 / len(validation))
    if recipe.validation == "full":
        share = 1.0
    patients = {"train": train, "validation": draw(validation, share)}
    return {"patients": patients, "images": images}


def load(recipe, data, split, *, patients, images=None):
    """Read labelled frames of some patients into memory.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records.
        split: Name of the split.
        patients: Names of the patients.
        images: Names of the frames to keep, as of `choose`, all by default.

    Returns:
        `(frames, size, size, 1)` float32 images in [0, 1] and uint8 labels of the same
        shape: 1 inside the left ventricle, and 2 and 3 inside the other structures
        where the recipe asks for all.

    Raises:
        InputError: The masks hold unknown labels, no left ventricle, or where they are
            to train on not the structures wanted.
    """
    between = recipe.between and split == "train"
    records = tfrecords.labelled(data, split, patients=patients, between=between)
    if images is not None:
        wanted = tf.constant(images)
        records = records.filter(lambda one: tf.reduce_any(_name(one) == wanted))
    square = {"size": recipe.size, "aspect": recipe.aspect}
    pairs = records.map(
        lambda record: (
            preprocess.image(record["image"], **square),
            preprocess.structures(record["mask"], **square),
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    images, labels = map(np.stack, zip(*pairs.as_numpy_iterator()))
    learnt = recipe.structures if split == "train" else "lv"
    _check(labels, learnt, f"the {len(labels)} masks of {split} in {data}")
    if recipe.structures == "lv":
        labels = (labels == schema.VENTRICLE).astype(np.uint8)
    return images, labels


def marks(data, splits, *, patients=None):
    """What tells patients by any of their labelled frames, whatever they are called.

    Args:
        data: Folder of records.
        splits: Names of splits.
        patients: Names of the patients to mark; all of the splits by default.

    Returns:
        Dict of patient to a set of a hash of each of its frames at ED and ES, 16
        hexadecimal digits that are the same in any records that hold the frame.
    """
    found = collections.defaultdict(set)
    for split in splits:
        records = tfrecords.frames(data, "labelled", split, patients=patients)
        for record in records.as_numpy_iterator():
            shown = schema.digest(record["image"][..., 0])[:8].hex()
            found[record["patient"].decode()].add(shown)
    return dict(found)


def refuse_more(weights, chosen, known):
    """Refuse weights that labels went into which the run may not see.

    Patients count, not frames: of a run that draws images, another labelled frame of
    one of its patients is no reason.

    Args:
        weights: `origin.weights` of what the run begins with or learns from.
        chosen: What `choose` gave the run.
        known: `marks` of the records.

    Raises:
        InputError: There are such labels.
    """
    learnt = origin.learnt(weights)
    seen = {patient for patient, frames in known.items() if frames & learnt}
    more = seen.difference(chosen["patients"]["train"])
    if more:
        raise errors.InputError(
            f"{weights['folder']} has learnt from the labels of {len(more)} patients "
            "of these records that this run may not see, such as "
            f"{min(more)}; give one of the same fraction and subset_seed, or of other "
            "records"
        )


def _name(record):
    parts = [record["patient"], record["view"], record["phase"]]
    return tf.strings.join([*parts, tf.strings.as_string(record["frame"])], "/")


def _check(labels, structures, masks):
    found = np.flatnonzero(
        sum(np.bincount(one.ravel(), minlength=256) for one in labels)
    )
    unknown = found[found >= len(schema.STRUCTURES)]
    if unknown.size:
        raise errors.InputError(
            f"{masks} hold the label {unknown[0]}, which is no structure; build the "
            f"records again from masks of 0 to {len(schema.STRUCTURES) - 1}"
        )
    if schema.VENTRICLE not in found:
        raise errors.InputError(
            f"none of {masks} shows a left ventricle; do the records come from another "
            "data set or structure?"
        )
    missing = sorted(set(range(len(schema.STRUCTURES))).difference(found))
    if structures == "all" and missing:
        raise errors.InputError(
            f"none of {masks} shows the {schema.STRUCTURES[missing[0]]}, which "
            "structures: all is to learn; set structures: lv"
        )
