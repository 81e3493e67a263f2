"""What a folder of records holds, split by split."""

import math

import numpy as np

from echo_keras.data import schema

GREYS = 256
QUARTILES = (0.25, 0.5, 0.75)
QUALITIES = ("good", "medium", "poor")
UNITS = {"cm2": "cm2", "percent": "% of image"}
NOTE = (
    "EF and area of the left ventricle (LV): quartiles; pixels: mean/standard "
    "deviation on 0 to 1"
)
"""What the figures of the table are."""


def splits(counts, frames, greys):
    """Sum up the frames of every split.

    Args:
        counts: Dict of split to the manifest's counts.
        frames: List of `facts.Frame`.
        greys: Dict of family and split to `(256,)` int64, how many pixels have each
            grey level.

    Returns:
        Dict of split to a dict ready for JSON, None where nothing is known: `counts`;
        `height` and `width`, both smallest and largest; `quality`, labelled frames by
        quality; quartiles of `ejection_fraction` in percent over patients, and of the
        ventricle's `area` at ED and ES in `cm2` and in `percent` of the image; `pixels`
        of each family as of `moments`.
    """
    return {
        split: {
            "counts": counts[split],
            **_measures([frame for frame in frames if frame.split == split]),
            "pixels": {
                family: moments(greys[family, split])
                for family in schema.FEATURES
                if (family, split) in greys
            },
        }
        for split in sorted(counts, key=schema.SPLITS.index)
    }


def moments(histogram):
    """Mean and standard deviation of pixels, from sums without rounding.

    Args:
        histogram: `(256,)` int64, how many pixels have each grey level, not all 0.

    Returns:
        Dict of the `number` of pixels, their `mean` and `deviation` on the scale
        [0, 1].
    """
    number, total, squares = (
        sum(int(count) * grey**power for grey, count in enumerate(histogram))
        for power in range(3)
    )
    deviation = math.sqrt(number * squares - total**2) / number
    scale = GREYS - 1
    return {
        "number": number,
        "mean": total / number / scale,
        "deviation": deviation / scale,
    }


def table(summary):
    """Lay a summary out for reading, with a column for each split.

    Args:
        summary: Dict as of `splits`.

    Returns:
        Header and rows, each a list of cells; what no split has is left out.
    """
    names = dict.fromkeys(
        name for split in summary.values() for name in split["counts"]
    )
    known = any(split["area"]["ED"]["cm2"] for split in summary.values())
    unit = "cm2" if known else "percent"
    rows = [
        *(_row(name.replace("_", " "), summary, _count, name) for name in names),
        _row("frame height", summary, _extent_cell, "height"),
        _row("frame width", summary, _extent_cell, "width"),
        _row("good/medium/poor", summary, _quality_cell),
        _row("EF (%)", summary, _fraction_cell),
        *(
            _row(f"LV at {phase} ({UNITS[unit]})", summary, _area_cell, phase, unit)
            for phase in schema.PHASES
        ),
        *(
            _row(f"{family} pixels", summary, _pixel_cell, family)
            for family in schema.FEATURES
        ),
    ]
    return ["", *summary], [row for row in rows if any(row[1:])]


def _measures(frames):
    labelled = [frame for frame in frames if frame.family == "labelled"]
    by_patient = {frame.patient: frame.ejection_fraction for frame in labelled}
    return {
        "height": _extent([frame.size[0] for frame in frames]),
        "width": _extent([frame.size[1] for frame in frames]),
        "quality": {
            quality: sum(frame.quality == quality for frame in labelled)
            for quality in QUALITIES
        },
        "ejection_fraction": _quartiles(by_patient.values()),
        "area": {
            phase: _areas([frame for frame in labelled if frame.phase == phase])
            for phase in schema.PHASES
        },
    }


def _areas(frames):
    return {
        "cm2": _quartiles(frame.square_centimetres for frame in frames),
        "percent": _quartiles(100 * frame.share for frame in frames),
    }


def _extent(sizes):
    return [min(sizes), max(sizes)] if sizes else None


def _quartiles(values):
    known = [value for value in values if not math.isnan(value)]
    return np.quantile(known, QUARTILES).tolist() if known else None


def _row(label, summary, cell, *choice):
    return [label, *(cell(split, *choice) for split in summary.values())]


def _count(split, name):
    return str(split["counts"].get(name, 0))


def _extent_cell(split, side):
    return "{}-{}".format(*split[side]) if split[side] else ""


def _quality_cell(split):
    numbers = split["quality"].values()
    return "/".join(map(str, numbers)) if any(numbers) else ""


def _fraction_cell(split):
    return _three(split["ejection_fraction"], decimals=0)


def _area_cell(split, phase, unit):
    return _three(split["area"][phase][unit], decimals=1)


def _three(quartiles, *, decimals):
    return "/".join(f"{value:.{decimals}f}" for value in quartiles or ())


def _pixel_cell(split, family):
    found = split["pixels"].get(family)
    return f"{found['mean']:.3f}/{found['deviation']:.3f}" if found else ""
