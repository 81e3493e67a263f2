"""What several runs of a comparison come to: levels, differences and how sure.

Two things are chance here: which patients were tested, and which subset and seed a run
drew. So two intervals stand beside a figure: `patients` draws patients alone, with the
runs as they were; `both` draws patients and runs, and is the one to believe of what
another study would find. Runs that begin with one pretraining share it: what another
pretraining of the same recipe would have given is in neither.

Of n runs n - 1 are drawn, or else their spread comes out too small, and how far a draw
lies from the mean of all is widened as Student's t is beyond the normal law. Without
both, an interval that should hold 95 % held 50 % with 2 runs, 75 % with 3 and 84 % with
5, where chance in the runs is all there is; with them 90, 93 and 94 %.

Source: Rao and Wu 1988, https://doi.org/10.1080/01621459.1988.10478591
"""

import numpy as np
from scipy import special

from echo_keras.metrics import bootstrap, scores

_SEED_OF_RUNS = 1  # another than that of the patients, whose draws these are not


def level(runs, figure):
    """A figure of one arm, averaged over its runs.

    Args:
        runs: List of the facts of each run, of the same images in the same order.
        figure: One of `scores.FIGURES`.

    Returns:
        Dict of `value`; its intervals `patients` and `both`, which end where the
        figure does; `runs`, their number, and `spread`, the standard deviation between
        runs, None of one run.
    """
    columns = np.stack([scores.columns(facts)[figure] for facts in runs], axis=1)
    highest = np.inf if figure in scores.DISTANCES else 1.0
    return _ended(_described(columns, scores.agreed, runs[0]), highest)


def difference(first, second, figure):
    """How much an arm differs from another, run by run and patient by patient.

    Args:
        first: List of the facts of each run of the arm to compare with.
        second: List of the facts of the runs of the same subsets and seeds.
        figure: One of `scores.FIGURES`.

    Returns:
        Dict as of `level`, of the second minus the first.
    """
    columns = np.stack(
        [
            np.concatenate([scores.columns(facts)[figure] for facts in pair], axis=-1)
            for pair in zip(first, second)
        ],
        axis=1,
    )
    half = columns.shape[-1] // 2

    def apart(sums):
        return scores.agreed(sums[..., half:]) - scores.agreed(sums[..., :half])

    return _described(columns, apart, first[0])


def _described(columns, figure, facts):
    """Draw `(images, runs, k)` columns again, by patients and by runs."""
    patients = [case["patient"] for case in facts]
    images, runs, width = columns.shape
    each = figure(columns.sum(axis=0))
    sums = bootstrap.resampled(columns.reshape(images, -1), patients)
    drawn = figure(sums.reshape(len(sums), runs, width))
    generator = np.random.default_rng(_SEED_OF_RUNS)
    fewer = max(runs - 1, 1)
    times = generator.multinomial(fewer, np.full(runs, 1 / runs), size=len(drawn))
    mean = drawn.mean(axis=-1)
    apart = (drawn * times).sum(axis=-1) / fewer - mean
    return {
        "value": float(each.mean()),
        "patients": bootstrap.interval(mean),
        "both": bootstrap.interval(mean + _widening(runs) * apart),
        "runs": runs,
        "spread": float(each.std(ddof=1)) if runs > 1 else None,
    }


def _ended(described, highest=np.inf):
    """End the intervals of what lies between 0 and `highest` there."""
    ends = {
        name: tuple(float(np.clip(end, 0, highest)) for end in described[name])
        for name in ("patients", "both")
    }
    return {**described, **ends}


def _widening(runs):
    """How much wider Student's t is than the normal law."""
    end = (1 + bootstrap.CONFIDENCE) / 2
    return special.stdtrit(runs - 1, end) / special.ndtri(end) if runs > 1 else 1.0


def ejection(runs, method, reference):
    """Error of the ejection fraction of one arm, averaged over its runs.

    Args:
        runs: List of the `ejection_fractions` of each run.
        method: View of a single plane, or `biplane`.
        reference: `recorded` or `reference`, of which masks.

    Returns:
        Dict of `mae` and `bias` as of `level`, in points of percent; and of the number
        of `patients`, of those `left_out`, whose mask is empty in some run, and of
        those `below_0`, whose ventricle grows towards ES in some run; `mae` and `bias`
        are None where nobody is left. None where no reference is known.
    """
    errors = [errors_of(rows, method, reference) for rows in runs]
    known = sorted(set.union(*map(set, errors)))
    whole = [
        name for name in known if all(found.get(name) is not None for found in errors)
    ]
    growing = {
        row["patient"]
        for rows in runs
        for row in rows
        if row["method"] == method and (row["predicted"] or 0) < 0
    }
    counts = {
        "patients": len(whole),
        "left_out": len(known) - len(whole),
        "below_0": len(growing & set(whole)),
    }
    if not known:
        return None
    if not whole:
        return {"mae": None, "bias": None, **counts}
    apart = np.array([[found[name] for found in errors] for name in whole])
    facts = [{"patient": name} for name in whole]
    ones = np.ones_like(apart)
    described = {
        name: _described(
            np.stack([values, ones], axis=-1), bootstrap.mean_of_ratios, facts
        )
        for name, values in (("mae", abs(apart)), ("bias", apart))
    }
    described["mae"] = _ended(described["mae"])
    return {**described, **counts}


def errors_of(rows, method, reference):
    """Predicted minus reference ejection fractions.

    Args:
        rows: The `ejection_fractions` of a run.
        method: View of a single plane, or `biplane`.
        reference: `recorded` or `reference`, of which masks.

    Returns:
        Dict of patient to points of percent, None where a predicted mask is empty.
    """
    return {
        row["patient"]: None
        if row["predicted"] is None
        else row["predicted"] - row[reference]
        for row in rows
        if row["method"] == method and row[reference] is not None
    }
