import numpy as np
import tensorflow as tf

from echo_keras.methods import pairs


def test_the_gradient_is_that_of_the_mean_loss_over_views(build, batch, descent, noisy):
    """A second route: the written-out objective on the same views, one device."""
    method = build("simclr")
    both, _ = pairs.drawn(noisy, batch[0][:, 0], seed=0, step=0)
    half = len(batch[0])
    patients = np.tile(batch[1][:, 0], 2)
    negative = (patients[:, None] != patients).astype(float)
    with tf.GradientTape() as tape:
        units = tf.math.l2_normalize(method(both, training=True), axis=1)
        logits = tf.matmul(units, units, transpose_b=True) / 0.5
        partners = tf.reduce_sum(units * tf.roll(units, half, axis=0), axis=1) / 0.5
        others = tf.reduce_sum(tf.exp(logits) * negative, axis=1)
        losses = tf.math.log(tf.exp(partners) + others) - partners
        loss = tf.reduce_mean(losses)
    expected = tape.gradient(loss, method.trainable_variables)

    method.compile(descent())
    before = [weight.numpy() for weight in method.trainable_variables]
    told = method.train_step(batch)
    np.testing.assert_allclose(told["loss"], loss, atol=1e-5)
    for old, new, gradient in zip(before, method.trainable_variables, expected):
        np.testing.assert_allclose(old - new, gradient, atol=1e-8)
