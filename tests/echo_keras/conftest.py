import tensorflow as tf


def pytest_configure():
    """Cut the CPU in four before any test uses it, for tests over replicas."""
    (cpu,) = tf.config.list_physical_devices("CPU")
    parts = [tf.config.LogicalDeviceConfiguration() for _ in range(4)]
    tf.config.set_logical_device_configuration(cpu, parts)
