"""The model server's file of batching parameters, a protocol buffer as text."""

import dataclasses
import functools
import os
from pathlib import Path

from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    text_format,
    wrappers_pb2,
)

from echo_keras import errors

_PACKAGE = "echo_keras.serving"
_INTEGER, _STRING = "google.protobuf.Int64Value", "google.protobuf.StringValue"
_WRAPPED = {
    "max_batch_size": (1, _INTEGER),
    "batch_timeout_micros": (2, _INTEGER),
    "max_enqueued_batches": (3, _INTEGER),
    "num_batch_threads": (4, _INTEGER),
    "thread_pool_name": (5, _STRING),
}


@dataclasses.dataclass(frozen=True)
class Batching:
    """How requests of several connections are joined; defaults of the model server.

    Attributes:
        max_batch_size: Most rows of a batch.
        batch_timeout_micros: How long a batch waits for more rows.
        max_enqueued_batches: Batches that may wait; 503 follows.
        num_batch_threads: Batches that run at once.
        allowed_batch_sizes: Sizes that batches are filled up to, in rising order and
            ending with `max_batch_size`; empty for any.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = dataclasses.field(
        default_factory=lambda: os.cpu_count() or 1
    )
    allowed_batch_sizes: tuple = ()


def read(path):
    """Read a file as `--batching_parameters_file` of the model server takes it.

    Args:
        path: File such as deploy/batching_parameters.txt.

    Returns:
        `Batching`.

    Raises:
        InputError: The file cannot be read, or asks for what cannot be done.
    """
    message = _message()()
    try:
        text_format.Parse(Path(path).read_text(), message)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as reason:
        raise errors.InputError(
            f"cannot read {path}: {reason}; write wrapped values such as "
            "max_batch_size { value: 32 }, as deploy/batching_parameters.txt does"
        ) from reason
    if message.pad_variable_length_inputs:
        raise errors.InputError(
            f"{path} asks for pad_variable_length_inputs, which this server lacks: "
            "inputs of other shapes are batched apart; leave it out"
        )
    given = {
        name: getattr(message, name).value
        for name, (_, kind) in _WRAPPED.items()
        if kind == _INTEGER and message.HasField(name)
    }
    found = Batching(**given, allowed_batch_sizes=tuple(message.allowed_batch_sizes))
    _check(path, found)
    return found


def text(batching):
    """Text of a file that `read` reads as these parameters."""
    lines = [
        f"{name} {{ value: {getattr(batching, name)} }}\n"
        for name, (_, kind) in _WRAPPED.items()
        if kind == _INTEGER
    ]
    lines += [f"allowed_batch_sizes: {n}\n" for n in batching.allowed_batch_sizes]
    return "".join(lines)


def _check(path, batching):
    for name in ("max_batch_size", "max_enqueued_batches", "num_batch_threads"):
        if getattr(batching, name) < 1:
            raise errors.InputError(
                f"{path} gives {name} as {getattr(batching, name)}; give 1 or more"
            )
    if batching.batch_timeout_micros < 0:
        raise errors.InputError(
            f"{path} gives batch_timeout_micros as {batching.batch_timeout_micros}; "
            "give 0 or more"
        )
    sizes = batching.allowed_batch_sizes
    rising = list(sizes) == sorted({size for size in sizes if size > 0})
    if sizes and (not rising or sizes[-1] != batching.max_batch_size):
        raise errors.InputError(
            f"{path} gives allowed_batch_sizes as {list(sizes)}; let them rise and end "
            f"with max_batch_size, {batching.max_batch_size}"
        )


@functools.cache
def _message():
    """Class of `tensorflow.serving.BatchingParameters`, field by field as there.

    Source: tensorflow_serving/servables/tensorflow/session_bundle_config.proto
    """
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name="echo_keras/serving/batching.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=[wrappers_pb2.DESCRIPTOR.name],
    )
    message = file.message_type.add(name="BatchingParameters")
    for name, (number, kind) in _WRAPPED.items():
        message.field.add(
            name=name,
            number=number,
            type=field.TYPE_MESSAGE,
            type_name=f".{kind}",
            label=field.LABEL_OPTIONAL,
        )
    message.field.add(
        name="allowed_batch_sizes",
        number=6,
        type=field.TYPE_INT64,
        label=field.LABEL_REPEATED,
    )
    message.field.add(
        name="pad_variable_length_inputs",
        number=7,
        type=field.TYPE_BOOL,
        label=field.LABEL_OPTIONAL,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"{_PACKAGE}.BatchingParameters")
    )
