"""Where a training run computes: one device, several GPUs, or a CPU cut in parts."""

import tensorflow as tf

from echo_keras import errors


def create(replicas=None):
    """Choose the devices of a run.

    More replicas than there are GPUs are placed on the CPU, cut into as many logical
    devices, so that the path over several replicas runs on any machine. Call this
    before anything else has used TensorFlow's devices.

    Args:
        replicas: Number of replicas; by default one for each GPU, or one on the CPU.

    Returns:
        `tf.distribute.Strategy`, mirrored where there are several replicas.

    Raises:
        InputError: Fewer than one replica, or the CPU can no longer be cut.
    """
    gpus = len(tf.config.list_physical_devices("GPU"))
    replicas = max(gpus, 1) if replicas is None else replicas
    if replicas < 1:
        raise errors.InputError(f"{replicas} replicas; give 1 or more")
    if replicas == 1:
        return tf.distribute.get_strategy()
    if replicas > gpus:
        return _on_the_cpu(replicas)
    return tf.distribute.MirroredStrategy([f"GPU:{i}" for i in range(replicas)])


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
