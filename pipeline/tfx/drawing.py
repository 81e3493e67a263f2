"""The steps of a run as a drawing: who made what from whose artefacts."""

import html

BOX, HIGH = 190, 46
GAP_ACROSS, GAP_DOWN, EDGE = 26, 54, 24
COLOURS = {
    "done": "#3b7a57",
    "kept": "#4a5568",
    "failed": "#9b2c2c",
    "unfinished": "#8a6d1b",
}


def svg(run):
    """Draw a run, its first steps on top.

    Args:
        run: `records.Run`.

    Returns:
        An SVG document.
    """
    drawn = list(edges(run.steps))
    rows = _rows(run.steps, drawn)
    places = _places(rows)
    widest = max((len(row) for row in rows), default=0)
    width = 2 * EDGE + widest * (BOX + GAP_ACROSS) - GAP_ACROSS
    height = 2 * EDGE + len(rows) * (HIGH + GAP_DOWN) - GAP_DOWN
    shown = [_edge(places[first], places[second]) for first, second in drawn]
    shown += [_box(step, *places[step.node]) for step in run.steps]
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
