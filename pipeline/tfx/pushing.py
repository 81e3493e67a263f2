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
from echo_keras.serving import session
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
    if version is None or pushed.origin(version) != model.uri:
        version = _push(model, evaluation, destination, metadata)
    pushed_model.set_string_custom_property("pushed_destination", str(version))
    pushed_model.set_string_custom_property("pushed_version", version.name)
    told = {"version": str(version)}
    folders.write_json(told, f"{pushed_model.uri}/{pushed.ORIGIN}")


def _push(model, evaluation, destination, metadata):
    number = max(session.version_numbers(destination), default=0) + 1
    version = pathlib.Path(destination, str(number))
    served = path_utils.serving_model_path(model.uri)
    with aside.folder(version) as partial, folders.local(served) as source:
        shutil.copytree(source, partial, dirs_exist_ok=True)
        extra = partial / pushed.EXTRA
        scores = folders.read_json(f"{evaluation.uri}/{pushed.SCORES}")
        folders.write_json(scores, str(extra / pushed.SCORES))
        told = {"model": model.uri, "metadata": metadata}
        folders.write_json(told, str(extra / pushed.ORIGIN))
    return version
