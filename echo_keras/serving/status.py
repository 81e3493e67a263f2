"""TensorFlow's error codes and the HTTP status that the model server gives each."""

import tensorflow as tf

HTTP = {
    tf.errors.CANCELLED: 499,
    tf.errors.INVALID_ARGUMENT: 400,
    tf.errors.DEADLINE_EXCEEDED: 504,
    tf.errors.NOT_FOUND: 404,
    tf.errors.ALREADY_EXISTS: 409,
    tf.errors.PERMISSION_DENIED: 403,
    tf.errors.UNAUTHENTICATED: 401,
    tf.errors.RESOURCE_EXHAUSTED: 429,
    tf.errors.FAILED_PRECONDITION: 400,
    tf.errors.ABORTED: 409,
    tf.errors.OUT_OF_RANGE: 400,
    tf.errors.UNIMPLEMENTED: 501,
    tf.errors.UNAVAILABLE: 503,
}
"""Status by code; every other code is a 500."""


def http(error):
    """HTTP status of a `tf.errors.OpError`."""
    return HTTP.get(error.error_code, 500)


def text(error):
    """What a `tf.errors.OpError` says, without what the Python session adds to it."""
    return error.message.removeprefix("Graph execution error:\n\n").strip()


def invalid(message):
    """Error of a request that cannot be right, answered with 400."""
    return tf.errors.InvalidArgumentError(None, None, message)


def not_found(message):
    """Error of a request for what is not there, answered with 404."""
    return tf.errors.NotFoundError(None, None, message)
