"""DeepLabV3: an atrous pyramid on a dilated encoder; keras-cv lives here only."""

import contextlib
import io

import keras
import tensorflow as tf

from echo_keras.models import heads, tapwise

with (
    contextlib.redirect_stderr(io.StringIO()),
    contextlib.redirect_stdout(io.StringIO()),
):
    import keras_cv

RATES = (12, 24, 36)
WIDENING = 4  # from the encoder's first level to a branch of the pyramid


def segmenter(encoder, *, channels=1, filters=256):
    """Put the atrous spatial pyramid and a decision per pixel on an encoder.

    Args:
        encoder: Model from `(batch, size, size, 1)` frames to a list of feature maps,
            the last at an eighth of the size; its weights are shared, not copied.
        channels: Of the answer: 1 for the left ventricle, or one for each label.
        filters: Channels of each branch of the pyramid; 256 is the published network.

    Returns:
        Model from `(batch, size, size, 1)` float32 frames in [0, 1] to
        `(batch, size, size, channels)` float32, as of `heads.probabilities`.

    Source: Chen et al. 2017, https://arxiv.org/abs/1706.05587
    """
    inputs = keras.Input(encoder.input_shape[1:], name="image")
    features = encoder(inputs)[-1]
    factor = inputs.shape[1] // features.shape[1]
    features = Pyramid(RATES, num_channels=filters, dropout=0.5, name="pyramid")(
        features
    )
    features = keras.layers.Conv2D(
        filters, 3, padding="same", use_bias=False, name="head_conv"
    )(features)
    features = keras.layers.BatchNormalization(name="head_norm")(features)
    features = keras.layers.Activation("relu", name="head_relu")(features)
    logits = keras.layers.Conv2D(channels, 1, dtype="float32", name="logits")(features)
    logits = keras.layers.UpSampling2D(
        factor, interpolation="bilinear", dtype="float32", name="grow"
    )(logits)
    return keras.Model(inputs, heads.probabilities(logits), name="deeplabv3_segmenter")


@keras.saving.register_keras_serializable("echo_keras")
class Pyramid(keras_cv.layers.SpatialPyramidPooling):
    """keras-cv's atrous spatial pyramid, its dilated convolutions taken tap by tap.

    Args:
        dilation_rates: Rates of the dilated branches.
        **options: As of `keras_cv.layers.SpatialPyramidPooling`.
    """

    def __init__(self, dilation_rates, **options):
        options.pop("synchronized", None)  # in files of earlier versions
        super().__init__(dilation_rates, **options)

    def build(self, input_shape):
        super().build(input_shape)
        for branch, rate in enumerate(self.dilation_rates, start=1):
            self.aspp_parallel_channels[branch] = self._dilated(rate, input_shape)

    def call(self, inputs, training=None):
        """Join the branches, of which the original turns the last into float32."""
        branches = [
            branch(inputs, training=training) for branch in self.aspp_parallel_channels
        ]
        branches[-1] += tf.zeros_like(branches[0])  # one mean for all places
        joined = tf.concat(branches, axis=-1)
        return self.projection(joined, training=training)

    def _dilated(self, rate, input_shape):
        branch = keras.Sequential(
            [
                tapwise.TapwiseConv2D(
                    self.num_channels,
                    3,
                    padding="same",
                    dilation_rate=rate,
                    use_bias=False,
                ),
                keras.layers.BatchNormalization(),
                keras.layers.Activation(self.activation),
            ]
        )
        branch.build(input_shape)
        return branch
