"""The library chooses TensorFlow's kernels, before any test loads TensorFlow."""

import echo_keras  # noqa: F401
