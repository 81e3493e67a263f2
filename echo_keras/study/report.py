"""The report of a run: one self-contained HTML page that a clinician can read."""

import html as text
import json
import pathlib

import numpy as np

from echo_keras.metrics import bootstrap
from echo_keras.serving import client, evaluate
from echo_keras.study import gallery, page, pictures, plots, wording

TEMPLATE = pathlib.Path(__file__).with_name("report.html")
FIRST_WORDS = {
    "random": "random weights",
    "simclr": "weights pretrained by SimCLR",
}
HEADER = (
    *("started from", "Dice, mean of images", "95 % interval", "at ED", "at ES"),
    *("Dice, pooled", "HD95, mean of images"),
)


def html(summary, output, urls, log):
    """Build the page of a demo.

    Args:
        summary: Dict of `models`, as in `scores.json`.
        output: Folder of the run.
        urls: Dict of model name to its URL; the pictures are segmented through it.
        log: Dict of output to its `command` and `seconds`.

    Returns:
        The page, pictures and plots inside it.
    """
    datasets = dict.fromkeys(model["dataset"] for model in summary["models"])
    sections = [
        _section(
            [model for model in summary["models"] if model["dataset"] == dataset],
            output,
            urls,
        )
        for dataset in datasets
    ]
    return page.fill(
        "the left ventricle from few labels",
        TEMPLATE.read_text(),
        sections="\n".join(sections),
        pretraining=_pretraining(output),
        commands=_commands(log),
    )


def comparison(models):
    """Say in one sentence how two models differ on the same cases.

    Args:
        models: Two scores of one data set, the first from random weights.

    Returns:
        The sentence, with the difference in mean Dice and its 95 % interval.
    """
    before, after = ([case["dice"] for case in model["cases"]] for model in models)
    patients = [case["patient"] for case in models[0]["cases"]]
    low, high = bootstrap.mean_difference(after, before, patients)
    found = float(np.mean(after) - np.mean(before))
    verdict = wording.verdict((low, high), unsure="not surely different")
    return (
        f"With {FIRST_WORDS[models[1]['init']]} the Dice is {found:+.4f} "
        f"(95 % interval {low:+.4f} to {high:+.4f}): {verdict}."
    )


def _section(models, output, urls):
    kind = "Synthetic hearts in the format of " if models[0]["synthetic"] else ""
    title = {"camus": "CAMUS", "echonet": "EchoNet-Dynamic"}[models[0]["dataset"]]
    return f"""<section>
<h2>{text.escape(kind + title)}</h2>
<p>The networks learned from {models[0]["labelled_patients"]} labelled patients,
{models[0]["fraction"]:.0%} of the training split, and were scored on
{models[0]["images"]} frames of {models[0]["patients"]} patients that they had never
seen, at the frames' own size, through the REST API.</p>
{page.table(HEADER, map(_row, models))}
<p>{text.escape(comparison(models))} Intervals draw whole patients again; they do not
hold the chance in training, for which several runs are needed.</p>
<div class="plots">{_plots(models, output)}</div>
<h3>Best, median and worst case of the last row</h3>
<p>Outlines: <b class="truth">reference</b>, <b class="prediction">network</b>.</p>
{_cases(models, output, urls)}
</section>"""


def _row(model):
    low, high = model["dice_per_image_interval"]
    return [
        FIRST_WORDS[model["init"]],
        f"{model['dice_per_image_mean']:.4f}",
        f"{low:.4f} to {high:.4f}",
        *(f"{model['phases'][p]['dice_per_image_mean']:.4f}" for p in ("ED", "ES")),
        f"{model['dice_pooled']:.4f}",
        f"{model['hd95_per_image_mean']:.1f} {model['distance_unit']}",
    ]


def _plots(models, output):
    losses, dices = {}, {}
    for model in models:
        path = output / "finetune" / model["name"] / "finetune.json"
        history = json.loads(path.read_text())
        name = FIRST_WORDS[model["init"]]
        losses[name] = (history["step"], history["loss"])
        dices[name] = [case["dice"] for case in model["cases"]]
    return page.image(
        plots.curves(
            losses, x_label="step", y_label="training loss", title="Fine-tuning"
        ),
        "training loss by step",
    ) + page.image(
        plots.cases(dices, y_label="Dice", title="Every test case"),
        "Dice of every test case",
    )


def _cases(models, output, urls):
    """Rows of pictures, the same cases by every model."""
    chosen = gallery.chosen(dict(enumerate(models[-1]["cases"])))
    found = {}
    for model in models:
        with client.model(urls[model["name"]]) as segment:
            records = output / "records" / model["dataset"]
            for case in evaluate.cases(records, model["split"], segment):
                if case.facts["position"] in chosen.values():
                    found[model["name"], case.facts["position"]] = case
    return "\n".join(
        _pictures(name, [found[model["name"], position] for model in models], models)
        for name, position in chosen.items()
    )


def _pictures(name, cases, models):
    first = cases[0]
    shown = [("input", [])]
    shown.append(("reference", [(first.truth, pictures.TRUTH)]))
    for case, model in zip(cases, models):
        caption = f"{FIRST_WORDS[model['init']]}, Dice {case.facts['dice']:.3f}"
        masks = [(case.truth, pictures.TRUTH), (case.prediction, pictures.PREDICTION)]
        shown.append((caption, masks))
    tiles = "".join(
        f"<figure>{page.image(_picture(first.image, masks), caption)}"
        f"<figcaption>{text.escape(caption)}</figcaption></figure>"
        for caption, masks in shown
    )
    who = f"{first.facts['patient']}, {first.facts['view']}, {first.facts['phase']}"
    return f"<h4>{name}: {text.escape(who)}</h4><div class='tiles'>{tiles}</div>"


def _picture(image, masks):
    return pictures.png(pictures.contours(image, masks))


def _pretraining(output):
    history = json.loads((output / "pretrain" / "pretrain.json").read_text())
    epochs = list(range(1, len(history["loss"]) + 1))
    series = {"SimCLR": (epochs, history["loss"])}
    return page.image(
        plots.curves(
            series, x_label="epoch", y_label="NT-Xent (nats)", title="Pretraining"
        ),
        "contrastive loss by epoch",
    )


def _commands(log):
    rows = [
        (f"{entry.get('seconds', 0):.0f} s", entry["command"]) for entry in log.values()
    ]
    return page.table([], rows, kind="commands")
