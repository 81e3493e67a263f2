"""Commands that make and check data."""

import click

from echo_keras import errors
from echo_keras.cli.group import PATH, POSITIVE, main

VIEW = click.Choice(["4CH", "2CH"])
DATASET = click.Choice(["echonet", "camus"])


@main.command()
@click.option("--layout", type=DATASET, required=True, help="Whose files to imitate.")
@click.option("--patients", type=POSITIVE, required=True, help="Hearts to draw.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--output", type=PATH, required=True, help="Folder to write.")
@click.option(
    "--defects",
    help="Spoil files as real copies are: all, or names with commas between them.",
)
@click.option("--frames", type=POSITIVE, help="Of a video (echonet).  [default: drawn]")
@click.option(
    "--release",
    type=click.Choice(["current", "2019"]),
    help="Of camus.  [default: current]",
)
@click.option("--views", type=VIEW, multiple=True, help="Of camus.  [default: both]")
@click.option(
    "--half-sequence/--no-half-sequence",
    default=None,
    help="Every frame from ED to ES too (camus).  [default: on]",
)
def phantom(
    layout, patients, seed, output, defects, frames, release, views, half_sequence
):
    """Draw synthetic hearts in the files of EchoNet-Dynamic or CAMUS."""
    from pipeline import phantom

    options = {
        "echonet": {"frames": frames},
        "camus": {
            "release": release,
            "views": views or None,
            "half_sequence": half_sequence,
        },
    }
    given = [
        (owner, name, value)
        for owner, values in options.items()
        for name, value in values.items()
        if value is not None
    ]
    for owner, name, _ in given:
        if owner != layout:
            option = name.replace("_", "-")
            raise errors.InputError(f"--{option} is for --layout {owner}, not {layout}")
    options = {name: value for _, name, value in given}
    if defects is not None:
        options["defects"] = defects
    written = phantom.write(layout, patients, seed, output, **options)
    click.echo(f"{written} patients in the layout of {layout}  {output}")


@main.command("build-tfrecords")
@click.option("--dataset", type=DATASET, required=True)
@click.option("--source", required=True, help="The data set as downloaded.")
@click.option("--output", required=True, help="Folder of records to write.")
@click.option(
    "--unlabelled-frames",
    default="8",
    show_default=True,
    help="Kept of a video: a number spread over it, between (ED and ES) or all.",
)
@click.option("--shards", type=POSITIVE, help="Files per split.  [default: by size]")
@click.option(
    "--max-rejected",
    type=click.FloatRange(0, 1),
    default=0.01,
    show_default=True,
    help="Share of rejected files above which the job fails.",
)
@click.option("--exclude", multiple=True, help="Patient to leave out; may be repeated.")
@click.argument("beam", nargs=-1, type=click.UNPROCESSED)
def build_tfrecords(
    dataset, source, output, unlabelled_frames, shards, max_rejected, exclude, beam
):
    """Convert a data set to TFRecords; what follows `--` goes to Beam."""
    from pipeline import build

    manifest = build.run(
        dataset,
        source,
        output,
        unlabelled_frames=unlabelled_frames,
        shards=shards,
        max_rejected=max_rejected,
        exclude=exclude,
        beam_args=beam,
    )
    totals = manifest["counts"].values()
    odd = ", ".join(f"{n} {reason}" for reason, n in manifest["rejected"].items())
    click.echo(
        f"{sum(split['labelled_frames'] for split in totals)} labelled frames, "
        f"{sum(split['unlabelled_videos'] for split in totals)} unlabelled videos; "
        f"reported: {odd or 'nothing odd'}  {output}"
    )


@main.command()
@click.argument("folder", metavar="DIR")
@click.option(
    "--output",
    type=PATH,
    help="Folder of inspect.json and .png.  [default: runs/inspect/NAME OF DIR]",
)
def inspect(folder, output):
    """Verify a folder of records, sum it up and flag what looks wrong."""
    from echo_keras.study import inspection

    click.echo(inspection.run(folder, output, say=click.echo))
