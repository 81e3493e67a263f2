"""Inputs of a predict request: the parsed JSON, by row or by column, as arrays."""

import numpy as np
import tensorflow as tf

from echo_keras.serving import arrays, document, status


def from_request(request, signature):
    """Arrays of every input that a predict request carries.

    Args:
        request: Parsed request with either `instances` (row format) or `inputs`.
        signature: `SignatureDef` that the inputs are for.

    Returns:
        Dict of arrays by input name, strings as object arrays of bytes, and whether
        the request is in row format.

    Raises:
        tf.errors.InvalidArgumentError: Formats, names, types or shapes do not fit.
    """
    dtypes = {name: tf.as_dtype(info.dtype) for name, info in signature.inputs.items()}
    if not dtypes:
        raise status.invalid("Failed to get input map for signature")
    if "instances" in request and "inputs" in request:
        raise status.invalid(
            f"JSON Value: {document.excerpt(request)} Not formatted correctly "
            "expecting only one of 'inputs' or 'instances' keys to exist "
        )
    if "instances" in request:
        return _from_instances(request, dtypes), True
    if "inputs" in request:
        return _from_inputs(request["inputs"], dtypes), False
    raise status.invalid("Missing 'inputs' or 'instances' key")


def _from_inputs(value, dtypes):
    if not isinstance(value, dict) or document.is_base64(value):
        if len(dtypes) > 1:
            raise status.invalid(
                "inputs is a plain value/list, but expecting an object as multiple "
                "input tensors required as per tensorinfo_map"
            )
        return {name: arrays.from_json(value, dtype) for name, dtype in dtypes.items()}
    for name in dtypes:
        if name not in value:
            raise status.invalid(f"Missing named input: {name} in 'inputs' object.")
    return {
        name: arrays.from_json(value[name], dtype) for name, dtype in dtypes.items()
    }


def _from_instances(request, dtypes):
    instances = request["instances"]
    _check_instances(request, dtypes)
    named = _is_named(instances[0])
    columns = {}
    for position, instance in enumerate(instances):
        if _is_named(instance) != named:
            wanted, given = ("object", "list") if named else ("value/list", "object")
            raise status.invalid(
                f"Expecting {wanted} but got {given} at item {position} of input list"
            )
        items = instance if named else {next(iter(dtypes)): instance}
        for name, value in items.items():
            _append(columns, name, value, dtypes=dtypes, position=position, named=named)
        if set(items) != set(dtypes):
            raise status.invalid(
                f"Failed to process element: {position} of 'instances' list. JSON "
                f"object: {document.excerpt(instance)} keys must be equal to: "
                + ",".join(sorted(dtypes))
            )
    return {name: np.stack(column) for name, column in columns.items()}


def _check_instances(request, dtypes):
    instances = request["instances"]
    fault = None
    if not isinstance(instances, list):
        fault = "Excepting 'instances' to be an list/array"
    elif not instances:
        fault = "No values in 'instances' array"
    if fault:
        raise status.invalid(f"JSON Value: {document.excerpt(request)} {fault}")
    if len(dtypes) > 1 and not _is_named(instances[0]):
        raise status.invalid(
            "instances is a plain list, but expecting list of objects as multiple "
            "input tensors required as per tensorinfo_map"
        )


def _append(columns, name, value, *, dtypes, position, named):
    try:
        if name not in dtypes:
            raise status.invalid(f"JSON object: does not have named input: {name}")
        item = arrays.from_json(value, dtypes[name])
        first = columns.setdefault(name, [item])[0]
        _check_alike(first, item)
    except tf.errors.InvalidArgumentError as reason:
        key = f" key: {name}" if named else ""
        raise status.invalid(
            f"Failed to process element: {position}{key} of 'instances' list. Error: "
            f"INVALID_ARGUMENT: {reason.message}"
        ) from reason
    if item is not first:
        columns[name].append(item)


def _check_alike(first, item):
    if first.size != item.size:
        raise status.invalid(
            f"Expecting tensor size: {first.size} but got: {item.size}"
        )
    if first.shape != item.shape:
        shapes = [
            f"[{','.join(map(str, shape))}]" for shape in (first.shape, item.shape)
        ]
        raise status.invalid(f"Expecting shape {shapes[0]} but got: {shapes[1]}")


def _is_named(instance):
    return isinstance(instance, dict) and not document.is_base64(instance)
