"""Columns of a CSV table, whatever its line ends and its byte order mark."""

import csv
import io

from echo_keras import errors
from pipeline import files


def rows(path, columns):
    """Read some columns of a table.

    Args:
        path: Path or URL of a CSV file with a header.
        columns: Names of the columns, in the order wanted.

    Yields:
        Tuple of strings, stripped; empty where a row is too short. Rows of nothing but
        blanks are left out.

    Raises:
        InputError: The file is no text, is empty or lacks a column.
    """
    with files.opened(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        try:
            yield from _chosen(csv.reader(text), columns, path=path)
        except (UnicodeDecodeError, csv.Error) as error:
            raise errors.InputError(
                f"{path} is no CSV table ({error}); download it again"
            ) from error


def _chosen(lines, columns, *, path):
    header = [name.strip() for name in next(lines, [])]
    missing = [name for name in columns if name not in header]
    if missing:
        raise errors.InputError(
            f"{path} lacks the column {', '.join(missing)}; it has "
            f"{', '.join(header) or 'none'}"
        )
    places = [header.index(name) for name in columns]
    for line in lines:
        if any(map(str.strip, line)):
            line += [""] * (len(header) - len(line))
            yield tuple(line[place].strip() for place in places)
