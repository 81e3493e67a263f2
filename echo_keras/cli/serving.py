"""Commands that export, serve and score."""

import pathlib

import click

from echo_keras import config, errors
from echo_keras.cli import versions
from echo_keras.cli.group import PATH, POSITIVE, main


class _Model(click.Path):
    """Folder of a model; `hearts` is the package's, and `./hearts` a folder."""

    def convert(self, value, param, ctx):
        folder = super().convert(value, param, ctx)
        return config.HEARTS_FOLDER if value == config.HEARTS else folder


MODEL = _Model(path_type=pathlib.Path)


@main.command()
@click.option(
    "--model",
    type=MODEL,
    required=True,
    help="Folder of finetune, or hearts, which no label of a patient has taught.",
)
@click.option("--output", type=PATH, required=True, help="saved_models/NAME")
@click.option("--scores", type=PATH, help="JSON of evaluate, for the model card.")
@click.option("--largest-component", is_flag=True, help="Keep the largest piece only.")
@click.option("--fill-holes", is_flag=True, help="Fill the holes of a mask.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Divides the logits of the confidence; moves no border.",
)
@click.option("--quantize", help="Records to calibrate and score a TFLite copy on.")
def export(model, output, **options):
    """Export a fine-tuned model as the next version below saved_models/NAME."""
    from echo_keras.serving import export

    version = export.export(model, output, **options)
    difference = export.facts(version)["largest_difference"]
    click.echo(f"exported and verified, differs by {difference:.1e} at most  {version}")


@main.command()
@click.option("--models", type=PATH, required=True, help="Folder of NAME/VERSION.")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8501, show_default=True)
@versions.options
@click.option("--batching", type=PATH, help="The model server's batching parameters.")
@click.option("--max-body", type=POSITIVE, default=100, show_default=True, help="MB.")
@click.option(
    "--max-pixels",
    type=POSITIVE,
    default=2**24,
    show_default=True,
    help="Of all images of a request.",
)
@click.option(
    "--max-images",
    type=POSITIVE,
    default=64,
    show_default=True,
    help="Of a request; the network runs on all at once.",
)
@click.option(
    "--max-waiting",
    type=POSITIVE,
    default=128,
    show_default=True,
    help="Requests not yet answered; more get 503.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=30.0,
    show_default=True,
    help="Seconds to answer in; 504 follows.",
)
def serve(models, host, port, batching, **options):
    """Serve exported models over TensorFlow Serving's REST API."""
    from echo_keras.serving import catalog, limits, parameters, server

    def ready(urls):
        for url in urls:
            click.echo(f"serving  {url}")

    server.serve(
        models,
        host=host,
        port=port,
        rules=catalog.Rules(**versions.rules(options)),
        limit=limits.Limits(
            body=options["max_body"] * 2**20,
            pixels=options["max_pixels"],
            rows=options["max_images"],
            waiting=options["max_waiting"],
            seconds=options["timeout"],
        ),
        joins=parameters.read(batching) if batching else None,
        ready=ready,
        say=lambda line: click.echo(line, err=True),
    )


@main.command()
@click.option("--models", type=PATH, required=True, help="Folder of NAME/VERSION.")
@click.option("--output", type=PATH, required=True, help="Folder of the files.")
@versions.options
def deploy(models, output, **options):
    """Write what TensorFlow Serving's own image needs to serve a folder."""
    from echo_keras.serving import catalog, deployment

    rules = catalog.Rules(**versions.rules(options))
    names = deployment.write(models, output, rules)
    click.echo(f"{', '.join(names)}  docker compose -f {output}/docker-compose.yml up")


@main.command()
@click.option("--data", required=True, help="Folder of records.")
@click.option("--split", default="test", show_default=True)
@click.option("--url", help="http://HOST:PORT/v1/models/NAME of a running server.")
@click.option("--model", type=MODEL, help="Model folder, to score without a server.")
@click.option("--output", type=PATH, required=True, help="JSON to write or replace.")
def evaluate(data, split, url, model, output):
    """Score a model on a labelled split, through REST or in this process.

    Beside NAME.json it writes each case, NAME.cases.csv, and a picture of the best, the
    median and the worst at ED and ES, NAME.cases.png.
    """
    if (url is None) == (model is None):
        raise errors.InputError("give either --url or --model")
    from echo_keras.study import scoring

    scores = scoring.write(data, split, output, url=url, model=model)
    low, high = scores["dice_per_image_interval"]
    click.echo(
        f"dice {scores['dice_per_image_mean']:.4f} ({low:.4f}-{high:.4f})  "
        f"{scores['images']} images of {scores['patients']} {split} patients  {output}"
    )
    for view, against in scores["ejection_fraction"].items():
        if recorded := against["recorded"]:
            click.echo(f"ejection fraction from {view}: {_error_of(recorded)}")


def _error_of(recorded):
    """The error of ejection fractions against those recorded, in words."""
    if not recorded["patients"]:
        return f"none, as all {recorded['left_out']} patients have an empty mask"
    mae, bias = recorded["mae"], recorded["bias"]
    return f"{mae:.1f} points off the recorded one, {bias:+.1f} on average"


@main.command()
@click.argument("files", nargs=-1, required=True, type=PATH, metavar="FILE...")
@click.option("--url", help="http://HOST:PORT/v1/models/NAME of a running server.")
@click.option("--model", type=MODEL, help="Model folder, to segment without a server.")
@click.option("--output", type=PATH, default="runs/predict", show_default=True)
def predict(files, url, model, output):
    """Outline the ventricle in images, videos and NIfTI or MetaImage files."""
    if (url is None) == (model is None):
        raise errors.InputError("give either --url or --model")
    from echo_keras.serving import client, evaluate
    from echo_keras.study import predict

    def complain(sentence):
        click.echo(f"Error: {' '.join(sentence.split())}", err=True)

    told = {"say": click.echo, "complain": complain}
    if model:
        predict.run(files, evaluate.local(model), output, **told)
        return
    with client.model(url) as segment:
        connections = evaluate.CONNECTIONS
        predict.run(files, segment, output, at_once=connections, **told)


@main.command()
@click.option("--url", required=True, help="http://HOST:PORT/v1/models/NAME")
@click.option("--port", type=click.IntRange(0, 65535), default=8600, show_default=True)
@click.option("--browser/--no-browser", default=True, help="Open it.  [default: yes]")
def view(url, port, browser):
    """Show a page that outlines the images and videos dropped on it."""
    from echo_keras.viewer import server

    def ready(address):
        click.echo(f"viewing  {address}")

    server.view(url, port, ready=ready, browser=browser)
