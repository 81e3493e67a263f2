"""Commands that run the others."""

import click

from echo_keras.cli.group import PATH, main


@main.command()
@click.option("--camus", type=PATH, help="CAMUS as downloaded.")
@click.option("--echonet", type=PATH, help="EchoNet-Dynamic as downloaded.")
@click.option("--output", type=PATH, default="runs/demo", show_default=True)
def demo(camus, echonet, output):
    """Run the whole route, on synthetic hearts where no data set is given."""
    from echo_keras.study import demo

    click.echo(demo.run(output, camus=camus, echonet=echonet, say=click.echo))


@main.command()
@click.argument("first", type=PATH, metavar="A.json")
@click.argument("second", type=PATH, metavar="B.json")
def compare(first, second):
    """Say how two models differ that evaluate scored on the same cases."""
    from echo_keras.study import compare

    click.echo(compare.run(first, second, say=click.echo))


@main.command()
@click.option("--data", required=True, help="Folder of records.")
@click.option("--config", "path", type=PATH, required=True, help="configs/study-*.yaml")
@click.option("--output", type=PATH, required=True, help="Folder to write or go on in.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cells that run at once and share the cores; on a GPU, leave it at 1.",
)
@click.option(
    "--scores",
    type=PATH,
    help="Scores of finished cells (.json.xz), to go on from and to add to.",
)
def study(data, path, output, workers, scores):
    """Compare first weights at several numbers of labels, with subsets and seeds."""
    from echo_keras.study import labels

    click.echo(
        labels.run(path, data, output, workers=workers, scores=scores, say=click.echo)
    )
