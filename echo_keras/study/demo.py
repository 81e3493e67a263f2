"""The main job, end to end: from raw data to scores through REST, and a report."""

import dataclasses
import json
import pathlib

from echo_keras import aside, config, errors
from echo_keras.study import commands, report

FRACTION = 0.05
INITS = ("random", "simclr")
SPLIT = "test"
PHANTOMS = {
    "echonet": ("--patients", 200, "--frames", 64),
    "camus": ("--patients", 150, "--views", "4CH", "--no-half-sequence"),
}
# A demo takes minutes: it pretrains briefly, and synthetic hearts get small networks.
PRETRAIN, FINETUNE = ("--epochs", 20), ("--steps", 500)
PHANTOM_PRETRAIN = config.Pretrain(size=64)
PHANTOM_FINETUNE = config.Finetune(size=64, steps=220)


@dataclasses.dataclass(frozen=True)
class Source:
    """A data set to convert: the name of its format, its folder, and who it shows."""

    dataset: str
    folder: pathlib.Path
    synthetic: bool


def run(output, *, camus=None, echonet=None, say):
    """Convert, pretrain, fine-tune, export, serve and evaluate, and report it.

    Whatever an earlier run with the same arguments has finished is kept.

    Args:
        output: Folder for everything that is made.
        camus: CAMUS as downloaded, or None.
        echonet: EchoNet-Dynamic as downloaded, or None. With neither, both are drawn.
        say: Called with each line for the user.

    Returns:
        Last line for the user: the scores and where the report is.

    Raises:
        InputError: A command failed, or the output belongs to something else.
    """
    output = pathlib.Path(output)
    given = {"echonet": echonet, "camus": camus}
    for dataset, folder in given.items():
        if folder is not None and not pathlib.Path(folder).is_dir():
            raise errors.InputError(f"no folder {folder} to read {dataset} from")
    runner = commands.Runner(output, say=say)
    sources = [
        Source(dataset, pathlib.Path(folder), synthetic=False)
        for dataset, folder in given.items()
        if folder is not None
    ] or list(_phantoms(runner, output))
    for source in sources:
        words = ("--dataset", source.dataset, "--source", source.folder)
        runner.run(
            "build-tfrecords", *words, output=output / "records" / source.dataset
        )
    _train(runner, sources, output)
    return _evaluate(runner, sources, output)


def _phantoms(runner, output):
    for dataset, size in PHANTOMS.items():
        folder = output / "phantom" / dataset
        words = ("--layout", dataset, *size, "--seed", 0)
        runner.run("phantom", *words, output=folder)
        yield Source(dataset, folder, synthetic=True)


def _train(runner, sources, output):
    """One encoder from all records; two networks a data set, both exported."""
    recipes = _recipes(output) if sources[0].synthetic else {}
    records = [output / "records" / source.dataset for source in sources]
    data = [word for folder in records for word in ("--data", folder)]
    encoder = output / "pretrain"
    words = (*data, *recipes.get("pretrain", ()), *PRETRAIN)
    runner.run("pretrain", *words, output=encoder)
    for source, init, name in _models(sources):
        folder = output / "records" / source.dataset
        model = output / "finetune" / name
        first = encoder if init == "simclr" else init
        words = ("--data", folder, "--fraction", FRACTION, "--init", first)
        runner.run("finetune", *words, *recipes.get("finetune", FINETUNE), output=model)
        exported = output / "saved_models" / name
        words = ("export", "--model", model)
        runner.run(*words, output=exported, proof=exported / "1")


def _models(sources):
    """Data set, first weights and name of every model, in the order of the work."""
    for source in sources:
        for init in INITS:
            yield source, init, f"{source.dataset}-{init}"


def _recipes(output):
    """Write the recipes for synthetic hearts; options that name them, by command."""
    options = {}
    recipes = {"pretrain": PHANTOM_PRETRAIN, "finetune": PHANTOM_FINETUNE}
    for name, recipe in recipes.items():
        path = output / "recipes" / f"{name}.yaml"
        with aside.file(path) as temporary:
            config.save(recipe, temporary)
        options[name] = ("--config", path)
    return options


def _evaluate(runner, sources, output):
    paths = {
        name: output / "scores" / f"{name}.json" for _, _, name in _models(sources)
    }
    page = output / "report.html"
    if page.exists() and all(path.exists() for path in paths.values()):
        runner.keep(*paths.values(), page)
    else:
        with runner.serving(output / "saved_models", paths) as urls:
            for source, _, name in _models(sources):
                folder = output / "records" / source.dataset
                words = ("--data", folder, "--split", SPLIT, "--url", urls[name])
                runner.run("evaluate", *words, output=paths[name])
            summary = _scores(sources, output, paths)
            with aside.file(output / "scores.json") as path:
                path.write_text(json.dumps(summary, indent=2) + "\n")
            with aside.file(page) as path:
                path.write_text(report.html(summary, output, urls, runner.log))
    return "\n".join(_lines(json.loads((output / "scores.json").read_text()), page))


def _scores(sources, output, paths):
    models = []
    for source, init, name in _models(sources):
        scores = json.loads(paths[name].read_text())
        trained = output / "finetune" / name / "finetune.json"
        patients = json.loads(trained.read_text())["patients"]["train"]
        facts = {
            "name": name,
            "dataset": source.dataset,
            "synthetic": source.synthetic,
            "init": init,
            "fraction": FRACTION,
            "labelled_patients": len(patients),
        }
        models.append(facts | scores)
    return {"models": models}


def _lines(summary, page):
    for model in summary["models"]:
        low, high = model["dice_per_image_interval"]
        yield (
            f"{model['name']}: test Dice {model['dice_per_image_mean']:.4f} "
            f"({low:.4f} to {high:.4f}), {model['images']} images of "
            f"{model['patients']} patients, {model['labelled_patients']} labelled"
        )
    yield f"report  {page}"
