"""The group that every command joins, and what their options share."""

import logging
import os
import pathlib
import warnings

import click

from echo_keras import errors

PATH = click.Path(path_type=pathlib.Path)
POSITIVE = click.IntRange(min=1)
RESUMED = ("build-tfrecords", "pretrain", "finetune", "study", "demo", "run")
"""Commands that go on where they were when they are repeated."""

# What libraries tell their developers would bury what the commands tell their users.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("tensorflow").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="google")  # of the age of Python


class Commands(click.Group):
    """A group that tells a user's mistake in one sentence and exits with 2."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except errors.InputError as mistake:
            # What a library gives as its reason may span lines.
            click.echo(f"Error: {' '.join(str(mistake).split())}", err=True)
            ctx.exit(2)
        except KeyboardInterrupt:
            if ctx.invoked_subcommand in RESUMED:
                told = "Stopped; the same command goes on from what is saved."
                click.echo(told, err=True)
            raise


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="echo-keras")
def main():
    """Contrastive pretraining and segmentation for echocardiograms with few labels."""
