"""From a recipe to a method around an encoder with its optimiser, and back."""

from echo_keras.data import views
from echo_keras.methods import byol, dense, pairs, simclr
from echo_keras.models import heads, unet
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
        Compiled model, its trained part in `features`.

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


def plain(recipe, model):
    """Trained parts of a method, in float32 and for one device, to be kept.

    Args:
        recipe: `config.Pretrain`.
        model: As `create` returns it.

    Returns:
        Dict of file name to model: the encoder, and the decoder where it was trained.
    """
    encoder = _encoder(recipe)
    parts = {initial.ENCODER_FILE: encoder}
    if _decodes(recipe):
        parts[initial.DECODER_FILE] = unet.decoder(encoder)
    for part in parts.values():
        part.set_weights(model.features.get_layer(part.name).get_weights())
    return parts


def _features(recipe, *, synchronized, filled=True):
    """What is compared: features of frames, or of places in them."""
    encoder = _encoder(recipe, synchronized=synchronized)
    decoder = None
    if _decodes(recipe):
        decoder = unet.decoder(encoder, synchronized=synchronized)
    if filled:
        initial.fill(encoder, recipe.init, width=recipe.width)
        if decoder:
            initial.fill_decoder(decoder, recipe.init)
    if recipe.contrast == "dense":
        return heads.sampled(encoder, decoder)
    return heads.pooled(encoder)


def _decodes(recipe):
    return recipe.contrast == "dense" and recipe.encoder == "unet"


def _encoder(recipe, *, synchronized=False):
    return initial.encoder(
        recipe.encoder,
        size=recipe.size,
        width=recipe.width,
        synchronized=synchronized,
    )


def _draw(recipe):
    view = VIEWS[recipe.views]
    if recipe.contrast == "dense":
        return dense.draw(view, count=recipe.places, apart=recipe.apart)
    return pairs.whole(view)


def _method(recipe, steps, *, synchronized):
    features = _features(recipe, synchronized=synchronized)
    encoder = features.get_layer(recipe.encoder)
    options = {
        "draw": _draw(recipe),
        "seed": recipe.seed,
        "synchronized": synchronized,
        "jit": recipe.jit,
    }
    if recipe.method == "byol":
        return byol.BYOL(
            features,
            _features(recipe, synchronized=synchronized, filled=False),
            steps=steps,
            momentum=recipe.momentum,
            hidden=recipe.hidden or 64 * recipe.width,
            projection=recipe.projection or 4 * recipe.width,
            **options,
        )
    return simclr.SimCLR(
        features,
        temperature=recipe.temperature,
        hidden=recipe.hidden or encoder.output_shape[-1][-1],
        projection=recipe.projection or 128,
        **options,
    )
