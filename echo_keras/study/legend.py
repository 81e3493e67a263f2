"""What the names of recipes and first weights in a study stand for, in words."""

import dataclasses
import pathlib

from echo_keras import config

_NETWORKS = {"unet": "UNet", "deeplabv3": "DeepLabV3"}
_METHODS = {"simclr": "SimCLR", "byol": "BYOL"}
_OF_A_RUN = ("init", "fraction", "subset_seed", "seed", "steps", "teachers")
_OF_A_NETWORK = ("encoder", "width")
_WORDS = {
    "random": "random weights",
    "imagenet": "weights that know ImageNet",
    "hearts": "the network that the package has trained on synthetic hearts",
}


def rows(cells):
    """Explain every name.

    Args:
        cells: List of `plan.Cell` of a study.

    Returns:
        List of pairs of a name and what it stands for: the recipes, then the first
        weights, in the order of the study.
    """
    of_recipe = {cell.recipe_name: cell for cell in cells}
    of_init = {cell.init_name: cell for cell in cells}
    recipes = _told_apart(
        {name: _recipe(cell, cells) for name, cell in of_recipe.items()},
        {name: cell.recipe for name, cell in of_recipe.items()},
        _OF_A_RUN,
    )
    inits = _told_apart(
        {name: _init(cell) for name, cell in of_init.items()},
        {name: cell.pretraining for name, cell in of_init.items()},
        _OF_A_NETWORK,
    )
    return [*recipes, *((f"from {name}", text) for name, text in inits)]


def _told_apart(told, settings, but):
    """Pairs of name and words, with what differs where words alone are the same."""
    for name, text in told.items():
        alike = [settings[other] for other in told if told[other] == text]
        if len(alike) == 1 or None in alike:
            yield name, text
            continue
        given = [dataclasses.asdict(one) for one in alike]
        own = dataclasses.asdict(settings[name])
        differing = [
            f"{key} {value}"
            for key, value in own.items()
            if key not in but and any(other[key] != value for other in given)
        ]
        yield name, ", ".join([text, *differing])


def _recipe(cell, cells):
    recipe = cell.recipe
    network = _NETWORKS[recipe.network]
    if recipe.encoder_name != "unet":
        network += f" on {recipe.encoder}"
    told = [
        f"{network}, {recipe.width} channels wide at first",
        f"frames of {recipe.size}x{recipe.size} pixels",
        _length(cell, cells),
        f"batches of {recipe.batch}",
    ]
    if recipe.structures == "all":
        told.append("outlines the myocardium and the left atrium too")
    if recipe.augment != "none":
        told.append(f"{recipe.augment} augmentation")
    if recipe.fraction_by == "image":
        told.append("labels drawn by image, so from more patients")
    if names := _teachers(cell, cells):
        networks = "the network" if len(names) == 1 else "the mean of the networks"
        told.append(
            f"learns from masks that {networks} of {' and '.join(names)} gives the "
            "patients without labels too"
        )
    return ", ".join(told)


def _length(cell, cells):
    if cell.recipe.epochs:
        return f"{cell.recipe.epochs} epochs"
    alike = [one.recipe.steps for one in cells if one.recipe_name == cell.recipe_name]
    if not min(alike):
        return "as many steps as its patients call for"
    ends = dict.fromkeys((min(alike), max(alike)))
    return f"{' to '.join(map(str, ends))} steps"


def _teachers(student, cells):
    """Names of a student's teachers, with their first weights where these are given."""
    arms = {cell.name: cell.arm for cell in cells}
    taught = [
        [(arms[name], cell.init_name) for name in cell.teachers]
        for cell in cells
        if cell.recipe_name == student.recipe_name
    ]
    own = [
        given[0][0][0]
        if all(init == own for (_, init), own in given)
        else " from ".join(given[0][0])
        for given in zip(*taught)
    ]
    outside = student.recipe.teachers
    short = [pathlib.PurePath(word).name for word in outside]
    return [*(short if len(set(short)) == len(short) else outside), *own]


def _init(cell):
    if isinstance(cell.pretraining, config.Pretrain):
        given = cell.pretraining
        what = "places in frames" if given.contrast == "dense" else "frames"
        text = (
            f"an encoder that {_METHODS[given.method]} has pretrained without labels "
            f"on {what}, of {given.size}x{given.size} pixels, for {given.epochs} epochs"
        )
        if given.init != "random":
            text += f", on from {_WORDS.get(given.init, f'weights in {given.init}')}"
        return text
    word = cell.recipe.init
    return _WORDS.get(word, f"weights in {pathlib.PurePath(word).name}")
