"""Tables of text: on a terminal with lines, elsewhere aligned, or as Markdown."""

from typing import NamedTuple

from rich import box, console, table

_WIDER_THAN_ANY = 1000  # or else rich cuts figures off where the terminal is narrow


class Table(NamedTuple):
    """A table and what to know about it.

    Attributes:
        title: Its title.
        note: A paragraph.
        header: Heading of each column.
        rows: Cells of each row, as long as the header.
    """

    title: str
    note: str
    header: list
    rows: list


def markdown(found):
    """Write a list of `Table` as Markdown."""
    parts = []
    for title, note, header, rows in found:
        rule = ["---"] * len(header)
        lines = [f"| {' | '.join(row)} |" for row in (header, rule, *rows)]
        parts.append("\n".join([f"## {title}", "", note, "", *lines, ""]))
    return "\n".join(parts)


def text(header, rows, *, terminal):
    """Lay out a table whose first column is a label.

    Args:
        header: Heading of each column.
        rows: Cells of each row, as long as the header.
        terminal: Whether to draw lines and colours.

    Returns:
        Lines of text, without a newline at the end.
    """
    return _drawn(header, rows) if terminal else _aligned(header, rows)


def _aligned(header, rows):
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    lines = []
    for label, *cells in (header, *rows):
        cells = [cell.rjust(width) for cell, width in zip(cells, widths[1:])]
        lines.append("  ".join([label.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def _drawn(header, rows):
    shown = table.Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(header):
        shown.add_column(heading, justify="right" if number else "left", no_wrap=True)
    for row in rows:
        shown.add_row(*row)
    screen = console.Console(force_terminal=True, width=_WIDER_THAN_ANY)
    with screen.capture() as captured:
        screen.print(shown)
    return "\n".join(map(str.rstrip, captured.get().split("\n"))).strip("\n")
