"""The steps of a run as a drawing: who made what from whose artefacts."""

import html
import textwrap

BOX, HIGH = 190, 46
GAP_ACROSS, GAP_DOWN, EDGE = 26, 54, 24
LINE, LABEL, LETTER = 17, 150, 6.4  # pixels of a line, of the labels and of a letter
COLOURS = {
    "done": "#3b7a57",
    "kept": "#4a5568",
    "failed": "#9b2c2c",
    "unfinished": "#8a6d1b",
}


def svg(run, facts=()):
    """Draw a run, its first steps on top and what it was made from below.

    Args:
        run: `records.Run`.
        facts: Pairs of label and text, as of `lineage.facts`.

    Returns:
        An SVG document.
    """
    drawn = list(edges(run.steps))
    rows = _rows(run.steps, drawn)
    places = _places(rows)
    widest = max((len(row) for row in rows), default=0)
    width = 2 * EDGE + widest * (BOX + GAP_ACROSS) - GAP_ACROSS
    below = 2 * EDGE + len(rows) * (HIGH + GAP_DOWN) - GAP_DOWN
    lines = list(_lines(facts, width))
    height = below + LINE * len(lines) + EDGE * bool(lines)
    shown = [_edge(places[first], places[second]) for first, second in drawn]
    shown += [_box(step, *places[step.node]) for step in run.steps]
    shown += [_told(*line, below + LINE * n) for n, line in enumerate(lines, start=1)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="system-ui, sans-serif">\n'
        f'<rect width="{width}" height="{height}" fill="#16181c"/>\n'
        + "\n".join(shown)
        + "\n</svg>\n"
    )


def edges(steps):
    """Pairs of nodes: who read what another one made."""
    makers = {artifact.id: step.node for step in steps for artifact in step.outputs}
    found = {
        (makers[artifact.id], step.node)
        for step in steps
        for artifact in step.inputs
        if artifact.id in makers
    }
    yield from sorted(found)


def _rows(steps, edges):
    """Nodes by the longest way from a first step; steps come in the order of time."""
    depth = {}
    for step in steps:
        above = [depth[first] for first, second in edges if second == step.node]
        depth[step.node] = max(above, default=-1) + 1
    rows = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node, row in depth.items():
        rows[row].append(node)
    return rows


def _places(rows):
    widest = max(map(len, rows), default=0)
    places = {}
    for number, row in enumerate(rows):
        shift = (widest - len(row)) * (BOX + GAP_ACROSS) / 2
        for place, node in enumerate(row):
            left = EDGE + shift + place * (BOX + GAP_ACROSS)
            places[node] = left, EDGE + number * (HIGH + GAP_DOWN)
    return places


def _edge(first, second):
    x, y = first[0] + BOX / 2, first[1] + HIGH
    to_x, to_y = second[0] + BOX / 2, second[1]
    bend = GAP_DOWN / 2
    return (
        f'<path d="M{x} {y} C{x} {y + bend} {to_x} {to_y - bend} {to_x} {to_y}" '
        'fill="none" stroke="#a9b0bb" stroke-width="1.2" opacity="0.6"/>'
    )


def _box(step, left, top):
    middle = left + BOX / 2
    time = f"{step.seconds:.1f} s, {step.state}"
    return (
        f'<rect x="{left}" y="{top}" width="{BOX}" height="{HIGH}" rx="6" '
        f'fill="{COLOURS[step.state]}"/>'
        f'<text x="{middle}" y="{top + 20}" fill="#ffffff" font-size="12" '
        f'text-anchor="middle">{html.escape(step.node)}</text>'
        f'<text x="{middle}" y="{top + 36}" fill="#e0e0e0" font-size="11" '
        f'text-anchor="middle">{html.escape(time)}</text>'
    )


def _lines(facts, width):
    """Label and text of each line; a long text goes on in the next, under no label."""
    letters = int((width - 2 * EDGE - LABEL) / LETTER)
    for label, text in facts:
        for part in textwrap.wrap(text, letters) or [""]:
            yield label, part
            label = ""


def _told(label, text, baseline):
    return "".join(
        f'<text x="{left}" y="{baseline}" fill="{colour}" font-size="12">'
        f"{html.escape(words)}</text>"
        for left, colour, words in (
            (EDGE, "#a9b0bb", label),
            (EDGE + LABEL, "#ffffff", text),
        )
    )
