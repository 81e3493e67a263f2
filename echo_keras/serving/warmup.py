"""Requests that the model server runs on a new version before it serves it.

Written without tensorflow-serving-api, whose place in the file is four nested messages.

Source: https://www.tensorflow.org/tfx/serving/saved_model_warmup, prediction_log.proto,
predict.proto and model.proto of TensorFlow Serving.
"""

import numpy as np
import tensorflow as tf

from echo_keras.data import wire

FILE = "tf_serving_warmup_requests"
SIZES = ((112, 112), (480, 640))
BATCHES = (1, 8)

_PREDICT_LOG, _REQUEST, _MODEL_SPEC, _INPUTS = 6, 1, 1, 2
_NAME, _SIGNATURE_NAME, _KEY, _VALUE = 1, 3, 1, 2


def requests(size):
    """Noise for both signatures, alone and in batches.

    Args:
        size: Height and width that the network takes, in pixels.

    Returns:
        List of pairs: name of a signature, and its inputs, a dict of arrays.
    """
    random = np.random.default_rng(0)
    drawn = []
    for batch in BATCHES:
        frames = random.uniform(size=(batch, size, size, 1)).astype(np.float32)
        drawn.append(("serving_default", {"image": frames}))
        sizes = [SIZES[position % len(SIZES)] for position in range(batch)]
        noise = [random.integers(256, size=(*s, 1), dtype=np.uint8) for s in sizes]
        encoded = [tf.io.encode_png(pixels).numpy() for pixels in noise]
        drawn.append(("image_bytes", {"image_bytes": np.array(encoded, object)}))
    return drawn


def write(path, name, requests):
    """Write requests as a TFRecord of PredictionLog.

    Args:
        path: File to write.
        name: Name that the model is served under.
        requests: As of the function `requests`.
    """
    with tf.io.TFRecordWriter(str(path)) as writer:
        for signature, inputs in requests:
            writer.write(_prediction_log(name, signature, inputs))


def _prediction_log(name, signature, inputs):
    model = wire.field(_NAME, name.encode())
    model += wire.field(_SIGNATURE_NAME, signature.encode())
    request = wire.field(_MODEL_SPEC, model)
    for key, values in inputs.items():
        tensor = tf.make_tensor_proto(values).SerializeToString()
        entry = wire.field(_KEY, key.encode()) + wire.field(_VALUE, tensor)
        request += wire.field(_INPUTS, entry)
    return wire.field(_PREDICT_LOG, wire.field(_REQUEST, request))
