"""Records of one view of one CAMUS patient."""

import math

from echo_keras.data import schema
from pipeline.sources import frames, images, listings

PHASES = ("ED", "ES")
SEQUENCES = ("half_sequence", "sequence")


def records(patient, view, choice, *, folder, settings):
    """Records of one view: ED and ES with masks, and the video.

    Args:
        patient: `Patient` of `camus.listing`.
        view: `2CH` or `4CH`.
        choice: Which frames to keep without labels; see `frames.choice`.
        folder: Local folder of the data set.
        settings: Dict of view to the numbers of its `.cfg` file, where there is one.

    Yields:
        `LabelledFrame`, `UnlabelledVideo`, or a `Reject` for what cannot be read.
    """
    parts = patient.details["views"][view]
    loaded = {}
    for part in _needed(parts, labelled=patient.labelled):
        file = parts.get(part, f"{patient.name}_{view}_{part}")
        try:
            loaded[part] = _load(parts, part, folder)
        except listings.DefectError as defect:
            yield listings.Reject(file, *defect.args)
    numbers = {phase: int(settings.get(view, {}).get(phase, 0)) - 1 for phase in PHASES}
    if patient.labelled:
        fractions = [found["EF"] for found in settings.values() if "EF" in found]
        fraction = fractions[0] if fractions else math.nan
        yield from _labelled(patient, view, loaded, numbers, fraction)
    yield from _unlabelled(patient, view, loaded, numbers, choice)


def _needed(parts, *, labelled):
    masks = [f"{phase}_gt" for phase in PHASES if labelled]
    return [*PHASES, *masks, *(part for part in SEQUENCES if part in parts)]


def _load(parts, part, folder):
    if part not in parts:
        raise listings.DefectError("missing", "no such file")
    read = images.labels if part.endswith("_gt") else images.grey
    pixels, spacing = read(folder / parts[part])
    if len(pixels) != 1 and part not in SEQUENCES:
        raise listings.DefectError("not one image", f"its shape is {pixels.shape}")
    return pixels, spacing


def _labelled(patient, view, loaded, numbers, fraction):
    for phase in PHASES:
        if phase not in loaded or f"{phase}_gt" not in loaded:
            continue
        [image], spacing = loaded[phase]
        [mask], _ = loaded[f"{phase}_gt"]
        if image.shape != mask.shape:
            yield listings.Reject(
                patient.details["views"][view][f"{phase}_gt"],
                "mask of another size",
                f"{mask.shape} for an image of {image.shape}",
            )
            continue
        yield schema.LabelledFrame(
            patient=patient.name,
            dataset="camus",
            view=view,
            phase=phase,
            frame=numbers[phase],
            image=image,
            mask=mask,
            spacing=spacing,
            ejection_fraction=fraction,
        )


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
            known = [phase for phase in numbers.values() if 0 <= phase < len(pixels)]
            phases = known if len(known) == len(PHASES) else ()
            kept = frames.kept(choice, len(pixels), phases=phases)
            backwards = numbers["ED"] > numbers["ES"]
            return [
                (number, pixels[number], spacing)
                for number in (reversed(kept) if backwards else kept)
            ]
    return []


def _stills(loaded, numbers, choice):
    phases = [phase for phase in PHASES if phase in loaded]
    kept = frames.kept(choice, len(phases), phases=range(len(phases)))
    return [
        (numbers[phases[place]], loaded[phases[place]][0][0], loaded[phases[place]][1])
        for place in kept
    ]
