"""Records of one view of one CAMUS patient."""

import math

from echo_keras.data import schema
from pipeline.sources import frames, images, listings

SEQUENCES = ("half_sequence", "sequence")
NUMBERS = {
    **dict.fromkeys(schema.PHASES, r"0*[1-9]\d{0,5}(\.0+)?"),
    "EF": r"100(\.0+)?|\d{1,2}(\.\d+)?",
}
"""Keys of a `.cfg` file and how their values look: a frame from 1 on, a percentage."""

KEYS = (*NUMBERS, "ImageQuality")
"""Keys of a `.cfg` file that are read."""


def records(patient, view, choice, *, folder, settings):
    """Records of one view: labelled frames, and the video.

    Args:
        patient: `Patient` of `camus.listing`.
        view: `2CH` or `4CH`.
        choice: Which frames to keep without labels; see `frames.choice`.
        folder: Local folder of the data set.
        settings: Dict of view to the keys and values of its `.cfg` file, where there
            is one. The ejection fraction, which is biplane, and the quality are taken
            from the other view's where this one has none.

    Yields:
        `LabelledFrame` of ED, of ES and of the masked frames between; then
        `UnlabelledVideo`; or a `Reject` for what cannot be read.
    """
    parts = patient.details["views"][view]
    loaded = {}
    for part in _needed(parts, labelled=patient.labelled):
        file = path(parts, part)
        try:
            loaded[part] = _load(parts, part, folder)
        except listings.DefectError as defect:
            yield listings.Reject(file, *defect.args)
    own = settings.get(view, {})
    numbers = {phase: int(float(own.get(phase, 0))) - 1 for phase in schema.PHASES}
    yield from _too_short(parts, loaded, numbers)
    if patient.labelled:
        both = {
            key: value
            for told in (*settings.values(), own)
            for key, value in told.items()
        }
        common = {
            "patient": patient.name,
            "dataset": "camus",
            "view": view,
            "ejection_fraction": float(both.get("EF", math.nan)),
            "quality": both.get("ImageQuality", "").lower(),
        }
        yield from _phases(parts, loaded, numbers, common)
        yield from _between(parts, loaded, numbers, common)
    yield from _unlabelled(patient, view, loaded, numbers, choice)


def path(parts, part):
    """Path of a part of a view, beside the others where it is missing.

    Args:
        parts: Dict of the view's parts, at least one, to their files.
        part: The part, such as `half_sequence_gt`.
    """
    other, file = next(iter(parts.items()))
    return parts.get(part, file.replace(f"_{other}.", f"_{part}."))


def lacking(parts, known, *, labelled):
    """Part of a sequence that a view may lack, though other views have it.

    Args:
        parts: Dict of the view's parts to their files.
        known: Set of the parts that any view has.
        labelled: Whether the patient's masks are wanted.

    Returns:
        Name of the images, or of the masks where these alone are lacking; or None.
        Images that masks exist for are not named, because `records` rejects them.
    """
    moving = _moving(parts)
    if not moving:
        return next(iter(_moving(known)), None)
    masks = (f"{part}_gt" for part in moving if labelled)
    return next((part for part in masks if part in known and part not in parts), None)


def _needed(parts, *, labelled):
    """Parts of a view to read, those that it must have and those that it may have."""
    stills = [*schema.PHASES]
    moving = _moving(parts)
    if labelled:
        stills += [f"{phase}_gt" for phase in schema.PHASES]
        moving += [f"{part}_gt" for part in moving if f"{part}_gt" in parts]
    return stills + moving


def _moving(parts):
    """Sequences of which there are images or masks."""
    return [part for part in SEQUENCES if {part, f"{part}_gt"}.intersection(parts)]


def _load(parts, part, folder):
    if part not in parts:
        raise listings.DefectError("missing", "no such file")
    read = images.labels if part.endswith("_gt") else images.grey
    pixels, spacing = read(folder / parts[part])
    if len(pixels) != 1 and part.removesuffix("_gt") not in SEQUENCES:
        raise listings.DefectError("not one image", f"its shape is {pixels.shape}")
    return pixels, spacing


