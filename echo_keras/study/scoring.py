"""A model's scores, with a table of the cases and a picture of some beside them."""

import functools

from echo_keras.serving import evaluate, written
from echo_keras.study import gallery, pictures


def write(data, split, path, *, url=None, model=None):
    """Score a model and write what was found.

    Args:
        data: Folder of records.
        split: `train`, `validation` or `test`.
        path: JSON to write or replace; `NAME.json` has `NAME.cases.csv` and
            `NAME.cases.png` beside it.
        url: `http://HOST:PORT/v1/models/NAME` of a served model, or None.
        model: Folder of a model, where there is no URL.

    Returns:
        Dict as of `evaluate.by_url` or `evaluate.by_model`.

    Raises:
        InputError: As of these, or the files cannot be written.
    """
    written.check(path)
    masks = {}
    see = functools.partial(pictures.keep, masks)
    if url:
        scores = evaluate.by_url(data, split, url, see=see)
    else:
        scores = evaluate.by_model(data, split, model, see=see)
    gallery.write(scores, masks, data, path)
    written.write(scores, path)
    return scores
