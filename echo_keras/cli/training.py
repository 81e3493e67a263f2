"""Commands that train."""

import click

from echo_keras import config, errors
from echo_keras.cli.group import PATH, POSITIVE, main

INIT = (
    "random, imagenet, its weights (.h5, .pth), hearts (synthetic) or a folder of "
    "echo-keras pretrain or finetune."
)


class Share(click.FloatRange):
    """A share in (0, 1], whose refusal tells those who think in percent."""

    def __init__(self):
        super().__init__(0, 1, min_open=True)

    def convert(self, value, param, ctx):
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            told = f"{value} is no share 0<x<=1; 5 % is 0.05"
            self.fail(told, param, ctx)


@main.command()
@click.option("--data", required=True, multiple=True, help="May repeat.")
@click.option("--output", type=PATH, required=True, help="Folder of the encoder.")
@click.option("--method", type=click.Choice(["simclr", "byol"]), show_default="simclr")
@click.option(
    "--contrast",
    type=click.Choice(["global", "dense"]),
    show_default=config.Pretrain.contrast,
    help="Tell apart frames as a whole, or places in them.",
)
@click.option(
    "--encoder",
    type=click.Choice(["unet", "resnet50", "resnet18", "efficientnet_lite2"]),
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
    type=Share(),
    show_default=str(config.Finetune.fraction),
    help="Share of the labelled patients, for training and for validation.",
)
@click.option(
    "--fraction-by",
    type=click.Choice(["patient", "image"]),
    show_default=config.Finetune.fraction_by,
    help="What a fraction draws; by image is the paper's way.",
)
@click.option(
    "--validation",
    type=click.Choice(["fraction", "full"]),
    show_default=config.Finetune.validation,
    help="Whether validation shrinks with the fraction; full is the paper's way.",
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
    type=click.Choice(["resnet50", "resnet18", "efficientnet_lite2"]),
    show_default=config.Finetune.encoder,
    help="Of deeplabv3; of the UNet efficientnet_lite2, else its own.",
)
@click.option(
    "--structures",
    type=click.Choice(["lv", "all"]),
    show_default=config.Finetune.structures,
    help="The ventricle alone, or also the myocardium and the atrium.",
)
@click.option(
    "--init",
    show_default=config.Finetune.init,
    help=INIT,
)
@click.option(
    "--teacher",
    "teachers",
    multiple=True,
    help="Fine-tuned folder, hearts, or a recipe (.yaml) to train first, whose masks "
    "of unlabelled patients are learnt from too; of several, the mean. In place of "
    "those of the recipe.",
)
@click.option(
    "--mixed-precision",
    type=click.Choice(["auto", "off", "bfloat16", "float16"]),
    show_default=config.Finetune.mixed_precision,
)
@click.option("--config", "path", type=PATH, help="YAML recipe; see configs/.")
@click.option("--epochs", type=POSITIVE, help="In place of steps.")
@click.option("--steps", type=POSITIVE, show_default="by the number of patients")
@click.option(
    "--seed",
    type=int,
    show_default=str(config.Finetune.seed),
    help="Of weights, order and augmentation.",
)
def finetune(data, output, path, **options):
    """Fine-tune a segmentation network on a fraction of the labels."""
    if options["epochs"] and options["steps"]:
        raise errors.InputError("--epochs and --steps exclude each other; give one")
    if options["steps"]:
        options["epochs"] = 0  # whatever the recipe says
    options["teachers"] = options["teachers"] or None
    recipe = config.load(config.Finetune, path, **options)
    if path and not options["teachers"]:
        recipe = config.beside(recipe, path)
    from echo_keras.training import rounds

    summary = rounds.run(recipe, data, output)
    click.echo(
        f"labelled patients: {len(summary['patients']['train'])} to train, "
        f"{len(summary['patients']['validation'])} to validate  "
        f"validation dice {summary['dice']:.3f} of {summary['frames']['validation']} "
        f"frames  {output}"
    )
