"""Masks from the left ventricle's tracings of EchoNet-Dynamic."""

import numpy as np

ROWS = 21
"""Rows of one tracing: the long axis and 20 chords from apex to base."""


def first_trace(rows):
    """The first trace of a frame that was traced more than once.

    Args:
        rows: `(N, 4)` X1, Y1, X2, Y2 in pixels; row 0 is the long axis.

    Returns:
        `(M, 4)` rows before the long axis comes again, 21 at most.
    """
    again = np.flatnonzero((rows[1:] == rows[0]).all(axis=1)) + 1
    return rows[: min([*again, ROWS])]


def outline(trace):
    """Vertices of the traced ventricle: down one wall and up the other.

    Args:
        trace: `(M, 4)` X1, Y1, X2, Y2 in pixels; row 0, the long axis, is left out.

    Returns:
        `(2 (M - 1), 2)` x and y of the vertices.
    """
    chords = trace[1:]
    return np.concatenate([chords[:, :2], chords[::-1, 2:]])


def area(vertices):
    """Area of a polygon in square pixels, by the shoelace formula.

    Args:
        vertices: `(N, 2)` x and y.
    """
    x, y = vertices.T
    return abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def leaves(vertices, shape):
    """Whether an outline, rounded to pixels, leaves a frame of this height and width.

    Args:
        vertices: `(N, 2)` x and y in pixels.
        shape: Height and width of the frame.
    """
    rounded = np.rint(vertices)
    return bool((rounded < 0).any() or (rounded > np.array(shape[::-1]) - 1).any())


def mask(vertices, shape):
    """Fill the outline as the data set's own loader does.

    The vertices are rounded to whole pixels; a pixel belongs to the ventricle when its
    centre lies within the polygon by the even-odd rule, or on its border. This equals
    `skimage.draw.polygon`. Vertices may lie outside the frame.

    Args:
        vertices: `(N, 2)` x and y in pixels.
        shape: Height and width of the frame.

    Returns:
        `shape` uint8, 1 inside.

    Source: O'Rourke, Computational Geometry in C, chapter 7, for the crossings.
    """
    x, y = np.rint(vertices).astype(np.int64).T
    rows = np.arange(max(y.min(), 0), min(y.max() + 1, shape[0]))[:, None]
    columns = np.arange(max(x.min(), 0), min(x.max() + 1, shape[1]))
    filled = np.zeros(shape, np.uint8)
    filled[rows, columns] = _inside(x[:, None, None] - columns, y[:, None, None] - rows)
    return filled


def _inside(x, y):
    before_x, before_y = np.roll(x, 1, axis=0), np.roll(y, 1, axis=0)
    crossing = (x * before_y - before_x * y) * np.sign(before_y - y)
    right = ((y > 0) != (before_y > 0)) & (crossing > 0)
    left = ((y < 0) != (before_y < 0)) & (crossing < 0)
    odd_right, odd_left = right.sum(axis=0) % 2, left.sum(axis=0) % 2
    vertex = ((x == 0) & (y == 0)).any(axis=0)
    return odd_right | (odd_right != odd_left) | vertex
