"""A pipeline that has run on synthetic hearts, and copies of them to be spoiled."""

import dataclasses
import shutil

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from echo_keras import config

PATIENTS = 24


@pytest.fixture(scope="session")
def camus(tmp_path_factory):
    """Folder of synthetic hearts in the files of CAMUS."""
    from pipeline import phantom

    folder = tmp_path_factory.mktemp("phantom") / "camus"
    options = {"views": ("4CH",), "half_sequence": False}
    phantom.write("camus", PATIENTS, 0, folder, **options)
    return folder


@pytest.fixture(scope="session")
def recipe(camus, tmp_path_factory):
    """Recipe of the smallest pipeline, with gates that chance does not close."""
    folder = tmp_path_factory.mktemp("pipeline")
    small = {"size": 32, "width": 4}
    pretrain = config.Pretrain(**small, epochs=2, batch=8)
    finetune = config.Finetune(**small, steps=60)
    for name, values in {"pretrain": pretrain, "finetune": finetune}.items():
        config.save(values, folder / f"{name}.yaml")
    return config.Pipeline(
        name="test",
        camus=str(camus),
        pretrain=str(folder / "pretrain.yaml"),
        finetune=str(folder / "finetune.yaml"),
        root=str(folder / "root"),
        model=str(folder / "saved_models" / "lv"),
        split_divergence=0.95,
        least_dice=0.001,
        least_slice_dice=0.001,
        slice_patients=2,
        checkpoint_seconds=0.001,
    )


@pytest.fixture
def copy(camus, tmp_path):
    """Copy of the hearts."""
    return shutil.copytree(camus, tmp_path / "camus")


@pytest.fixture
def altered(tmp_path):
    """Function that saves a recipe with some values changed, and gives its path."""

    def save(kind, path, **values):
        changed = dataclasses.replace(config.load(kind, path), **values)
        target = tmp_path / f"altered-{kind.__name__}.yaml"
        config.save(changed, target)
        return str(target)

    return save


@pytest.fixture
def invert():
    """Function that turns the grey levels of an image file round."""

    def invert(path):
        image = sitk.ReadImage(str(path))
        inverted = sitk.GetImageFromArray(255 - sitk.GetArrayFromImage(image))
        inverted.CopyInformation(image)
        sitk.WriteImage(sitk.Cast(inverted, image.GetPixelID()), str(path))

    return invert


@pytest.fixture(scope="session")
def scores():
    """Function that makes scores of a Dice for each patient, two cases each."""

    def make(dices, *, slices=("phase ED",)):
        cases = [
            {
                "patient": patient,
                "view": "4CH",
                "phase": phase,
                "frame": -1,
                "dice": dice,
                "slices": list(slices),
            }
            for patient, dice in dices.items()
            for phase in ("ED", "ES")
        ]
        mean = float(np.mean([case["dice"] for case in cases]))
        part = {"patients": len(dices), "dice_per_image_mean": mean}
        return {
            "split": "test",
            "cases": cases,
            "slices": dict.fromkeys(slices, part),
            **part,
        }

    return make
