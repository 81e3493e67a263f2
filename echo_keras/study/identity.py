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
        Dict of a cell's name to a dict ready for JSON: its `identity`, that of its
        `teacher`, empty for none, and what tells its first `weights` if they lie in
        files.
    """
    identities = {cell.name: cell.identity for cell in cells}
    weights = {init: _weights(init) for init in {cell.recipe.init for cell in cells}}
    return {
        cell.name: {
            "identity": cell.identity,
            "teacher": identities.get(cell.teacher, {}),
            "weights": weights[cell.recipe.init],
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
    for key, whose in (("identity", ""), ("teacher", "a teacher's ")):
        theirs = (_complete(one.get(key)) for one in (begun, wanted))
        refuse_key(where, *theirs, whose=whose, option=option)
    if begun.get("weights", wanted["weights"]) != wanted["weights"]:
        raise errors.InputError(
            f"{where} is of another study: {wanted['identity']['init']} held other "
            f"weights then; name another {option} or remove it"
        )


def refuse_key(where, begun, wanted, *, whose="", option="--output"):
    """Refuse settings of which one differs from what is wanted.

    Args:
        where: What holds them, for people.
        begun: Dict of settings, empty where they are not known.
        wanted: Dict of settings.
        whose: Whose settings they are, for people.
        option: Option to name something else by.

    Raises:
        InputError: One differs.
    """
    for key in sorted(wanted.keys() | begun.keys() if begun else ()):
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
    """An identity, if any, with the defaults of settings that are younger than it."""
    if not identity:
        return {}
    known = {**_defaults(config.Finetune), **identity}
    if isinstance(known["init"], dict):
        known["init"] = {**_defaults(config.Pretrain), **known["init"]}
    return known


def _defaults(recipe):
    return json.loads(json.dumps(dataclasses.asdict(recipe())))
