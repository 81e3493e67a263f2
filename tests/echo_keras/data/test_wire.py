import pytest
import tensorflow as tf

from echo_keras.data import wire


def by_tensorflow(features):
    stored = {
        "string": lambda values: tf.train.Feature(
            bytes_list=tf.train.BytesList(value=values)
        ),
        "float32": lambda values: tf.train.Feature(
            float_list=tf.train.FloatList(value=values)
        ),
        "int64": lambda values: tf.train.Feature(
            int64_list=tf.train.Int64List(value=values)
        ),
    }
    features = {
        name: stored[dtype](values) for name, (dtype, values) in features.items()
    }
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return example.SerializeToString(deterministic=True)


@pytest.mark.parametrize(
    "features",
    [
        {"text": ("string", [b"patient"])},
        {"long": ("string", [b"x" * 127, b"y" * 128, b"z" * 70_000])},
        {"numbers": ("int64", [0, 1, -1, 127, 128, 2**62])},
        {"reals": ("float32", [0.308, -1.5, float("nan"), float("inf")])},
        {
            "b": ("int64", [7]),
            "a": ("string", [b""]),
            "c": ("float32", [0.0]),
        },
    ],
)
def test_the_bytes_are_those_of_tensorflow(features):
    assert wire.example(features) == by_tensorflow(features)
