"""How soon batch norms forget what their networks were like before."""

import keras

MOST_LEFT = 0.05  # of the first statistics at the end of a run


def forget(model, momentum):
    """Set the share of running statistics that outlives a step, in every batch norm.

    Args:
        model: Any `keras.Model`, changed before it is compiled.
        momentum: Share in [0, 1). PyTorch calls 1 minus this its momentum, and has .1.

    Returns:
        The same model.
    """
    for layer in model.submodules:
        if isinstance(layer, keras.layers.BatchNormalization):
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
