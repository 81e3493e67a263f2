"""Where a training run computes: one device, GPUs, a CPU cut in parts, machines."""

import contextlib
import hashlib
import json
import os
import sys

import tensorflow as tf

from echo_keras import errors

EXAMPLE = {
    "cluster": {"worker": ["host-a:4000", "host-b:4000"]},
    "task": {"type": "worker", "index": 0},
}

_DIGITS = 11  # of a checksum whose sum over 512 replicas a float64 still holds exactly


def create(replicas=None, *, kind="mirrored"):
    """Choose the devices of a run.

    More replicas than there are GPUs are placed on the CPU, cut into as many logical
    devices, so that the path over several replicas runs on any machine. Call this
    before anything else has used TensorFlow's devices.

    Args:
        replicas: Number of replicas; by default one for each GPU, or one on the CPU.
        kind: `mirrored`, on this machine, or `multi-worker`; see `multi_worker`.

    Returns:
        `tf.distribute.Strategy`, mirrored where there are several replicas.

    Raises:
        InputError: Fewer than one replica, or the CPU can no longer be cut, or the
            workers cannot be joined.
    """
    if kind == "multi-worker":
        if replicas is not None:
            raise errors.InputError(
                "--replicas is for --strategy mirrored; the workers have one replica "
                "for each of their GPUs, or one"
            )
        return multi_worker()
    gpus = len(tf.config.list_physical_devices("GPU"))
    replicas = max(gpus, 1) if replicas is None else replicas
    if replicas < 1:
        raise errors.InputError(f"{replicas} replicas; give 1 or more")
    if replicas == 1:
        return tf.distribute.get_strategy()
    if replicas > gpus:
        sys.stderr.write(
            f"note: {replicas} replicas share the CPU, for want of GPUs ({gpus} here); "
            "the result is that of one replica, and comes no sooner\n"
        )
        return _on_the_cpu(replicas)
    return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(replicas)])


def multi_worker():
    """Join the workers that the environment variable TF_CONFIG names.

    Every worker runs the same command, and takes its share of each batch; the first
    one writes the output, in a folder that all of them see. Call this before anything
    else has used TensorFlow's devices. It returns when all workers have come.

    Returns:
        `tf.distribute.MultiWorkerMirroredStrategy`.

    Raises:
        InputError: TF_CONFIG is missing or does not describe workers, or this one
            cannot be reached at its address, or TensorFlow can no longer be set up.
    """
    workers, index = _workers(os.environ.get("TF_CONFIG"))
    sys.stderr.write(f"worker {index} of {len(workers)} waits for all to come\n")
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except tf.errors.OpError as reason:
        raise errors.InputError(
            f"this worker cannot listen at {workers[index]} ({reason.message}); free "
            "the port, or name another one in TF_CONFIG of all workers"
        ) from reason
    except RuntimeError as reason:
        raise errors.InputError(
            f"the workers cannot be joined ({reason}); start a fresh process and join "
            "them first"
        ) from reason


@contextlib.contextmanager
def together(devices):
    """Tell in one sentence that another worker has ended while the block lasted.

    Args:
        devices: `tf.distribute.Strategy`.

    Raises:
        InputError: Another worker cannot be reached any more.
    """
    try:
        yield
    except tf.errors.UnavailableError as reason:
        if devices.cluster_resolver is None:
            raise
        raise errors.InputError(
            "another worker has stopped; start all of them again with the same "
            "commands, which go on from the last checkpoint"
        ) from reason


def is_first(devices):
    """Whether this process writes what all make: it is alone, or the first worker."""
    resolver = devices.cluster_resolver
    return resolver is None or not resolver.task_id


def is_on_the_cpu(devices):
    """Whether several replicas share the CPU, though there may be a GPU."""
    mirrored = isinstance(devices, tf.distribute.MirroredStrategy)
    return mirrored and all("CPU" in name for name in devices.extended.worker_devices)


def spread(devices, dataset):
    """Share each batch between the replicas, of which other processes hold some.

    Args:
        devices: `tf.distribute.Strategy`.
        dataset: `tf.data.Dataset` of tuples of tensors of the same first axis.

    Returns:
        Data set for `keras.Model.fit`.
    """
    if devices.cluster_resolver is None:
        return dataset  # which Keras shares out

    def local(context):
        total = context.num_replicas_in_sync
        count = total // context.num_input_pipelines
        first = context.input_pipeline_id * count

        def cut(*batch):
            parts = [tf.stack(tf.split(one, total)) for one in batch]
            own = tuple(part[first : first + count] for part in parts)
            return tf.data.Dataset.from_tensor_slices(own)

        return dataset.flat_map(cut)

    return devices.distribute_datasets_from_function(local)


def total(devices, number):
    """Sum of what all replicas call this with, at the same time."""
    if devices.cluster_resolver is None:
        return number * devices.num_replicas_in_sync
    each = devices.run(lambda: tf.constant(float(number), tf.float64))
    return float(devices.reduce(tf.distribute.ReduceOp.SUM, each, axis=None))


def agree(devices, value):
    """Whether all workers call this with the same value, at the same time.

    Args:
        devices: `tf.distribute.Strategy`.
        value: Anything ready for JSON.
    """
    text = json.dumps(value, sort_keys=True)
    number = int(hashlib.sha256(text.encode()).hexdigest()[:_DIGITS], 16)
    return total(devices, number) == number * devices.num_replicas_in_sync


def _workers(text):
    """Addresses of all workers, and which of them this process is."""
    remedy = f"set it to such as {json.dumps(EXAMPLE)}"
    if not text:
        raise errors.InputError(f"TF_CONFIG is not set; {remedy}")
    try:
        found = json.loads(text)
    except ValueError as reason:
        raise errors.InputError(
            f"TF_CONFIG is not JSON ({reason}): {text!r}; {remedy}"
        ) from reason
    try:
        workers, task = found["cluster"]["worker"], found["task"]
        fits = task["type"] == "worker" and 0 <= task["index"] < len(workers)
        fits &= all(":" in address for address in workers)
    except (KeyError, TypeError):
        fits = False
    if not fits:
        raise errors.InputError(
            f"TF_CONFIG names no worker for this process: {text!r}; {remedy}"
        )
    if "chief" in found["cluster"]:
        raise errors.InputError(
            "TF_CONFIG names a chief, but here the first worker writes the output; "
            f"list the chief as the first worker: {remedy}"
        )
    return workers, task["index"]


def _on_the_cpu(replicas):
    _cut_the_cpu(replicas)
    return tf.distribute.MirroredStrategy(
        [f"CPU:{i}" for i in range(replicas)],
        # Collective operations remember the size of the first group of a process.
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )


def _cut_the_cpu(replicas):
    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = tf.config.get_logical_device_configuration(cpu)
    if parts and len(parts) >= replicas:
        return
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(replicas)]
    try:
        tf.config.set_logical_device_configuration(cpu, parts)
    except RuntimeError as reason:
        raise errors.InputError(
            f"the CPU cannot be cut into {replicas} replicas once TensorFlow runs; "
            "start a fresh process and choose the replicas first"
        ) from reason
