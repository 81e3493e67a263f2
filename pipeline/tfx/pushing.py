"""The Pusher: a blessed model becomes the next version that is served."""

import pathlib
import shutil

from tfx.dsl.component.experimental.annotations import (
    InputArtifact,
    OutputArtifact,
    Parameter,
)
from tfx.dsl.component.experimental.decorators import component
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from echo_keras import aside
from echo_keras.serving import card, session
from pipeline.tfx import folders, pushed


@component
def Pusher(  # noqa: N802  components are named as TFX's own are
    model: InputArtifact[standard_artifacts.Model],
    evaluation: InputArtifact[standard_artifacts.ModelEvaluation],
    blessing: InputArtifact[standard_artifacts.ModelBlessing],
    infra_blessing: InputArtifact[standard_artifacts.InfraBlessing],
    pushed_model: OutputArtifact[standard_artifacts.PushedModel],
    destination: Parameter[str],
    metadata: Parameter[str],
):
    """Copy a blessed model to its place as the next version, unless it is the newest.

    Both blessings exist only where their gates were open.
    """
    for artifact in (blessing, infra_blessing):
        if artifact.get_int_custom_property("blessed") != 1:
            raise ValueError(f"{artifact.uri} does not bless the model")
    version = pushed.newest(destination)
    with folders.local(path_utils.serving_model_path(model.uri)) as source:
        if version is None or not pushed.is_copy(version, source):
            version = _next(destination)
            told = {"model": model.uri, "digest": pushed.digest(source)}
            told |= {"metadata": metadata}
            scores = folders.read_json(f"{evaluation.uri}/{pushed.SCORES}")
            _copy(source, version, {pushed.SCORES: scores, pushed.ORIGIN: told})
        pushed_model.set_string_custom_property("digest", pushed.digest(source))
    pushed_model.set_string_custom_property("pushed_destination", str(version))
    pushed_model.set_string_custom_property("pushed_version", version.name)
    told = {"version": str(version)}
    folders.write_json(told, f"{pushed_model.uri}/{pushed.ORIGIN}")


def _next(destination):
    number = max(session.version_numbers(destination), default=0) + 1
    return pathlib.Path(destination, str(number))


def _copy(source, version, told):
    with aside.folder(version) as partial:
        shutil.copytree(source, partial, dirs_exist_ok=True)
        extra = partial / pushed.EXTRA
        for name, value in told.items():
            folders.write_json(value, str(extra / name))
        figures = {k: v for k, v in told[pushed.SCORES].items() if k != "cases"}
        name, number = version.parent.name, int(version.name)
        card.rewrite(extra, name=name, version=number, evaluation=figures)
