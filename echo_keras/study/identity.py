"""What tells the cells of a study from those of another."""

import dataclasses
import itertools
import json

from echo_keras import config, errors
from echo_keras.training import origin


def plans(cells):
    """What tells every cell from one of another study beside the records.

    Args:
        cells: List of `plan.Cell`.

    Returns:
        Dict of a cell's name to a dict ready for JSON: its `identity`, those of its
        `teachers`, what tells its first `weights`, or those of its pretraining, if
        they lie in files, and the same of teachers that its recipe names, `taught_by`.
    """
    identities = {cell.name: cell.identity for cell in cells}
    inits = {cell.name: (cell.pretraining or cell.recipe).init for cell in cells}
    named = {cell.name: cell.recipe.teachers for cell in cells}
    weights = {
        source: _weights(source)
        for source in {*inits.values(), *itertools.chain(*named.values())}
    }
    found = {}
    for cell in cells:
        found[cell.name] = {
            "identity": cell.identity,
            "teachers": [identities[name] for name in cell.teachers],
            "weights": weights[inits[cell.name]],
        }
        if named[cell.name]:
            found[cell.name]["taught_by"] = {it: weights[it] for it in named[cell.name]}
    return found


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
    init = wanted["identity"]["init"]
    if isinstance(init, dict):
        init = init["init"]
    own = wanted["weights"]
    _refuse_weights(where, init, begun.get("weights", own), own, option)
    for teacher, own in wanted.get("taught_by", {}).items():
        theirs = begun.get("taught_by", {}).get(teacher, own)
        _refuse_weights(where, teacher, theirs, own, option)


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
    begun = {key: begun.get(key) for key in wanted}
    differ = {key for key in wanted if begun[key] != wanted[key]}
    if differ and all(key.endswith("fingerprint") for key in differ):
        raise errors.InputError(
            f"{where} is of other records than these; name another {option}, or "
            "records that were built from the same files"
        )
    refuse_key(where, begun, wanted, option=option)


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
        theirs, own = begun.get(key), wanted.get(key)
        if isinstance(theirs, dict) and isinstance(own, dict):
            refuse_key(where, theirs, own, whose=f"{whose}{key}'s ", option=option)
        elif theirs != own:
            raise errors.InputError(
                f"{where} is of another study, with {whose}{key} {theirs} and not "
                f"{own}; {_mend(where, option)}"
            )


def _refuse_weights(where, source, begun, wanted, option):
    if begun == wanted:
        return
    if wanted is None:
        raise errors.InputError(
            f"{where} was made from weights in {source}, where there are none to "
            "compare; put them back, or run from the folder it is relative to"
        )
    raise errors.InputError(
        f"{where} is of another study: {source} held other weights then; "
        f"{_mend(where, option)}"
    )


def _mend(where, option):
    """What may be done; scores are never to be removed, being all that is left."""
    other = f"name another {option}"
    return f"{other} or remove {where}" if option == "--output" else other


def _weights(source):
    """What tells weights that lie in files from others, None for others."""
    found = origin.weights(source)
    return found["sha256"] if isinstance(found, dict) else None


def _complete(identity):
    """An identity with the defaults of settings that are younger than it."""
    known = {**_defaults(config.Finetune), **identity}
    if known["epochs"]:
        known["steps"] = 0  # whatever it says, as a run does not look at it
    if isinstance(known["init"], dict):
        known["init"] = {**_defaults(config.Pretrain), **known["init"]}
    return known


def _defaults(recipe):
    return json.loads(json.dumps(dataclasses.asdict(recipe())))
