"""The two signatures of an exported model, preprocessing and drawing included.

`serving_default` takes `image`, `(batch, size, size, 1)` float32 in [0, 1], and gives
`probability` of the same shape. `image_bytes` takes `image_bytes`, `(batch,)` encoded
PNG, JPEG, BMP or GIF (its first frame) of any size and channel count, and gives for
each image:

- `mask_png_bytes`: PNG of the image's own size, 255 in the ventricle, 0 elsewhere;
- `area`: int32 pixels of that mask;
- `area_low`, `area_high`: int32 pixels whose probability is at least 0.75 and 0.25, a
  band around the area that is narrow where the network is sure of the border;
- `probability_mean`: float32 mean probability inside the mask, 0 where it is empty;
  near 1 where the network is sure, near 0.5 where it guesses.

The temperature divides the logits of the probabilities that are told, in both
signatures; it moves no border.

Both begin with a check of their shape, because the model server feeds whatever it is
sent, and a wrong rank would end its process inside a convolution.
"""

import tensorflow as tf

from echo_keras.data import preprocess
from echo_keras.serving import pieces

THRESHOLD = 0.5
LOW, HIGH = 0.75, 0.25
SIGNATURES = ("serving_default", "image_bytes")


def module(
    model,
    size,
    *,
    aspect="stretch",
    largest_component=False,
    fill_holes=False,
    temperature=1.0,
):
    """Wrap a segmentation network in the two functions that are served.

    Args:
        model: Keras model from `(batch, size, size, 1)` frames in [0, 1] to
            probabilities of the same shape.
        size: Height and width that the network takes, in pixels.
        aspect: How frames are made square, of `preprocess.ASPECTS`.
        largest_component: Whether a mask keeps its largest piece only.
        fill_holes: Whether holes of a mask are filled.
        temperature: Divisor of the logits, positive; above 1 the network is believed
            less.

    Returns:
        `tf.Module` with one `tf.function` for each of `SIGNATURES`.
    """
    served = tf.Module()
    served.variables_of_model = model.variables
    shape = (None, size, size, 1)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32, name="image")])
    def serving_default(image):
        image = tf.ensure_shape(image, shape)
        return {"probability": tempered(model(image, training=False), temperature)}

    def answer(item):
        probability, (height, width) = item[0], tf.unstack(item[1])
        restored = preprocess.restore(probability[None], height, width, aspect=aspect)
        mask = restored[0, ..., 0] >= THRESHOLD
        if largest_component:
            mask = pieces.largest(mask)
        if fill_holes:
            mask = pieces.filled(mask)
        return _measures(mask, tempered(restored[0, ..., 0], temperature))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image_bytes")])
    def image_bytes(image_bytes):
        image_bytes = tf.ensure_shape(image_bytes, (None,))
        frames, sizes = tf.map_fn(
            lambda encoded: _frame(encoded, size, aspect),
            image_bytes,
            fn_output_signature=(tf.TensorSpec(shape[1:]), tf.TensorSpec(2, tf.int32)),
        )
        return tf.map_fn(
            answer,
            (model(frames, training=False), sizes),
            fn_output_signature={
                "mask_png_bytes": tf.string,
                "area": tf.int32,
                "area_low": tf.int32,
                "area_high": tf.int32,
                "probability_mean": tf.float32,
            },
        )

    served.serving_default = serving_default
    served.image_bytes = image_bytes
    return served


def tempered(probability, temperature):
    """Divide the logits of probabilities, float32 in [0, 1]; 1 leaves them as they are.

    Source: Guo et al. 2017, https://arxiv.org/abs/1706.04599
    """
    if temperature == 1:
        return probability
    sure = 1e-7
    probability = tf.clip_by_value(probability, sure, 1 - sure)
    logits = tf.math.log(probability) - tf.math.log1p(-probability)
    return tf.sigmoid(logits / temperature)


def _frame(encoded, size, aspect):
    pixels = tf.io.decode_image(encoded, expand_animations=False)
    pixels = tf.ensure_shape(pixels, (None, None, None))
    has_colour = tf.shape(pixels)[-1] >= 3
    channels = tf.where(has_colour, tf.range(3), tf.zeros(3, tf.int32))
    grey = preprocess.grey(tf.gather(pixels, channels, axis=-1))
    return preprocess.image(grey, size, aspect=aspect), tf.shape(pixels)[:2]


def _measures(mask, probability):
    area = _count(mask)
    inside = tf.reduce_sum(tf.where(mask, probability, 0.0))
    likely = (probability >= HIGH) & (probability < THRESHOLD)
    return {
        "mask_png_bytes": tf.io.encode_png(255 * tf.cast(mask, tf.uint8)[..., None]),
        "area": area,
        "area_low": _count(mask & (probability >= LOW)),
        "area_high": _count(mask | likely),
        "probability_mean": tf.math.divide_no_nan(inside, tf.cast(area, tf.float32)),
    }


def _count(mask):
    return tf.reduce_sum(tf.cast(mask, tf.int32))
