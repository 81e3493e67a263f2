"""A contact sheet of records: flagged frames first, then small to large hearts."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np
from matplotlib import figure as canvas

from echo_keras.data import schema, tfrecords
from echo_keras.study import facts, flags, pictures, plots

OUTLINES = {
    "myocardium": ((1, 2), (255, 160, 40)),
    "left atrium": ((3,), (90, 160, 255)),
    "left ventricle": ((schema.VENTRICLE,), pictures.TRUTH),
}
"""Labels inside each outline, and its colour; later ones lie on top."""

_PANELS_OF_SPLIT, _PANELS_OF_RULE = 8, 4
_FRAMES_OF_PANEL, _FRAMES_OF_TITLE = 8, 2
_WIDTH, _TILE_WIDTH, _TILE_HEIGHT = 1760, 208, 190
_MARGIN, _GAP, _LINE = 24, 4, 18
_DOTS_PER_INCH = 100
_FINER = 2  # pictures are drawn larger and shrunk, for thin and smooth outlines


class Panel(NamedTuple):
    """Frames that are shown side by side.

    Attributes:
        title: Whose they are, and the rule that flagged them.
        subtitle: What to know about them.
        frames: The `facts.Frame`.
    """

    title: str
    subtitle: str
    frames: tuple[facts.Frame, ...]


def write(path, folder, frames, found):
    """Draw some frames of a folder of records with the outlines of their masks.

    Args:
        path: PNG to write.
        folder: Folder of records.
        frames: List of all `facts.Frame` in it.
        found: List of `flags.Flag`.
    """
    sections = choose(frames, found)
    panels = [panel for theirs in sections.values() for panel in theirs]
    pixels = _pixels(folder, [frame for panel in panels for frame in panel.frames])
    items, height = _layout({str(folder): [], **sections})
    size = (_WIDTH / _DOTS_PER_INCH, height / _DOTS_PER_INCH)
    page = canvas.Figure(figsize=size, dpi=_DOTS_PER_INCH, facecolor=plots.GROUND)
    _legend(page)
    for x, y, item in items:
        if isinstance(item, str):
            _write(page, x, y, item, size=13, weight="bold")
        else:
            _draw(page, x, y, item, pixels)
    page.savefig(path, format="png", facecolor=plots.GROUND)


def choose(frames, found):
    """Choose what to show.

    Args:
        frames: List of `facts.Frame`.
        found: List of `flags.Flag`.

    Returns:
        Dict of heading to a list of `Panel`: the first flags of each rule, then hearts
        of each split, evenly from the smallest ventricle to the largest, or by name
        where a split has no labels.
    """
    first = [
        _flagged(flag)
        for theirs in flags.by_rule(found).values()
        for flag in theirs[:_PANELS_OF_RULE]
    ]
    sections = {f"flagged: {len(first)} of {len(found)}": first} if first else {}
    for split in schema.SPLITS:
        own = [frame for frame in frames if frame.split == split]
        hearts = sorted(facts.beats(own), key=lambda beat: _area(beat[0])[0])
        order = "small to large ventricles" if hearts else "without labels"
        hearts = hearts or _videos(own)
        if hearts:
            panels = [_heart(heart) for heart in _spread(hearts, _PANELS_OF_SPLIT)]
            sections[f"{split}: {len(panels)} of {len(hearts)} views, {order}"] = panels
    return sections


def _flagged(flag):
    owners = dict.fromkeys(f"{frame.patient} ({frame.split})" for frame in flag.frames)
    first, *others = owners
    title = f"{flag.rule}: {first}"
    told = [f"= {others[0]}"] if others else []
    told += [f"and {len(others) - 1} more"] if len(others) > 1 else []
    told += [flags.numbers(flag)] if flag.numbers else []
    return Panel(title, ", ".join(told), flag.frames[:_FRAMES_OF_PANEL])


def _heart(frames):
    first = frames[0]
    unknown = math.isnan(first.ejection_fraction)
    known = [] if unknown else [f"EF {first.ejection_fraction:.0f} %"]
    known += [first.quality] if first.quality else []
    return Panel(f"{first.patient}  {first.view}", ", ".join(known), frames)


def _videos(frames):
    """First and last frame of each video, by patient and view."""
    ends = {}
    for frame in frames:
        first, _ = ends.get((frame.patient, frame.view), (frame, frame))
        ends[frame.patient, frame.view] = first, frame
    return [ends[key] for key in sorted(ends)]


def _spread(items, most):
    places = np.linspace(0, len(items) - 1, min(most, len(items)))
    return [items[round(place)] for place in places]


def _area(frame):
    """Area of the ventricle and its unit."""
    area = frame.square_centimetres
    return (100 * frame.share, "% of the image") if math.isnan(area) else (area, "cm²")


def _pixels(folder, frames):
    """Dict of place to image and mask, or None without a label."""
    wanted, patients = set(), {}
    for frame in frames:
        wanted.add(frame.place)
        patients.setdefault((frame.family, frame.split), set()).add(frame.patient)
    found = {}
    for (family, split), names in patients.items():
        records = tfrecords.frames(folder, family, split, patients=names)
        for record in records.as_numpy_iterator():
            place = facts.place(record, family=family, split=split)
            if place in wanted:
                mask = record["mask"][..., 0] if "mask" in record else None
                found[place] = record["image"][..., 0], mask
    return found


def _layout(sections):
    """Places, x and y of the upper left corner, of headings and panels; the height."""
    items, y = [], _MARGIN
    for heading, panels in sections.items():
        items.append((_MARGIN, y, heading))
        x, y = _MARGIN, y + 2 * _LINE
        for panel in panels:
            tiles = max(len(panel.frames), _FRAMES_OF_TITLE)
            width = tiles * (_TILE_WIDTH + _GAP) + 2 * _GAP
            if x + width > _WIDTH:
                x, y = _MARGIN, y + _TILE_HEIGHT + 4 * _LINE
            items.append((x, y, panel))
            x += width
        y += _TILE_HEIGHT + 4 * _LINE + _MARGIN if panels else 0
    return items, y


def _draw(page, x, y, panel, pixels):
    _write(page, x, y, panel.title, weight="bold")
    _write(page, x, y + _LINE, panel.subtitle)
    for number, frame in enumerate(panel.frames):
        left, top = x + number * (_TILE_WIDTH + _GAP), y + 2 * _LINE
        shown = tile(*pixels[frame.place], spacing=frame.spacing)
        bottom = page.bbox.height - top - _TILE_HEIGHT
        page.figimage(shown, xo=left, yo=bottom, origin="upper")
        _write(page, left, top + _TILE_HEIGHT, _caption(frame))


def _caption(frame):
    area = ["{:.1f} {}".format(*_area(frame))] if frame.ventricle else []
    return "  ".join([flags.name(frame), *area])


def tile(image, mask, *, spacing):
    """Draw a frame in its true proportions in the middle of a black tile.

    Args:
        image: `(H, W)` uint8 grey levels.
        mask: `(H, W)` uint8 structures as in `schema.LabelledFrame`, or None.
        spacing: Height and width of a pixel in mm; unknown unless positive and finite.

    Returns:
        `(190, 208, 3)` uint8 RGB.
    """
    known = all(0 < side < math.inf for side in spacing)
    pixel_height, pixel_width = spacing if known else (1, 1)
    height, width = image.shape[0], image.shape[1] * pixel_width / pixel_height
    scale = min(_TILE_WIDTH / width, _TILE_HEIGHT / height)
    shown = max(int(width * scale), 1), max(int(height * scale), 1)
    # at least as wide as leaves a column after shrinking to the tile
    upright = max(round(width), math.ceil(height / shown[1])), height
    masks = [
        (_resized(np.isin(mask, labels).astype(np.uint8), upright), colour)
        for labels, colour in (OUTLINES.values() if mask is not None else ())
    ]
    image = cv2.resize(image, upright)
    picture = pictures.contours(image, masks, height=_FINER * shown[1])
    picture = cv2.resize(picture, shown, interpolation=cv2.INTER_AREA)
    whole = np.zeros((_TILE_HEIGHT, _TILE_WIDTH, 3), np.uint8)
    left, top = (_TILE_WIDTH - shown[0]) // 2, (_TILE_HEIGHT - shown[1]) // 2
    whole[top : top + shown[1], left : left + shown[0]] = picture
    return whole


def _resized(labels, size):
    return cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST)


def _legend(page):
    for number, (name, (_, colour)) in enumerate(OUTLINES.items()):
        x = _WIDTH - _MARGIN - 130 * (len(OUTLINES) - number)
        _write(page, x, _MARGIN, name, colour=np.array(colour) / 255)


def _write(page, x, y, text, *, colour=plots.INK, size=9, weight="normal"):
    """Write a line of text whose top is at y, whatever its letters."""
    place = (x / page.bbox.width, 1 - (y + 1.5 * size) / page.bbox.height)
    style = {"color": colour, "fontsize": size, "weight": weight}
    page.text(*place, text, va="baseline", parse_math=False, **style)
