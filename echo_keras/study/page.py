"""Self-contained HTML pages: pictures inside, one style, tables of text."""

import base64
import html
import pathlib

TEMPLATE = pathlib.Path(__file__).with_name("page.html")


def fill(title, body, **parts):
    """Build a page.

    Args:
        title: Title of the page.
        body: HTML with a comment `<!-- NAME -->` for each part.
        **parts: HTML to put in place of these comments.

    Returns:
        The whole page.
    """
    page = TEMPLATE.read_text().replace("<!-- title -->", html.escape(title))
    page = page.replace("<!-- body -->", body)
    for name, part in parts.items():
        page = page.replace(f"<!-- {name} -->", part)
    return page


def image(png, caption):
    """An `img` of a PNG, as bytes, with a caption for those who cannot see it."""
    encoded = base64.b64encode(png).decode()
    url = f"data:image/png;base64,{encoded}"
    return f'<img src="{url}" alt="{html.escape(caption, quote=True)}">'


def table(header, rows, *, kind=""):
    """A table of text; nothing in it is taken for HTML.

    Args:
        header: Heading of each column, empty for none.
        rows: Cells of each row.
        kind: Its class of style.
    """
    lines = [_row("th", header)] if header else []
    lines += [_row("td", row) for row in rows]
    attribute = f' class="{kind}"' if kind else ""
    return f'<div class="wide"><table{attribute}>{"".join(lines)}</table></div>'


def _row(tag, cells):
    inside = "".join(f"<{tag}>{html.escape(str(cell))}</{tag}>" for cell in cells)
    return f"<tr>{inside}</tr>"
