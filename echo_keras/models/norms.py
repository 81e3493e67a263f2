"""How soon, and how entirely, batch norms forget what they began with."""

import keras
import tensorflow as tf

MOST_LEFT = 0.05  # of the first statistics at the end of a run


def forget(model, momentum):
    """Set the share of running statistics that outlives a step, in every batch norm.

    Args:
        model: Any `keras.Model`, changed before it is compiled.
        momentum: Share in [0, 1). PyTorch calls 1 minus this its momentum, and has .1.

    Returns:
        The same model.
    """
    for layer in _layers(model):
        layer.momentum = momentum
    return model


def momentum(longest, steps):
    """Share of running statistics that outlives a step of a run of some length.

    Of the first ones, which know nothing of the frames, Keras's .99 has 22 % left after
    150 steps and 5 % after 300; a shorter run forgets them sooner.

    Args:
        longest: Share in [0, 1) of a run that is long enough.
        steps: Steps of the run.

    Returns:
        That share, or less where more than `MOST_LEFT` of the first statistics would
        be left.
    """
    return min(longest, MOST_LEFT ** (1 / steps))


def statistics(model):
    """Running statistics of every batch norm.

    Args:
        model: Any `keras.Model`.

    Returns:
        List of arrays: mean and variance of the channels of each in turn.
    """
    return [variable.numpy() for variable in _running(model)]


def take_out(model, first, share):
    """Take out of the running statistics what is left in them of the first ones.

    As all of it is a sum, what remains is the running average of the steps alone.

    Args:
        model: Any `keras.Model`; its statistics are changed.
        first: List of arrays, as `statistics` gave it before the first step.
        share: What is left of them, in [0, 1): the momentum to the power of the steps.
    """
    for variable, value in zip(_running(model), first):
        variable.assign((variable - share * value) / (1.0 - share))
    for layer in _layers(model):  # where none is left, rounding may fall below
        layer.moving_variance.assign(tf.nn.relu(layer.moving_variance))


def put_back(model, first, share):
    """Undo `take_out`.

    Args:
        model: The same model.
        first: The same list.
        share: The same share.
    """
    for variable, value in zip(_running(model), first):
        variable.assign((1.0 - share) * variable + share * value)


def _running(model):
    for layer in _layers(model):
        yield from (layer.moving_mean, layer.moving_variance)


def _layers(model):
    for layer in model.submodules:
        if isinstance(layer, keras.layers.BatchNormalization):
            yield layer
