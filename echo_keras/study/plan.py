"""The cells of a study: one training run and its score each."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from typing import NamedTuple

from echo_keras import config, errors
from echo_keras.study import teaching

DEFAULT = "default"
# Of a study, whatever a recipe says; and of a recipe, whatever a pretraining says.
_OWN = ("init", "fraction", "subset_seed", "seed")
_LENGTH = ("steps", "epochs")
_OF_THE_NETWORK = ("encoder", "width")


class Cell(NamedTuple):
    """One training run and its score.

    Attributes:
        recipe_name: Name of the recipe in the study.
        init_name: Name of the first weights in the study.
        number: Number of the run at this fraction.
        recipe: `config.Finetune`; its `init` is the path or word of the first weights,
            but for those that the study pretrains.
        pretraining: `config.Pretrain` that the study runs first, or None.
        teachers: Names of the cells whose networks label the patients without labels
            for this one, beside those that the recipe names.
    """

    recipe_name: str
    init_name: str
    number: int
    recipe: config.Finetune
    pretraining: config.Pretrain | None = None
    teachers: tuple[str, ...] = ()

    @property
    def arm(self):
        """What is compared: names of the recipe and of the first weights."""
        return self.recipe_name, self.init_name

    @property
    def fraction(self):
        """Share of the labelled patients."""
        return self.recipe.fraction

    @property
    def name(self):
        """Name of the cell's folder."""
        return _name(self.arm, self.fraction, self.number)

    @property
    def title(self):
        """Name of the cell for people."""
        arm, share = " from ".join(self.arm), f"{100 * self.fraction:.3g} %"
        return f"{arm}, {share}, run {self.number}"

    @property
    def identity(self):
        """Dict ready for JSON of what decides the result, but records and weights."""
        recipe = dataclasses.asdict(self.recipe)
        if self.recipe.init not in config.FIRST_WEIGHTS:
            recipe["init"] = self.init_name  # its folder may stand elsewhere
        if self.pretraining:
            recipe["init"] = dataclasses.asdict(self.pretraining)
        recipe["teachers"] = (*self.recipe.teachers, *self.teachers)
        return json.loads(json.dumps(recipe))


def cells(study, folder):
    """Lay out a study, so that every comparison gets its first run early.

    Args:
        study: `config.Study`.
        folder: Folder that the study's files are named relative to.

    Returns:
        List of `Cell`, in the order of the work.

    Raises:
        InputError: A name, a fraction or a number of steps does not fit, or a file
            cannot be read.
    """
    _check(study)
    recipes = _named(study.recipes, "recipes")
    inits = _named(study.inits, "first weights")
    left_out = _left_out(study, recipes, inits)
    teachers = teaching.pairs(study, recipes, inits, left_out)
    loaded = {name: _recipe(word, folder) for name, word in recipes.items()}
    first = {name: _init(word, folder) for name, word in inits.items()}
    steps = study.steps or (None,) * len(study.fractions)
    runs = study.runs or [
        study.seeds if share == 1 else study.subsets for share in study.fractions
    ]
    found = []
    for number in range(max(runs)):
        for fraction, count, length in zip(study.fractions, runs, steps):
            for arm in ((r, i) for r in recipes for i in inits):
                if number < count and (*arm, fraction) not in left_out:
                    recipe = _at(loaded[arm[0]], fraction, number, length)
                    theirs = tuple(
                        _name((teacher, init or arm[1]), fraction, number)
                        for teacher, init in teachers.get(arm[0], ())
                    )
                    found.append(_cell(arm, number, recipe, first[arm[1]], theirs))
    names = collections.Counter(cell.name for cell in found)
    for name, count in names.items():
        if count > 1:
            raise errors.InputError(
                f"{count} runs of the study would be called {name}; rename a recipe or "
                "first weights, or give fractions that differ in six digits"
            )
    if not found:
        raise errors.InputError("the study leaves out all of its cells; see `without`")
    return found


def first_arm(study):
    """Names of the first recipe and of the first weights, to compare with."""
    return (
        next(iter(_named(study.recipes, "recipes"))),
        next(iter(_named(study.inits, "first weights"))),
    )


