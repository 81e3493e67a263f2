"""From a recipe to a method around an encoder with its optimiser, and back."""

from echo_keras.data import views
from echo_keras.methods import byol, simclr
from echo_keras.training import initial, optimizers, precision

VIEWS = {"paper": views.paper, "echo": views.echo}


def create(recipe, steps, *, multiply="float32", synchronized=False):
    """Build a method and its optimiser.

    Args:
        recipe: `config.Pretrain`.
        steps: Steps of the whole run, for the schedules.
        multiply: `float32`, `bfloat16` or `float16`.
        synchronized: Share batch statistics between replicas.

    Returns:
        Compiled model, its trained part in `encoder`.

    Raises:
        InputError: The first weights cannot be had or belong to another architecture.
    """
    with precision.policy(multiply):
        model = _method(recipe, steps, synchronized=synchronized)
    optimizer = optimizers.create(
        recipe.optimizer,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        steps=steps,
        warmup_steps=min(steps * recipe.warmup_epochs // recipe.epochs, steps // 2),
    )
    model.compile(precision.optimizer(multiply, optimizer))
    return model


def plain_encoder(recipe, model):
    """Encoder of a trained method, in float32 and for one device, to be kept.

    Args:
        recipe: `config.Pretrain`.
        model: As `create` returns it.

    Returns:
        Model from frames to a list of feature maps, fine to coarse.
    """
    encoder = _encoder(recipe)
    encoder.set_weights(model.encoder.get_weights())
    return encoder


def _encoder(recipe, *, synchronized=False):
    return initial.encoder(
        recipe.encoder,
        size=recipe.size,
        width=recipe.width,
        synchronized=synchronized,
    )


def _method(recipe, steps, *, synchronized):
    own = _encoder(recipe, synchronized=synchronized)
    initial.fill(own, recipe.init, width=recipe.width)
    options = {
        "view": VIEWS[recipe.views],
        "seed": recipe.seed,
        "synchronized": synchronized,
        "jit": recipe.jit,
    }
    if recipe.method == "byol":
        return byol.BYOL(
            own,
            _encoder(recipe, synchronized=synchronized),
            steps=steps,
            momentum=recipe.momentum,
            hidden=recipe.hidden or 64 * recipe.width,
            projection=recipe.projection or 4 * recipe.width,
            **options,
        )
    return simclr.SimCLR(
        own,
        temperature=recipe.temperature,
        hidden=recipe.hidden or own.output_shape[-1][-1],
        projection=recipe.projection or 128,
        **options,
    )
