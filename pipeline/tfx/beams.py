"""Beam's options, from the command line to every component that runs on Beam."""

RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
# TFX packs itself up for workers elsewhere unless an image is named; these are here.
LOCAL = (
    f"--runner={RUNNER}",
    "--direct_running_mode=in_memory",
    "--direct_num_workers=1",
    "--sdk_container_image=none",
)
"""Options of a run in this process; Beam's own choice would download a runner."""


def options(beam_args):
    """Options for the components, those of a run here where no runner is named."""
    named = any(word.startswith("--runner") for word in beam_args)
    return [*beam_args] if named else [*LOCAL, *beam_args]


def given(words):
    """Options that the user gave, of those that reached an executor.

    A job with a runner of its own choice is told those alone.
    """
    if f"--runner={RUNNER}" not in words:
        return tuple(words)
    kept = [word for word in words if word not in LOCAL]
    labels = {
        i + step for i, w in enumerate(kept) if w == "--labels" for step in (0, 1)
    }
    return tuple(word for i, word in enumerate(kept) if i not in labels)
