"""Histograms as small inline SVG drawings."""

WIDTH, HEIGHT = 128, 40


def histogram(counts, total):
    """Draw counts as bars; the highest is as high as the drawing.

    Args:
        counts: Count of each bin, from left to right.
        total: Count that a share is taken of, for whoever hovers over a bar.

    Returns:
        An `svg` element.
    """
    most = max(max(counts, default=0), 1)
    step = WIDTH / max(len(counts), 1)
    shown = "".join(
        f'<rect x="{number * step:.2f}" y="{HEIGHT * (1 - count / most):.2f}" '
        f'width="{step * 0.9:.2f}" height="{HEIGHT * count / most:.2f}">'
        f"<title>{count / max(total, 1):.1%}</title></rect>"
        for number, count in enumerate(counts)
    )
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    return f'<svg class="bars" {size}>{shown}</svg>'
