"""Tensors of PyTorch's files are read, and nothing else in them."""

import collections
import io
import pickle

import numpy as np
import pytest

from echo_keras import errors
from echo_keras.training import torchfile


class Named:
    """Stands for something of a module that need not be there."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call(Named):
    """What a pickle calls when it is read, and with what."""

    def __init__(self, module, name, *given):
        super().__init__(module, name)
        self.given = given


class Storage:
    def __init__(self, kind, key, numbers):
        self.kind, self.key, self.numbers = kind, key, numbers


class Writer(pickle._Pickler):
    """Writes what PyTorch would, without PyTorch."""

    def persistent_id(self, given):
        if isinstance(given, Storage):
            kind = Named("torch", given.kind)
            length = len(given.numbers)
            return ("storage", kind, given.key, "cpu", length, None)
        return None

    def save(self, given, **options):
        if isinstance(given, Call):
            self.save(Named(given.module, given.name))
            self.save(given.given)
            self.write(pickle.REDUCE)
        elif isinstance(given, Named):
            self.write(pickle.GLOBAL + f"{given.module}\n{given.name}\n".encode())
        else:
            super().save(given, **options)


def written(path, tensors, storages):
    """Write a file as `torch.save` did up to version 1.5."""
    with open(path, "wb") as file:
        for told in (torchfile.MAGIC, 1001, {"little_endian": True}):
            file.write(pickle.dumps(told, protocol=2))
        Writer(file, protocol=2).dump(tensors)
        file.write(pickle.dumps([one.key for one in storages], protocol=2))
        for one in storages:
            file.write(len(one.numbers).to_bytes(8, "little"))
            file.write(one.numbers.tobytes())
    return path


def tensor(storage, offset, shape, strides):
    rebuild = ("torch._utils", "_rebuild_tensor_v2")
    return Call(*rebuild, storage, offset, shape, strides, False, {})


@pytest.fixture
def floats():
    return Storage("FloatStorage", "94", np.arange(12, dtype="<f4") / 8)


@pytest.fixture
def file(tmp_path, floats):
    steps = Storage("LongStorage", "7", np.array([300], "<i8"))
    tensors = collections.OrderedDict(
        whole=tensor(floats, 0, (3, 4), (4, 1)),
        turned=tensor(floats, 0, (4, 3), (1, 4)),
        part=tensor(floats, 5, (2,), (1,)),
        steps=tensor(steps, 0, (), ()),
    )
    return written(tmp_path / "weights.pth", tensors, [steps, floats])


def test_tensors_are_read_with_their_strides_and_offsets(file, floats):
    found = torchfile.read(file)
    whole = floats.numbers.reshape(3, 4)
    assert list(found) == ["whole", "turned", "part", "steps"]
    np.testing.assert_array_equal(found["whole"], whole)
    np.testing.assert_array_equal(found["turned"], whole.T)
    np.testing.assert_array_equal(found["part"], [5 / 8, 6 / 8])
    assert (found["steps"].shape, int(found["steps"])) == ((), 300)
    assert found["whole"].dtype == np.float32


def test_what_is_not_a_tensor_is_not_called(tmp_path):
    evil = {"weight": Call("os", "system", f"touch {tmp_path}/harmed")}
    path = written(tmp_path / "evil.pth", evil, [])
    with pytest.raises(errors.InputError, match=r"evil\.pth .*asks for os\.system"):
        torchfile.read(path)
    assert not (tmp_path / "harmed").exists()


def test_a_tensor_beyond_its_storage_is_refused(tmp_path, floats):
    path = written(
        tmp_path / "beyond.pth", {"weight": tensor(floats, 3, (5, 2), (2, 1))}, [floats]
    )
    with pytest.raises(errors.InputError, match=r"beyond\.pth holds no tensors"):
        torchfile.read(path)


def short(data):
    return data[:-9]


@pytest.mark.parametrize(
    "damage", [short, lambda data: b"", lambda data: b"PK" + data, lambda data: b"no."]
)
def test_another_or_a_damaged_file_is_named(file, damage):
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(errors.InputError, match=r"weights\.pth holds no tensors as"):
        torchfile.read(file)


def test_another_pickle_is_refused(tmp_path):
    held = io.BytesIO()
    pickle.dump({"weight": 1}, held)
    (tmp_path / "other.pth").write_bytes(held.getvalue())
    with pytest.raises(errors.InputError, match="it begins otherwise"):
        torchfile.read(tmp_path / "other.pth")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(errors.InputError, match=r"cannot read .*nowhere\.pth"):
        torchfile.read(tmp_path / "nowhere.pth")
