"""The command line: parse, load a recipe, call one function, print one line."""

import logging
import os
import pathlib

import click

from echo_keras import config, errors

PATH = click.Path(path_type=pathlib.Path)
POSITIVE = click.IntRange(min=1)
FRACTION = click.FloatRange(0, 1, min_open=True)
VIEW = click.Choice(["4CH", "2CH"])
INIT = "random, imagenet, its weights (.h5) or a folder of echo-keras pretrain."
DATASET = click.Choice(["echonet", "camus"])

# What TensorFlow tells its developers would bury what the commands tell their users.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)


class Commands(click.Group):
    """A group that tells a user's mistake in one sentence and exits with 2."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except errors.InputError as mistake:
            # What a library gives as its reason may span lines.
            click.echo(f"Error: {' '.join(str(mistake).split())}", err=True)
            ctx.exit(2)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="echo-keras")
def main():
    """Contrastive pretraining and segmentation for echocardiograms with few labels."""


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
@click.argument("beam", nargs=-1, type=click.UNPROCESSED)
def build_tfrecords(
    dataset, source, output, unlabelled_frames, shards, max_rejected, beam
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


@main.command()
@click.option("--data", required=True, multiple=True, help="May repeat.")
@click.option("--output", type=PATH, required=True, help="Folder of the encoder.")
@click.option("--method", type=click.Choice(["simclr", "byol"]), show_default="simclr")
@click.option(
    "--encoder",
    type=click.Choice(["unet", "resnet50", "resnet18"]),
    show_default=config.Pretrain.encoder,
)
@click.option("--init", show_default=config.Pretrain.init, help=INIT)
@click.option(
    "--positives",
    type=click.Choice(["frame", "video", "patient"]),
    show_default=config.Pretrain.positives,
    help="Whose frames make a pair of views.",
)
@click.option(
    "--mixed-precision",
    type=click.Choice(["auto", "off", "bfloat16", "float16"]),
    show_default=config.Pretrain.mixed_precision,
)
@click.option("--jit/--no-jit", default=None, help="Compile by XLA.  [default: no-jit]")
@click.option(
    "--accumulate",
    type=POSITIVE,
    show_default=str(config.Pretrain.accumulate),
    help="Batches that make a step; the negatives stay within a batch.",
)
@click.option("--config", "path", type=PATH, help="YAML recipe; see configs/.")
@click.option("--epochs", type=POSITIVE, show_default=str(config.Pretrain.epochs))
@click.option(
    "--replicas",
    type=POSITIVE,
    show_default="all GPUs, or 1",
    help="GPUs, or parts to split a CPU into; the same result, up to rounding.",
)
@click.option(
    "--strategy",
    "kind",
    type=click.Choice(["mirrored", "multi-worker"]),
    default="mirrored",
    show_default=True,
    help="This machine, or the workers of TF_CONFIG; each runs this command.",
)
@click.option(
    "--checkpoint-seconds",
    type=click.FloatRange(0),
    default=300.0,
    show_default=True,
    help="Between two checkpoints; the same command goes on from the last one.",
)
def pretrain(data, output, path, kind, replicas, checkpoint_seconds, **options):
    """Pretrain an encoder on unlabelled videos."""
    recipe = config.load(config.Pretrain, path, **options)
    from echo_keras.training import pretrain

    how = {"replicas": replicas, "checkpoint_seconds": checkpoint_seconds}
    summary = pretrain.run(recipe, data, output, kind=kind, **how)
    click.echo(
        f"loss {summary['loss'][-1]:.3f}  accuracy {summary['accuracy'][-1]:.3f}  "
        f"{output}"
    )


@main.command()
@click.option("--data", required=True, help="Folder of records.")
@click.option("--output", type=PATH, required=True, help="Folder of the model.")
@click.option(
    "--fraction",
    type=FRACTION,
    show_default=str(config.Finetune.fraction),
    help="Share of the labelled patients, for training and for validation.",
)
@click.option(
    "--subset-seed",
    type=int,
    show_default=str(config.Finetune.subset_seed),
    help="Which patients a fraction draws.",
)
@click.option(
    "--network",
    type=click.Choice(["unet", "deeplabv3"]),
    show_default=config.Finetune.network,
)
@click.option(
    "--encoder",
    type=click.Choice(["resnet50", "resnet18"]),
    show_default=config.Finetune.encoder,
    help="Of deeplabv3.",
)
@click.option("--init", show_default=config.Finetune.init, help=INIT)
@click.option("--config", "path", type=PATH, help="YAML recipe; see configs/.")
@click.option("--epochs", type=POSITIVE, help="In place of steps.")
@click.option("--steps", type=POSITIVE, show_default=str(config.Finetune.steps))
@click.option(
    "--seed",
    type=int,
    show_default=str(config.Finetune.seed),
    help="Of weights, order and augmentation.",
)
def finetune(data, output, path, epochs, **options):
    """Fine-tune a segmentation network on a fraction of the labels."""
    if epochs and options["steps"]:
        raise errors.InputError("--epochs and --steps exclude each other; give one")
    recipe = config.load(config.Finetune, path, **options)
    from echo_keras.training import finetune

    summary = finetune.run(recipe, data, output, epochs=epochs)
    click.echo(
        f"labelled patients: {len(summary['patients']['train'])} to train, "
        f"{len(summary['patients']['validation'])} to validate  "
        f"validation dice {summary['dice']:.3f}  {output}"
    )


@main.command()
@click.option("--model", type=PATH, required=True, help="Folder of finetune.")
@click.option("--output", type=PATH, required=True, help="saved_models/NAME")
def export(model, output):
    """Export a fine-tuned model as the next version below saved_models/NAME."""
    from echo_keras.serving import export

    click.echo(f"exported and verified  {export.export(model, output)}")


@main.command()
@click.option("--models", type=PATH, required=True, help="Folder of NAME/VERSION.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)
def serve(models, host, port):
    """Serve exported models over TensorFlow Serving's REST API."""
    from echo_keras.serving import server

    def ready(urls):
        for url in urls:
            click.echo(f"serving  {url}")

    server.serve(models, host=host, port=port, ready=ready)


@main.command()
@click.option("--data", required=True, help="Folder of records.")
@click.option("--split", default="test", show_default=True)
@click.option("--url", help="http://HOST:PORT/v1/models/NAME of a running server.")
@click.option("--model", type=PATH, help="Model folder, to score without a server.")
@click.option("--output", type=PATH, required=True, help="JSON to write or replace.")
def evaluate(data, split, url, model, output):
    """Score a model on a labelled split, through REST or in this process."""
    if (url is None) == (model is None):
        raise errors.InputError("give either --url or --model")
    from echo_keras.serving import evaluate

    if url:
        scores = evaluate.by_url(data, split, url)
    else:
        scores = evaluate.by_model(data, split, model)
    evaluate.write(scores, output)
    low, high = scores["dice_per_image_interval"]
    click.echo(
        f"dice {scores['dice_per_image_mean']:.4f} ({low:.4f}-{high:.4f})  "
        f"{scores['images']} images of {scores['patients']} patients  {output}"
    )


@main.command()
@click.option("--camus", type=PATH, help="CAMUS as downloaded.")
@click.option("--echonet", type=PATH, help="EchoNet-Dynamic as downloaded.")
@click.option("--output", type=PATH, default="runs/demo", show_default=True)
def demo(camus, echonet, output):
    """Run the whole route, on synthetic hearts where no data set is given."""
    from echo_keras.study import demo

    click.echo(demo.run(output, camus=camus, echonet=echonet, say=click.echo))


if __name__ == "__main__":
    main()
