import keras
import pytest
import tensorflow as tf

from echo_keras.training import precision

PLAIN = "processor : 0\nflags\t\t: fpu avx2 avx512f\n"


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Function that sets what the system tells of the processor."""

    def tell(text):
        path = tmp_path / "cpuinfo"
        if text:
            path.write_text(text)
        monkeypatch.setattr(precision, "PROCESSOR", path)

    return tell


def test_what_is_asked_for_is_taken_and_said_where_nothing_is_gained(processor):
    processor(PLAIN)
    assert precision.choose("off") == ("float32", "as asked")
    taken, why = precision.choose("bfloat16")
    assert (taken, why) == ("bfloat16", "as asked, though the processor emulates it")
    taken, why = precision.choose("float16")
    assert (taken, why) == ("float16", "as asked, though only a GPU gains by it")
    processor(PLAIN.replace("avx2", "avx512_bf16"))
    assert precision.choose("bfloat16") == ("bfloat16", "as asked")


@pytest.mark.parametrize(
    ("text", "chosen", "reason"),
    [
        (PLAIN, "float32", "the processor emulates bfloat16"),
        (PLAIN.replace("avx2", "avx512_bf16"), "bfloat16", "the processor multiplies"),
        (PLAIN.replace("avx2", "amx_bf16"), "bfloat16", "the processor multiplies"),
        (PLAIN.replace("flags", "bugs"), "float32", "the processor emulates bfloat16"),
        ("model name : amx_bf16\n", "float32", "the processor emulates bfloat16"),
        (None, "float32", "the processor emulates bfloat16"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(
    processor, text, chosen, reason
):
    processor(text)
    found, why = precision.choose("auto")
    assert found == chosen
    assert reason in why


@pytest.mark.parametrize(
    ("capabilities", "chosen"),
    [([(8, 0)], "bfloat16"), ([(9, 0), (7, 5)], "float32"), ([None], "float32")],
)
def test_auto_asks_every_gpu_and_not_the_processor(monkeypatch, capabilities, chosen):
    details = [{"compute_capability": one} if one else {} for one in capabilities]
    monkeypatch.setattr(
        tf.config, "list_physical_devices", lambda kind: list(range(len(details)))
    )
    monkeypatch.setattr(
        tf.config.experimental, "get_device_details", details.__getitem__
    )
    assert precision.choose("auto")[0] == chosen
    asked = "as asked" if chosen == "bfloat16" else "as asked, though not all GPUs mul"
    assert precision.choose("bfloat16")[1].startswith(asked)
    assert precision.choose("float16") == ("float16", "as asked")


def test_a_gpu_that_does_not_compute_is_not_asked(monkeypatch, processor):
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [0])
    processor(PLAIN)
    found = precision.choose("auto", gpus=False)
    assert found == ("float32", "the processor emulates bfloat16")


def test_a_policy_lasts_as_long_as_its_context():
    with precision.policy("bfloat16"):
        layer = keras.layers.Dense(1)
    assert (layer.compute_dtype, layer.dtype) == ("bfloat16", "float32")
    assert keras.layers.Dense(1).compute_dtype == "float32"


def test_keras_floats_count_again_after_a_policy():
    with precision.policy("bfloat16"):
        pass
    keras.backend.set_floatx("float64")
    try:
        assert keras.layers.Dense(1).compute_dtype == "float64"
    finally:
        keras.backend.set_floatx("float32")


def test_only_float16_scales_its_loss():
    inner = keras.optimizers.legacy.SGD(0.1)
    assert precision.optimizer("bfloat16", inner) is inner
    scaled = precision.optimizer("float16", inner)
    assert isinstance(scaled, keras.mixed_precision.LossScaleOptimizer)
