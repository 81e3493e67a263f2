"""Dilated convolution as a sum over the kernel's taps, fast where most lie outside."""

import keras
import numpy as np
import tensorflow as tf

from echo_keras.models import dilated


@keras.saving.register_keras_serializable("echo_keras")
class TapwiseConv2D(keras.layers.Conv2D):
    """The same layer as `keras.layers.Conv2D`, its convolution computed tap by tap.

    TensorFlow spreads a dilated convolution over a padded batch on a CPU, which is far
    larger than the map when the rate is. Here each tap is one product of a shifted
    crop, and a tap that reaches beyond the map costs nothing. At rates below two thirds
    of the map, where most do not, `dilated.convolution` is faster and does it, if it
    can. Weights, arguments and results are those of `Conv2D`, for stride 1, padding
    `same`, odd kernels and maps of a known size.
    """

    def convolution_op(self, inputs, kernel):
        height, width = inputs.shape[1:3]
        within = 3 * min(self.dilation_rate) < 2 * min(height, width)
        if within and dilated.native(self.compute_dtype):
            return dilated.convolution(inputs, kernel, dilations=self.dilation_rate)
        total = None
        for row, column in np.ndindex(*self.kernel_size):
            down = (row - self.kernel_size[0] // 2) * self.dilation_rate[0]
            right = (column - self.kernel_size[1] // 2) * self.dilation_rate[1]
            if abs(down) < height and abs(right) < width:
                part = _tap(inputs, kernel[row, column], down, right)
                total = part if total is None else total + part
        return total


def _tap(inputs, weights, down, right):
    """Product of one tap, read `down` and `right` of each place, zero outside."""
    height, width = inputs.shape[1:3]
    seen = inputs[
        :,
        max(down, 0) : height + min(down, 0),
        max(right, 0) : width + min(right, 0),
    ]
    product = tf.nn.conv2d(seen, weights[None, None], strides=1, padding="VALID")
    outside = [[max(-shift, 0), max(shift, 0)] for shift in (down, right)]
    return tf.pad(product, [[0, 0], *outside, [0, 0]])
