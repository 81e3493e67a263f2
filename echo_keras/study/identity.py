"""What tells the cells of a study from those of another."""

import dataclasses
import json

from echo_keras import config, errors
from echo_keras.training import origin


def plans(cells):
    """What tells every cell from one of another study beside the records.

    Args:
        cells: List of `plan.Cell`.

    Returns:
        Dict of a cell's name to a dict ready for JSON: its `identity`, those of its
        `teachers`, and what tells its first `weights`, or those of its pretraining,
        if they lie in files.
    """
    identities = {cell.name: cell.identity for cell in cells}
    inits = {cell.name: (cell.pretraining or cell.recipe).init for cell in cells}
    weights = {init: _weights(init) for init in set(inits.values())}
    return {
        cell.name: {
            "identity": cell.identity,
            "teachers": [identities[name] for name in cell.teachers],
            "weights": weights[inits[cell.name]],
        }
        for cell in cells
    }


def refuse_other(where, begun, wanted, *, option="--output"):
    """Refuse what another study has begun under the name of a cell of this one.

    Args:
        where: What holds it, for people.
        begun: Its plan, as of `plans`, perhaps of an earlier version.
        wanted: The plan of this study.
        option: Option to name something else by.

    Raises:
        InputError: It is of another study.
    """
    own = (begun["identity"], wanted["identity"])
    refuse_key(where, *map(_complete, own), option=option)
    for theirs in zip(begun.get("teachers", ()), wanted["teachers"]):
        told = map(_complete, theirs)
        refuse_key(where, *told, whose="a teacher's ", option=option)
    if begun.get("weights", wanted["weights"]) != wanted["weights"]:
        init = wanted["identity"]["init"]
        if isinstance(init, dict):
            init = init["init"]
        if wanted["weights"] is None:
            raise errors.InputError(
                f"{where} began with weights in {init}, where there are none to "
                "compare; put them back, or run from the folder it is relative to"
            )
        raise errors.InputError(
            f"{where} is of another study: {init} held other weights then; name "
            f"another {option} or remove it"
        )


def refuse_records(where, begun, wanted, *, option="--output"):
    """Refuse what was trained or scored on other records, or on another split.

    Args:
        where: What holds it, for people.
        begun: Dict of what tells its records from others.
        wanted: Dict of what tells those of this study.
        option: Option to name something else by.

    Raises:
        InputError: One differs.
    """
    refuse_key(where, {key: begun.get(key) for key in wanted}, wanted, option=option)


def refuse_key(where, begun, wanted, *, whose="", option="--output"):
    """Refuse settings of which one differs from what is wanted.

    Args:
        where: What holds them, for people.
        begun: Dict of settings.
        wanted: Dict of settings.
        whose: Whose settings they are, for people.
        option: Option to name something else by.

    Raises:
        InputError: One differs.
    """
    for key in sorted(wanted.keys() | begun.keys()):
        if begun.get(key) != wanted.get(key):
            raise errors.InputError(
                f"{where} is of another study, with {whose}{key} {begun.get(key)} and "
                f"not {wanted.get(key)}; name another {option} or remove it"
            )


def _weights(init):
    """What tells first weights that lie in files from others, None for others."""
    found = origin.weights(init)
    return found["sha256"] if isinstance(found, dict) else None


def _complete(identity):
    """An identity with the defaults of settings that are younger than it."""
    known = {**_defaults(config.Finetune), **identity}
    if isinstance(known["init"], dict):
        known["init"] = {**_defaults(config.Pretrain), **known["init"]}
    return known


def _defaults(recipe):
    return json.loads(json.dumps(dataclasses.asdict(recipe())))
