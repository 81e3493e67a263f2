"""The card of an exported model: what it is, what it saw and where its limits are."""

import dataclasses
import json
from pathlib import Path

from echo_keras import errors, facts

FILES = ("model_card.md", "model_card.json")
# Of finetune.json, but of no card.
NAMES = ("patients", "images", "frames_learnt_from")
SINGLE = ("cases", "ejection_fractions")  # of scores, by patient
TERMS = {
    "camus": "CAMUS is CC BY-NC-SA 4.0: models trained on it are for non-commercial "
    "research, under the same terms; cite Leclerc et al. 2019, "
    "doi:10.1109/TMI.2019.2900516.",
    "echonet": "EchoNet-Dynamic: every user registers, and no portion or derivative of "
    "it may be passed on; ask Stanford before this model leaves your institution.",
    "imagenet": "ImageNet, whose photographs taught the first weights, is for "
    "non-commercial research; the weights were published for every use, "
    "EfficientNet-Lite2's under Apache 2.0 and ResNet-50's under MIT.",
    "synthetic hearts": "Synthetic hearts, which have no terms, are among its data.",
}
UNKNOWN_TERMS = "The data are not known here; their terms hold for this model too."
SYNTHETIC = "Synthetic hearts of `echo-keras phantom` are free of these terms."
USE = "Research on outlining the left ventricle's cavity in apical ultrasound views."
LIMITS = (
    "No medical device: not for diagnosis, not for any decision on a patient.",
    "It outlines something in every image, also where there is no left ventricle.",
    "Other views, machines, ages and diseases than those of its data are untested.",
    "The confidence is the network's own opinion of itself, and no probability that "
    "the outline is right.",
)


def read_scores(path):
    """Figures of an evaluation, without those of single patients.

    Args:
        path: JSON that `echo-keras evaluate` wrote.

    Returns:
        Dict of JSON types.

    Raises:
        InputError: The file is no such JSON.
    """
    mend = "give what echo-keras evaluate wrote"
    scores = facts.read(path, mend=mend)
    if "dice_per_image_interval" not in scores:
        raise errors.InputError(f"{path} holds no scores; {mend}")
    return {name: value for name, value in scores.items() if name not in SINGLE}


def collect(model_dir, recipe):
    """What is known of the making of a fine-tuned model.

    Args:
        model_dir: Folder that `echo-keras finetune` wrote.
        recipe: `config.Finetune` of it.

    Returns:
        Dict of JSON types: `recipe`; `training`, the figures of `finetune.json` with
        patients and images counted and not named, those of first weights and teachers
        included; `pretraining`, what `pretrain.json` says where the encoder's folder is
        still there; and the `terms` of all these data.
    """
    training = _counted(_json(Path(model_dir) / "finetune.json"))
    training.setdefault("patients", {})
    pretraining = _json(Path(recipe.init) / "pretrain.json")
    names = ("data", "videos", "frames", "steps", "code")
    seen = [training.get("dataset")]
    seen += _datasets([training, pretraining.get("data", [])])
    return {
        "recipe": dataclasses.asdict(recipe),
        "training": training,
        "pretraining": {
            name: pretraining[name] for name in names if name in pretraining
        },
        "terms": [TERMS.get(name, UNKNOWN_TERMS) for name in dict.fromkeys(seen)],
    }


def _counted(found):
    """Figures with how many patients and images there are, instead of their names."""
    if isinstance(found, list):
        return [_counted(value) for value in found]
    if not isinstance(found, dict):
        return found
    told = {name: _counted(value) for name, value in found.items()}
    return told | {name: _lengths(found[name]) for name in NAMES if name in found}


def _lengths(named):
    if isinstance(named, dict):
        return {split: _lengths(names) for split, names in named.items()}
    return len(named) if isinstance(named, list) else named


def _datasets(found):
    """Data sets that figures tell of, None for weights that are silent about theirs."""
    if isinstance(found, dict):
        if found.get("init") == "imagenet":
            yield "imagenet"
        silent = "sha256" in found and "data" not in found
        if "dataset" in found or silent:
            yield found.get("dataset")
        found = list(found.values())
    for value in found if isinstance(found, list) else ():
        yield from _datasets(value)


def write(folder, found):
    """Write a card twice, for people and for programs.

    Args:
        folder: Folder to write to.
        found: Dict of `collect`, with `name`, `version`, `verification`, `finish`, and
            `evaluation` and `quantized`, which may be empty.
    """
    found = {**found, "intended_use": USE, "limits": LIMITS}
    for name, text in zip(FILES, (markdown(found), json.dumps(found, indent=2) + "\n")):
        (Path(folder) / name).write_text(text)


def rewrite(folder, **changed):
    """Write the card of a copied version again, where it has one.

    Args:
        folder: Folder that `write` wrote to.
        **changed: What differs in the copy, such as its `name`.
    """
    found = _json(Path(folder) / FILES[1])
    if found:
        write(folder, {**found, **changed})


def markdown(found):
    """The card as a page for people.

    Args:
        found: As of `write`, with `intended_use` and `limits`.

    Returns:
        Markdown text.
    """
    training = {
        "dice on validation" if name == "dice" else name: value
        for name, value in found["training"].items()
    }
    if teachers := training.get("teachers"):
        names = [Path(network["folder"]).name for network in teachers]
        mean = "the mean of " if len(names) > 1 else ""
        training["teachers"] = mean + " and ".join(names)
    data = found["pretraining"].get("data", [])
    terms = found["terms"]
    if TERMS["synthetic hearts"] not in terms:
        terms = [*terms, SYNTHETIC]
    sections = {
        "Intended use": [found["intended_use"]],
        "Limits": [f"- {limit}" for limit in found["limits"]],
        "Licence terms of the data": terms,
        "Scores": list(_scores(found["evaluation"])),
        "Training": list(_lines(training)),
        "Pretraining": [f"- {_told(data)}" for data in data]
        or [f"None known; the first weights were: {found['recipe']['init']}."],
        "Recipe": list(_lines(found["recipe"])),
        "What the export adds": list(_lines(found["finish"])),
        "Quantized copy": list(_lines(found["quantized"])) or ["None."],
        "Verification": list(_lines(found["verification"])),
    }
    parts = [f"# {found['name']}, version {found['version']}"]
    for title, lines in sections.items():
        parts += [f"## {title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _scores(evaluation):
    if not evaluation:
        yield "None were given to the export."
        return
    low, high = evaluation["dice_per_image_interval"]
    yield (
        f"Dice {evaluation['dice_per_image_mean']:.4f} (95 % interval {low:.4f} to "
        f"{high:.4f}), mean of {evaluation['images']} images of "
        f"{evaluation['patients']} patients, split {evaluation['split']} of "
        f"{evaluation['dataset']}."
    )
    yield "All figures stand in model_card.json."


def _lines(values):
    """A line for each figure; curves are left to the JSON."""
    for name, value in values.items():
        if not isinstance(value, list):
            yield f"- {name.replace('_', ' ')}: {_told(value)}"


def _told(value):
    """A figure in words, and of several each with its name."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_told(each)}" for name, each in value.items())
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else value


def _json(path):
    if not path.exists():
        return {}
    return facts.read(path, mend="copy the model's folder again")