def _check(study):
    for fraction in study.fractions:
        if fraction > 1:
            raise errors.InputError(
                f"fractions holds {fraction:g}; give shares in (0, 1], such as 0.05"
            )
    for key in ("recipes", "inits", "fractions"):
        values = getattr(study, key)
        if not values or len(set(values)) < len(values):
            raise errors.InputError(f"{key} is {list(values)}; give each one once")
    for key in ("steps", "runs"):
        given = getattr(study, key)
        if given and len(given) != len(study.fractions):
            raise errors.InputError(
                f"{key} has {len(given)} numbers and fractions {len(study.fractions)}; "
                "give one number for each fraction, or none"
            )


def _named(words, what):
    """Dict of name to word."""
    named = {}
    for word in words:
        name = pathlib.PurePath(word).name
        name = name.removesuffix(config.RECIPE_SUFFIX).replace(" ", "_")
        if name in named:
            raise errors.InputError(
                f"two {what} are called {name!r}: {named[name]} and {word}; rename one"
            )
        named[name] = word
    return named


def _left_out(study, recipes, inits):
    """Set of recipe, first weights and fraction that are left out."""
    shares = {f"{fraction:g}": fraction for fraction in study.fractions}
    found = set()
    for text in study.without:
        words = text.split()
        known = [set(recipes), set(inits), set(shares)][: len(words)]
        if len(words) not in (2, 3) or any(w not in k for w, k in zip(words, known)):
            raise errors.InputError(
                f"without holds {text!r}; give a recipe and first weights of the study "
                f"by name: one of {', '.join(recipes)} and one of {', '.join(inits)}, "
                f"and perhaps one of {', '.join(shares)}"
            )
        recipe, init, *only = words
        found.update((recipe, init, shares[share]) for share in only or shares)
    return found


def overruled(study, folder):
    """Settings of the recipes in whose place the study puts its own.

    Args:
        study: `config.Study`.
        folder: Folder that its files are relative to.

    Yields:
        Word of a recipe, also of pretraining, and the names of those that it changes
        from the default.
    """
    own = _OWN + (_LENGTH if study.steps else ())
    inits = {word: _init(word, folder) for word in study.inits}
    found = [(word, _recipe(word, folder), own) for word in study.recipes]
    found += [
        (word, init, _OF_THE_NETWORK)
        for word, init in inits.items()
        if isinstance(init, config.Pretrain)
    ]
    for word, recipe, names in found:
        usual = type(recipe)()
        changed = [n for n in names if getattr(recipe, n) != getattr(usual, n)]
        if changed:
            yield word, changed


def _name(arm, fraction, number):
    return "-".join([*arm, f"{fraction:g}", str(number)])


def _recipe(word, folder):
    recipe = config.load(config.Finetune, None if word == DEFAULT else folder / word)
    for teacher in recipe.teachers:
        if config.is_recipe(teacher):
            raise errors.InputError(
                f"{word} is taught by the recipe {teacher}, which a study trains only "
                "as one of its own; name it in `recipes` and in `teachers` instead"
            )
    return recipe


def _init(word, folder):
    """Word, path or pretraining recipe of first weights."""
    if word in config.FIRST_WEIGHTS:
        return word
    path = folder / word
    if path.suffix == config.RECIPE_SUFFIX:
        return config.load(config.Pretrain, path)
    if not path.exists():
        raise errors.InputError(
            f"no first weights {path}; give random, imagenet, a file of its weights "
            "(.h5 or .pth), hearts, a folder of echo-keras pretrain or finetune, or a "
            f"pretraining recipe ({config.RECIPE_SUFFIX})"
        )
    return str(path.absolute()) if str(path) in config.FIRST_WEIGHTS else str(path)


def _at(recipe, fraction, number, steps):
    whole = fraction == 1
    values = {"fraction": fraction, "subset_seed": 0 if whole else number}
    values |= {"steps": steps, "epochs": 0} if steps else {}
    return config.replace(recipe, seed=number, init="random", **values)


def _cell(arm, number, recipe, init, teachers):
    if isinstance(init, str):
        recipe = config.replace(recipe, init=init)
        return Cell(*arm, number, recipe, teachers=teachers)
    network = dict(zip(_OF_THE_NETWORK, (recipe.encoder_name, recipe.width)))
    pretraining = config.replace(init, **network)
    return Cell(*arm, number, recipe, pretraining, teachers)
