"""Commands that run the pipeline, and tell what it did."""

import importlib.util
import sys
import warnings

import click

from echo_keras import aside, config, errors
from echo_keras.cli.group import PATH, main


def _needs_tfx():
    if importlib.util.find_spec("tfx") is None:
        raise errors.InputError(
            "the pipeline needs TFX, which is not installed; add it by `python3.11 "
            "tools/setup.py .venv tfx` on Linux"
        )
    warnings.filterwarnings("ignore", module="tfx")  # of the age of what it needs


@main.command()
@click.option("--config", "path", type=PATH, help="YAML recipe; see configs/.")
@click.option("--camus", help="CAMUS as downloaded.")
@click.option("--echonet", help="EchoNet-Dynamic as downloaded.")
@click.option("--root", help="Folder of artefacts and metadata.")
@click.option("--model", help="saved_models/NAME to push to.")
@click.option("--finetune", help="Recipe of fine-tuning.")
@click.option("--pretrain", help="Recipe of pretraining.")
@click.option(
    "--runner",
    type=click.Choice(["local", "kubeflow"]),
    default="local",
    show_default=True,
    help="Run it here, or compile it for Kubeflow and Vertex AI.",
)
@click.option("--output", type=PATH, help="YAML or JSON to write (kubeflow).")
@click.argument("beam", nargs=-1, type=click.UNPROCESSED)
def run(path, runner, output, beam, **options):
    """Run the pipeline from raw data to a pushed model; `--` begins Beam's options."""
    if (runner == "kubeflow") != (output is not None):
        raise errors.InputError("--output belongs to --runner kubeflow; give both")
    recipe = config.load(config.Pipeline, path, **options)
    _needs_tfx()
    if runner == "kubeflow":
        from pipeline.tfx import kubeflow

        count = kubeflow.compile(recipe, output, beam_args=beam)
        click.echo(f"{count} components  {output}")
        return
    from pipeline.tfx import local

    click.echo(local.run(recipe, beam_args=beam, say=click.echo))


@main.command()
@click.option("--root", type=PATH, default=config.Pipeline.root, show_default=True)
def runs(root):
    """List the runs of a pipeline."""
    _needs_tfx()
    from pipeline.tfx import listing

    click.echo(listing.text(root, terminal=sys.stdout.isatty()))


@main.command()
@click.argument("model", metavar="MODEL_DIR", type=PATH)
@click.option("--output", type=PATH, help="SVG to draw.  [default: none]")
@click.option("--videos", type=PATH, help="CSV of what each video was to the model.")
def lineage(model, output, videos):
    """Tell what a pushed version, saved_models/NAME/N, was made from."""
    _needs_tfx()
    from pipeline.tfx import drawing, lineage, seen

    run = lineage.run(model)
    click.echo(lineage.text(run))
    if output:
        with aside.file(output) as file:
            file.write_text(drawing.svg(run, lineage.facts(run)))
        click.echo(f"drawn  {output}")
    if videos:
        count, total = seen.write(run, videos)
        click.echo(f"has seen {count} of {total} videos  {videos}")
