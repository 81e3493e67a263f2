"""Which labels a run may see, and the labelled frames in memory."""

import numpy as np
import tensorflow as tf

from echo_keras import errors
from echo_keras.data import preprocess, schema, subsets, tfrecords


def patients(recipe, data):
    """Draw the patients whose labels a run may see.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records.

    Returns:
        Dict of sorted names for `train` and `validation`. The validation split shrinks
        with the fraction, to one patient at least, unless the recipe keeps it full.

    Raises:
        InputError: A split has no labelled frame, or the fraction selects nobody.
    """
    train = tfrecords.patients(data, "train")
    validation = tfrecords.patients(data, "validation")
    share = max(recipe.fraction, 1 / len(validation))
    if recipe.validation == "full":
        share = 1.0
    return {
        "train": subsets.draw(train, recipe.fraction, seed=recipe.subset_seed),
        "validation": subsets.draw(validation, share, seed=recipe.subset_seed),
    }


def load(recipe, data, split, *, patients):
    """Read labelled frames of some patients into memory.

    Args:
        recipe: `config.Finetune`.
        data: Folder of records.
        split: Name of the split.
        patients: Names of the patients.

    Returns:
        `(frames, size, size, 1)` float32 images in [0, 1] and uint8 labels of the same
        shape: 1 inside the left ventricle, and 2 and 3 inside the other structures
        where the recipe asks for all.

    Raises:
        InputError: The masks hold unknown labels, or not the structures wanted.
    """
    between = recipe.between and split == "train"
    records = tfrecords.labelled(data, split, patients=patients, between=between)
    square = {"size": recipe.size, "aspect": recipe.aspect}
    pairs = records.map(
        lambda record: (
            preprocess.image(record["image"], **square),
            preprocess.structures(record["mask"], **square),
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    images, labels = map(np.stack, zip(*pairs.as_numpy_iterator()))
    _check(labels, recipe.structures, f"the {len(labels)} masks of {split} in {data}")
    if recipe.structures == "lv":
        labels = (labels == schema.VENTRICLE).astype(np.uint8)
    return images, labels


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
