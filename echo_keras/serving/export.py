"""From a fine-tuned Keras model to a version that TensorFlow Serving loads."""

import json
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from echo_keras import aside, config, errors
from echo_keras.models import dilated, folded, heads
from echo_keras.serving import card, endpoints, quantized, session, warmup

MODEL = "model.keras"
RECIPE = "recipe.yaml"
EXTRA = "assets.extra"
FACTS = "export.json"
TOLERANCE = 1e-4  # of a probability: folded batch norms round otherwise


def export(model_dir, output, *, scores=None, quantize=None, **finish):
    """Write a model as the next version, once it answers as the Keras model does.

    Its batch norms are folded into the convolutions before them.

    Args:
        model_dir: Folder that `echo-keras finetune` wrote.
        output: Folder of the model's versions; its name is the name to serve under.
        scores: JSON of `echo-keras evaluate` for the model card, or None.
        quantize: Folder of records to calibrate and score a TFLite copy on, or None.
        **finish: `largest_component`, `fill_holes` and `temperature` of
            `endpoints.module`.

    Returns:
        Path of the new version. Beside the model its `assets.extra` holds the warm-up
        requests, the model card, the recipe and `export.json`.

    Raises:
        InputError: `model_dir` holds no fine-tuned model, or `output` cannot be
            written to.
        RuntimeError: The exported graph answers otherwise than the Keras model.
    """
    model, recipe = load_keras(model_dir)
    known = card.collect(model_dir, recipe)
    evaluation = card.read_scores(scores) if scores else {}
    square = {"size": recipe.size, "aspect": recipe.aspect}
    stored = endpoints.module(model, **square, **finish)
    quick = folded.fold(load_keras(model_dir)[0])
    served = endpoints.module(quick, **square, **finish)
    number = max(session.version_numbers(output), default=0) + 1
    version = Path(output) / str(number)
    with aside.folder(version) as partial:
        functions = {name: getattr(served, name) for name in endpoints.SIGNATURES}
        tf.saved_model.save(served, str(partial), signatures=functions)
        extra = partial / EXTRA
        extra.mkdir()
        requests = warmup.requests(recipe.size)
        warmup.write(extra / warmup.FILE, version.parent.name, requests)
        checked = _verify(partial, model, stored, requests, finish)
        if (Path(model_dir) / RECIPE).is_file():
            shutil.copyfile(Path(model_dir) / RECIPE, extra / RECIPE)
        (extra / FACTS).write_text(json.dumps(checked, indent=2) + "\n")
        copy = {}
        if quantize:
            copy = quantized.write(model, recipe, quantize, extra / quantized.FILE)
        told = {"name": version.parent.name, "version": number, **known}
        told |= {"verification": checked, "finish": finish}
        card.write(extra, {**told, "evaluation": evaluation, "quantized": copy})
    return version


def facts(version):
    """What the verification of an exported version found.

    Args:
        version: Folder that `export` wrote.

    Returns:
        Dict of `largest_difference`, `warmup_requests` and `tensorflow`.
    """
    return json.loads((Path(version) / EXTRA / FACTS).read_text())


def load_keras(model_dir):
    """Load the segmentation network of a fine-tuned folder.

    Args:
        model_dir: Folder that `echo-keras finetune` wrote.

    Returns:
        Keras model from `(batch, size, size, 1)` frames to probabilities of the left
        ventricle, and the `config.Finetune` that it was trained by.

    Raises:
        InputError: The folder holds no fine-tuned model.
    """
    folder = Path(model_dir)
    recipe = _recipe(folder)
    if recipe.network == "deeplabv3":
        from echo_keras.models import deeplabv3  # noqa: F401  registers its layers
    try:
        model = keras.models.load_model(folder / MODEL, compile=False)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as reason:
        raise errors.InputError(
            f"cannot read {folder / MODEL}: {reason}; fine-tune the model again"
        ) from reason
    _, height, width, channels = model.input_shape
    if height is None or height != width or channels != 1:
        raise errors.InputError(
            f"{folder / MODEL} takes frames of shape {model.input_shape[1:]}, not "
            "square grey ones of a fixed size; give a folder that echo-keras finetune "
            "wrote"
        )
    model = dilated.hasten(model)
    ventricle = keras.Model(model.inputs, heads.ventricle(model.outputs[0]))
    return ventricle, config.replace(recipe, size=height)


def largest_difference(servable, model, served, *, temperature=1.0):
    """How far a loaded export is from its Keras model, on noise of several sizes.

    Args:
        servable: `session.Servable` of the export.
        model: The Keras model.
        served: `endpoints.module` of the Keras model.
        temperature: As for `endpoints.module`.

    Returns:
        Largest absolute difference of a probability, of both signatures.
    """
    random = np.random.default_rng(0)
    frames = random.uniform(size=(2, *model.input_shape[1:])).astype(np.float32)
    answer = servable.run("serving_default", {"image": frames})
    expected = endpoints.tempered(model(frames, training=False), temperature)
    first = np.abs(answer["probability"] - expected).max()

    sizes = ((97, 130), (48, 31))
    noise = [random.integers(256, size=(*size, 1), dtype=np.uint8) for size in sizes]
    encoded = [tf.io.encode_png(pixels).numpy() for pixels in noise]
    answer = servable.run("image_bytes", {"image_bytes": np.array(encoded, object)})
    expected = served.image_bytes(encoded)["probability_mean"]
    second = np.abs(answer["probability_mean"] - expected).max()
    return float(np.maximum(first, second))


def _verify(partial, model, stored, requests, finish):
    """Load an export as the model server does, warm it up and compare its answers."""
    servable = session.load(partial)
    for signature, inputs in requests:
        servable.run(signature, inputs)
    temperature = finish.get("temperature", 1.0)
    difference = largest_difference(servable, model, stored, temperature=temperature)
    if not difference <= TOLERANCE:
        raise RuntimeError(
            f"the export differs by {difference:.1e} from the Keras model, more than "
            f"{TOLERANCE}"
        )
    return {
        "largest_difference": difference,
        "tolerance": TOLERANCE,
        "warmup_requests": len(requests),
        "tensorflow": tf.__version__,
    }


def _recipe(folder):
    if not folder.is_dir():
        raise errors.InputError(f"no folder {folder}; is the path right?")
    if not (folder / MODEL).is_file():
        if versions := [path.parent for path in folder.glob("[0-9]*/saved_model.pb")]:
            raise errors.InputError(
                f"{folder} holds no {MODEL}; give a folder that echo-keras finetune "
                "wrote, or to score or predict one of its exported versions, such as "
                f"{max(versions, key=lambda version: int(version.name))}"
            )
        found = sorted(path.name for path in folder.glob("*"))[:5]
        raise errors.InputError(
            f"{folder} holds {', '.join(found) or 'nothing'} and no {MODEL}; give a "
            "folder that echo-keras finetune wrote"
        )
    path = folder / RECIPE
    return config.load(config.Finetune, path if path.is_file() else None)
