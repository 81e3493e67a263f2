"""Tensors in a file of PyTorch's, read without PyTorch and without running its code."""

import collections
import pickle

import numpy as np

from echo_keras import errors

MAGIC = 0x1950A86A20F9469CFC6C
_BROKEN = (  # what a pickle that was damaged can raise
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)
TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read(path):
    """Read the named tensors of a file as PyTorch wrote it up to version 1.5.

    Nothing but tensors is taken up, so that a file from elsewhere can do no harm.

    Args:
        path: File that `torch.save` has made of a `state_dict`.

    Returns:
        Dict of name to array.

    Raises:
        InputError: The file cannot be read, or is no such file.
    """
    try:
        with open(path, "rb") as file:
            return _read(file)
    except OSError as reason:
        raise errors.InputError(f"cannot read {path}: {reason}") from reason
    except _BROKEN as reason:
        raise errors.InputError(
            f"{path} holds no tensors as PyTorch wrote them up to version 1.5: {reason}"
        ) from reason


def _read(file):
    if _Unpickler(file).load() != MAGIC:
        raise ValueError("it begins otherwise")
    for _ in ("version of the format", "sizes of the machine"):
        _Unpickler(file).load()
    content = _Unpickler(file)
    tensors = content.load()
    for key in _Unpickler(file).load():
        storage = content.storages[key]
        file.read(8)  # its length, which is known
        storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    return dict(tensors)


class _Unpickler(pickle.Unpickler):
    """Knows tensors and their storages, which are filled afterwards, and no more."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in TYPES:
            return TYPES[name]
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")

    def persistent_load(self, told):
        _, dtype, key, _, length, _ = told
        return self.storages.setdefault(key, np.zeros(length, dtype))


def _tensor(storage, offset, shape, strides, *_):
    """View of a storage, as which PyTorch keeps a tensor."""
    size = storage.itemsize
    return np.ndarray(
        shape,
        storage.dtype,
        storage,
        offset=offset * size,
        strides=[stride * size for stride in strides],
    )