def _too_short(parts, loaded, numbers):
    for part in set(SEQUENCES).intersection(loaded):
        total = len(loaded[part][0])
        for phase, number in numbers.items():
            if number >= total:
                detail = f"{phase} is frame {number + 1} of {total}"
                yield listings.Reject(parts[part], "video too short", detail)


def _phases(parts, loaded, numbers, common):
    for phase in schema.PHASES:
        yield from _labelled(
            parts, loaded, phase, {0: (phase, numbers[phase])}, common=common
        )


def _between(parts, loaded, numbers, common):
    """Frames of a sequence with a mask, but for its ED and ES: its ends if unknown."""
    for part in SEQUENCES:
        if part in loaded:
            last = len(loaded[part][0]) - 1
            phases = _known(numbers, last + 1) or (0, last)
            inner = {
                number: (schema.BETWEEN, number)
                for number in range(last + 1)
                if number not in phases
            }
            yield from _labelled(parts, loaded, part, inner, common=common)


def _labelled(parts, loaded, part, wanted, *, common):
    """Labelled frames of one file of images and its file of masks.

    Args:
        parts: Dict of the view's parts to their files.
        loaded: Dict of the parts that could be read to pixels and spacing.
        part: The file of images, such as `ED`; the masks are `ED_gt`.
        wanted: Dict of the index in the file to the phase and the number in the video.
        common: What all records of the view share.
    """
    if part not in loaded or f"{part}_gt" not in loaded:
        return
    file = parts[f"{part}_gt"]
    pixels, spacing = loaded[part]
    masks, _ = loaded[f"{part}_gt"]
    if pixels.shape != masks.shape:
        detail = f"{masks.shape[-2:]} for an image of {pixels.shape[-2:]}"
        if len(pixels) != len(masks):
            detail = f"{len(masks)} masks for {len(pixels)} images"
        yield listings.Reject(file, "mask of another size", detail)
        return
    for index, (phase, number) in wanted.items():
        if not (masks[index] == schema.VENTRICLE).any():
            detail = f"no left ventricle in frame {index} of {len(masks)}"
            yield listings.Reject(file, "empty mask", detail)
            continue
        yield schema.LabelledFrame(
            **common,
            phase=phase,
            frame=number,
            image=pixels[index],
            mask=masks[index],
            spacing=spacing,
        )


def _known(numbers, total):
    """0-based ED and ES in a video of some length; empty unless both lie in it."""
    known = tuple(number for number in numbers.values() if 0 <= number < total)
    return known if len(known) == len(schema.PHASES) else ()


def _unlabelled(patient, view, loaded, numbers, choice):
    video = _sequence(loaded, numbers, choice) or _stills(loaded, numbers, choice)
    if video:
        numbers, kept, spacing = zip(*video)
        yield schema.UnlabelledVideo(
            patient=patient.name,
            dataset="camus",
            view=view,
            frames=kept,
            frame_numbers=numbers,
            spacing=spacing[0],
        )


def _sequence(loaded, numbers, choice):
    """Kept frames from ED to ES, though some files run from ES to ED."""
    for part in SEQUENCES:
        if part in loaded:
            pixels, spacing = loaded[part]
            phases = _known(numbers, len(pixels))
            kept = frames.kept(choice, len(pixels), phases=phases)
            backwards = numbers["ED"] > numbers["ES"]
            return [
                (number, pixels[number], spacing)
                for number in (reversed(kept) if backwards else kept)
            ]
    return []


def _stills(loaded, numbers, choice):
    phases = [phase for phase in schema.PHASES if phase in loaded]
    kept = frames.kept(choice, len(phases), phases=range(len(phases)))
    return [
        (numbers[phases[place]], loaded[phases[place]][0][0], loaded[phases[place]][1])
        for place in kept
    ]
