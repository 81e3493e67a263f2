"""The statistics of a data set as one HTML page that needs nothing else."""

import html as text
import pathlib

from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.io import fileio
from tfx.types import artifact, artifact_utils, standard_artifacts

from echo_keras.data import schema, tfrecords
from echo_keras.study import summary
from pipeline.tfx import bars, measures

TEMPLATE = pathlib.Path(__file__).with_name("statistics.html")
FILE = "statistics.html"


class Page(artifact.Artifact):
    """A page to look at."""

    TYPE_NAME = "echo.Page"


@component
def StatisticsPage(  # noqa: N802  components are named as TFX's own are
    statistics: InputArtifact[standard_artifacts.ExampleStatistics],
    frames: InputArtifact[standard_artifacts.Examples],
    examples: InputArtifact[standard_artifacts.Examples],
    page: OutputArtifact[Page],
    code: Parameter[str],
):
    """Draw TFDV's statistics of every split beside the project's own of its images."""
    splits = artifact_utils.decode_split_names(statistics.split_names)
    found = {
        split: stats_artifact_utils.load_statistics(statistics, split).proto()
        for split in sorted(splits, key=_order)
    }
    manifest = tfrecords.manifest(examples.uri)
    measured, greys = measures.read(frames.uri)
    with fileio.open(f"{page.uri}/{FILE}", "w") as file:
        file.write(html(found, manifest, measured, greys))
    page.set_string_custom_property("code", code)


def html(statistics, manifest, frames, greys):
    """Build the page.

    Args:
        statistics: Dict of split to TFDV's `DatasetFeatureStatisticsList`.
        manifest: Manifest of the records.
        frames: List of `facts.Frame`.
        greys: Dict of family and split to `(256,)` counts of grey levels.

    Returns:
        The page, pictures inside it.
    """
    splits = summary.splits(manifest["counts"], frames, greys)
    parts = {
        "title": text.escape(f"{manifest['dataset']}: {len(frames)} frames"),
        "images": _table(*summary.table(splits)),
        "note": text.escape(summary.NOTE),
        "greys": _greys(greys),
        "statistics": _statistics(statistics),
    }
    page = TEMPLATE.read_text()
    for name, part in parts.items():
        page = page.replace(f"<!-- {name} -->", part)
    return page


def _order(split):
    family, _, name = split.partition("-")
    return list(schema.FEATURES).index(family), schema.SPLITS.index(name)


def _greys(greys):
    figures = []
    for (family, split), counts in sorted(
        greys.items(), key=lambda item: _order(measures.name(*item[0]))
    ):
        heights = counts.reshape(64, -1).sum(axis=1)
        caption = f"{measures.name(family, split)}, grey levels 0 to 255"
        figures.append(_figure(bars.histogram(heights[1:], heights.sum()), caption))
    return "".join(figures)


def _statistics(statistics):
    """A row for each feature, a column for each split."""
    columns, features = list(statistics), {}
    for split, found in statistics.items():
        for feature in found.datasets[0].features:
            features.setdefault(feature.path.step[0], {})[split] = feature
    rows = []
    for name in sorted(features):
        cells = [
            _feature(features[name][split]) if split in features[name] else ""
            for split in columns
        ]
        rows.append([text.escape(name), *cells])
    sizes = [
        f"{statistics[split].datasets[0].num_examples} frames" for split in columns
    ]
    return _table(["", *columns], [["", *sizes], *rows], escape=False)


def _feature(feature):
    kind = feature.WhichOneof("stats")
    found = getattr(feature, kind)
    missing = found.common_stats.num_missing
    lines = [f"{missing} missing"] if missing else []
    if kind == "num_stats":
        lines.append(f"{found.mean:.3g} &plusmn; {found.std_dev:.3g}")
        lines.append(f"{found.min:.3g} to {found.max:.3g}")
        heights = [b.sample_count for b in found.histograms[0].buckets]
        return bars.histogram(heights, sum(heights)) + _lines(lines)
    top = [(value.value, value.frequency) for value in found.top_values[:4]]
    if found.unique > len(top):
        lines.append(f"{found.unique} values")
    else:
        lines += [f"{text.escape(value)} {int(count)}" for value, count in top]
    return _lines(lines)


def _lines(lines):
    return "<br>".join(lines)


def _figure(picture, caption):
    return f"<figure>{picture}<figcaption>{text.escape(caption)}</figcaption></figure>"


def _table(header, rows, *, escape=True):
    told = text.escape if escape else str
    head = "".join(f"<th>{told(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{told(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"
