"""In which precision a network multiplies; weights and statistics stay single."""

import contextlib
import pathlib

import keras
import tensorflow as tf

PROCESSOR = pathlib.Path("/proc/cpuinfo")
NATIVE_FLAGS = ("amx_bf16", "avx512_bf16")
NATIVE_CAPABILITY = (8, 0)


def choose(choice, *, gpus=True):
    """Name the precision of a run.

    `auto` takes bfloat16 where all that multiplies does it natively: GPUs of compute
    capability 8, or a processor whose flags name AMX or AVX-512 for bfloat16. The rule
    is one of measurement: median processor seconds of a full training step without
    views, both precisions alternating in one process, wherever a machine of that kind
    was at hand. On AVX-512 without AMX (2 cores, 112 pixels) a step in bfloat16 took
    .53 of float32's time for the UNet encoder, .60 for ResNet-50, .74 for ResNet-18.

    Args:
        choice: `auto`, `off`, `bfloat16` or `float16`.
        gpus: Whether GPUs compute, where there are any.

    Returns:
        `float32`, `bfloat16` or `float16`, and the reason in a few words, also where
        nothing is gained by the choice.
    """
    if choice == "off":
        return "float32", "as asked"
    gpus = tf.config.list_physical_devices("GPU") if gpus else []
    if choice == "float16":
        return choice, "as asked" if gpus else "as asked, though only a GPU gains by it"
    if gpus:
        native = all(_capability(gpu) >= NATIVE_CAPABILITY for gpu in gpus)
        where = "the GPUs multiply" if native else "not all GPUs multiply"
    else:
        native = any(flag in _processor_flags() for flag in NATIVE_FLAGS)
        where = "the processor multiplies" if native else "the processor emulates"
    if choice == "bfloat16":
        return choice, "as asked" if native else f"as asked, though {where} it"
    return "bfloat16" if native else "float32", f"{where} bfloat16"


@contextlib.contextmanager
def policy(name):
    """Build layers for a precision, with weights in float32, while the context lasts.

    Args:
        name: `float32`, `bfloat16` or `float16`.
    """
    before = keras.mixed_precision.global_policy()
    if before.name == keras.backend.floatx():
        before = None  # which goes on following Keras' floats
    if name != "float32":
        keras.mixed_precision.set_global_policy(f"mixed_{name}")
    try:
        yield
    finally:
        keras.mixed_precision.set_global_policy(before)


def optimizer(name, inner):
    """Wrap an optimiser where gradients would vanish without a scale.

    Args:
        name: `float32`, `bfloat16` or `float16`.
        inner: A `keras.optimizers.legacy` one.

    Returns:
        The optimiser, for float16 behind a dynamic scale of the loss.
    """
    if name == "float16":
        return keras.mixed_precision.LossScaleOptimizer(inner)
    return inner


def _capability(gpu):
    details = tf.config.experimental.get_device_details(gpu)
    return details.get("compute_capability", (0, 0))


def _processor_flags():
    try:
        text = PROCESSOR.read_text()
    except OSError:
        return ()
    lines = (line.partition(":") for line in text.splitlines())
    flags = (value for key, _, value in lines if key.strip() == "flags")
    return next(flags, "").split()
