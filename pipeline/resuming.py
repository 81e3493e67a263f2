"""What an earlier run left beside the output: kept where it was the same job."""

import contextlib
import hashlib
import json
import pathlib

import pipeline
from echo_keras import data, errors, lock
from echo_keras.data import schema
from pipeline import files, manifests


def check_output(layout, source):
    """Refuse an output that would do harm or is taken, unless this job finished it.

    Args:
        layout: `Layout` of the job.
        source: Folder of the data set.

    Raises:
        InputError: It holds something, is a link, lies inside the source, or is the
            folder that the job was started in.
    """
    if is_finished(layout):
        return
    if _is_taken(layout):
        raise taken(layout)
    if _is_within(layout.output, source):
        raise errors.InputError(
            f"the output {layout.output} lies inside the source {source}; "
            "name a folder outside, so that the source stays as it is"
        )
    if files.is_remote(layout.output):
        return
    path = pathlib.Path(layout.output)
    if path.name in ("", ".."):
        raise errors.InputError(
            f"the output {layout.output} is the folder that this was started in, or "
            "above it; name a folder to make"
        )
    if path.is_symlink():
        raise errors.InputError(
            f"the output {layout.output} is a link, which a folder cannot replace; "
            "name the folder that it leads to"
        )


def taken(layout):
    """The error for an output that holds something."""
    return errors.InputError(
        f"{layout.output} is not empty; name another output or remove it"
    )


def is_finished(layout):
    """Whether an earlier run was ended when all but the cleaning up was done."""
    return (
        not files.is_remote(layout.output)
        and files.exists(f"{layout.output}/{schema.MANIFEST}")
        and files.exists(layout.plan)
        and not files.exists(layout.records)
    )


def identity(listing, plan, choice):
    """What decides the bytes of all shards: a job goes on only where it is the same.

    Args:
        listing: `Listing` of the source.
        plan: All shards of the job.
        choice: Which frames to keep without labels; see `frames.choice`.

    Returns:
        Dict ready for JSON.
    """
    return {
        "format": schema.FORMAT,
        "source_fingerprint": listing.fingerprint,
        "unlabelled_frames": choice,
        "shards": [shard.name for shard in plan],
        "patients": hashlib.sha256(
            "\n".join(
                patient.name for shard in plan for patient in shard.patients
            ).encode("utf-8", "surrogateescape")
        ).hexdigest(),
        "versions": manifests.versions(),
        "code": _code(),
    }


def is_same(layout, identity):
    """Whether the job that left something at the layout was this one."""
    return json.loads(files.content(layout.plan)) == identity


def take_over(layout, identity):
    """Keep what an earlier run of the same job left, and remove what another did.

    Args:
        layout: `Layout` of the job.
        identity: Dict of `identity`.

    Raises:
        InputError: What is in the way was not left by a job.
    """
    files.remove(layout.aside)
    if files.exists(layout.plan):
        if is_same(layout, identity):
            return
        _clear(layout)
    elif _is_in_the_way(layout.work):
        raise errors.InputError(
            f"{layout.work} is in the way and was not left by this job; remove it"
        )
    with files.written_aside(layout.plan, layout.aside) as file:
        file.write(json.dumps(identity).encode())


def forget_changed(plan, layout):
    """Convert again what was damaged, which may be repaired, and what was replaced.

    Args:
        plan: All shards of the job.
        layout: `Layout` of the job.
    """
    for shard in plan:
        path = layout.summary(shard)
        if files.exists(path):
            summary = json.loads(files.content(path))
            if summary["rejects"] or summary["stamp"] != shard.stamp():
                files.remove_file(path)


@contextlib.contextmanager
def alone(layout):
    """Keep a second job from writing the same output at the same time.

    Args:
        layout: `Layout` of the job.

    Raises:
        InputError: Another job is writing it, or the folder cannot be made.
    """
    if files.is_remote(layout.output):
        yield
        return
    path = pathlib.Path(layout.lock)
    with files.told(layout.output):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with lock.held(path, layout.output):
        yield
    with contextlib.suppress(OSError):  # it holds what the next run goes on with
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def _is_taken(layout):
    if files.is_remote(layout.output):
        return files.exists(f"{layout.output}/{schema.MANIFEST}")
    return files.is_taken(layout.output)


def _is_within(output, source):
    if files.is_remote(output) or files.is_remote(source):
        return f"{output}/".startswith(f"{source}/")
    output, source = (pathlib.Path(path).absolute() for path in (output, source))
    with contextlib.suppress(OSError, RuntimeError):  # told when it is listed
        output, source = output.resolve(), source.resolve()
    return output.is_relative_to(source)


def _is_in_the_way(work):
    folder = pathlib.Path(work)
    if files.is_remote(work) or not folder.exists():
        return False
    return not folder.is_dir() or any(path.name != "lock" for path in folder.iterdir())


def _clear(layout):
    families = [f"{layout.records}/{family}" for family in schema.FEATURES]
    for folder in (*families, layout.finished, f"{layout.work}/planned"):
        files.remove(folder)
    files.remove_file(layout.plan)


def _code():
    """SHA-256 of the modules that make records."""
    digest = hashlib.sha256()
    for package in (pipeline, data):
        for path in sorted(pathlib.Path(package.__file__).parent.rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
