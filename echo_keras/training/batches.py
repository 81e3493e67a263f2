"""Endless batches for fine-tuning: labelled frames, pseudo-labelled ones, augmented."""

import tensorflow as tf

from echo_keras.data import augment

RANGES = {"mild": augment.MILD, "strong": augment.STRONG}


def endless(recipe, frames, pseudo=None, *, first=0):
    """Mix and augment frames without end, the same for the same seed.

    Args:
        recipe: `config.Finetune`.
        frames: Labelled images `(frames, size, size, 1)` float32 in [0, 1] and their
            labels, uint8 of the same shape.
        pseudo: The same of pseudo-labelled frames, if any; they make up `pseudo_share`
            of each batch.
        first: Number of the batch to begin with.

    Returns:
        `tf.data.Dataset` of pairs `(batch, size, size, 1)` float32.
    """
    count = labelled_count(recipe)
    mixed = _shuffled(frames, count, seed=recipe.seed)
    if pseudo is not None:
        others = _shuffled(pseudo, recipe.batch - count, seed=recipe.seed + 1)
        mixed = tf.data.Dataset.zip((mixed, others)).map(_joined)
    mixed = mixed.skip(first)
    if recipe.augment != "none":
        numbered = tf.data.Dataset.zip((mixed, tf.data.Dataset.counter(first)))
        mixed = numbered.map(
            lambda pair, step: augment.paired(
                *pair, seed=(recipe.seed, step), ranges=RANGES[recipe.augment]
            ),
            num_parallel_calls=1,
        )
    return mixed.prefetch(2)


def labelled_count(recipe):
    """Labelled frames in a batch, of which teachers leave one at least."""
    if not recipe.teachers:
        return recipe.batch
    pseudo = round(recipe.pseudo_share * recipe.batch)
    return recipe.batch - min(max(pseudo, 1), recipe.batch - 1)


def whole(frames, batch):
    """Frames once and in order, as `endless` gives them but not altered.

    Args:
        frames: Images and labels as of `endless`.
        batch: Frames in a batch.

    Returns:
        `tf.data.Dataset` of pairs, the last one smaller where the rest is.
    """
    return tf.data.Dataset.from_tensor_slices(frames).batch(batch).map(_as_floats)


def _shuffled(frames, count, *, seed):
    dataset = tf.data.Dataset.from_tensor_slices(frames)
    dataset = dataset.shuffle(len(frames[0]), seed=seed).repeat()
    return dataset.batch(count, drop_remainder=True).map(_as_floats)


def _joined(frames, pseudo):
    return tuple(tf.concat(parts, axis=0) for parts in zip(frames, pseudo))


def _as_floats(images, labels):
    return images, tf.cast(labels, tf.float32)
