"""Whether a model may be pushed: against floors, and against the last that was."""

from echo_keras.metrics import bootstrap
from pipeline.tfx import slices


def objections(scores, last, *, least_dice, least_slice_dice, slice_patients):
    """What speaks against a model, in sentences; nothing if it is blessed.

    A model is refused where it is worse than the last one on the same cases, so that
    the 95 % interval of the paired difference lies below 0, over all or on a slice of
    enough patients; or where it, or its worst slice, is below a floor.

    Args:
        scores: Of the model, as `scoring.scores` gives them.
        last: Those of the last blessed model on the same cases, None for the first.
        least_dice: Floor of the mean Dice.
        least_slice_dice: Floor of the mean Dice of the worst slice.
        slice_patients: Fewest patients by whom a slice is judged.

    Returns:
        List of sentences.
    """
    dice, found = scores["dice_per_image_mean"], []
    if dice < least_dice:
        found.append(f"Dice {dice:.4f} on {scores['split']} is below {least_dice}")
    judged = {
        name: theirs["dice_per_image_mean"]
        for name, theirs in scores["slices"].items()
        if theirs["patients"] >= slice_patients
    }
    worst = min(judged, key=judged.get, default=None)
    if worst and judged[worst] < least_slice_dice:
        found.append(
            f"Dice {judged[worst]:.4f} on its worst slice, {worst}, is below "
            f"{least_slice_dice}"
        )
    if last:
        for name in ("all cases", *judged):
            found += _worse(name, scores, last)
    return found


def difference(scores, last, name="all cases"):
    """Mean paired difference in Dice from the last model, and its 95 % interval.

    Args:
        scores: Of the model.
        last: Of the last one on the same cases.
        name: `all cases` or a slice.

    Returns:
        Mean, lower and upper end; positive where the model is better.
    """
    before = {slices.key(case): case["dice"] for case in last["cases"]}
    cases = [case for case in scores["cases"] if name in ("all cases", *case["slices"])]
    pairs = [(case["dice"], before[slices.key(case)]) for case in cases]
    patients = [case["patient"] for case in cases]
    mine, theirs = zip(*pairs)
    low, high = bootstrap.mean_difference(mine, theirs, patients)
    return (sum(mine) - sum(theirs)) / len(cases), low, high


def _worse(name, scores, last):
    mean, low, high = difference(scores, last, name)
    if high < 0:
        yield (
            f"on {name} its Dice is {mean:+.4f} ({low:+.4f} to {high:+.4f}) from the "
            "last pushed model's"
        )
