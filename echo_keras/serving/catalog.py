"""Which versions of which models are served, and how that changes while serving."""

import contextlib
import dataclasses
import gc
import threading
from pathlib import Path

from echo_keras import errors
from echo_keras.serving import session

POLL_SECONDS = 1.0


@dataclasses.dataclass(frozen=True)
class Rules:
    """Which versions are served.

    Attributes:
        policy: `latest` number of each model, `all`, or `specific` ones.
        versions: Numbers by name of a model, for `specific`; of models that are not
            named here the latest is served.
        labels: Dict of numbers by label, by name of a model.
    """

    policy: str = "latest"
    versions: dict = dataclasses.field(default_factory=dict)
    labels: dict = dataclasses.field(default_factory=dict)


LATEST = Rules()


def wanted(name, numbers, rules):
    """Numbers of the versions to serve of those that a model has."""
    if rules.policy == "all":
        return set(numbers)
    if rules.policy == "specific" and name in rules.versions:
        return set(numbers) & set(rules.versions[name])
    return {max(numbers)} if numbers else set()


def versions(folder, rules=LATEST):
    """Numbers of the versions to serve of every model in a folder.

    Args:
        folder: Folder of `NAME/VERSION` folders, as `echo-keras export` fills it.
        rules: `Rules`.

    Returns:
        Dict of sets by name of the model.

    Raises:
        InputError: No model lies in the folder, or a version that is asked for does
            not.
    """
    found = _found(folder)
    if not found:
        raise errors.InputError(
            f"{folder} holds no model: expected folders such as NAME/1/saved_model.pb; "
            f"write one with echo-keras export --output {Path(folder) / 'NAME'}"
        )
    _check_present(folder, found, rules)
    return {name: wanted(name, numbers, rules) for name, numbers in found.items()}


def load(folder, rules=LATEST, load_version=session.load):
    """Load the versions that are to be served of every model in a folder.

    Args:
        folder: As in `versions`.
        rules: `Rules`.
        load_version: Function from the folder of a version to a `session.Servable`.

    Returns:
        Dict of `session.Model` by name.

    Raises:
        InputError: As in `versions`, or one cannot be loaded.
    """
    models = {}
    for name, numbers in sorted(versions(folder, rules).items()):
        loaded = {
            number: _load(folder, name, number, load_version)
            for number in sorted(numbers)
        }
        models[name] = _model(name, loaded, {}, rules)
    return models


def refresh(models, folder, rules=LATEST, load_version=session.load, *, failed, say):
    """Load versions that have appeared in a folder and drop those that have vanished.

    A version is dropped only when another can answer instead, or none is left in the
    folder; while the folder itself is out of reach nothing changes. Requests that a
    dropped version is answering are finished.

    Args:
        models: Dict of `session.Model` by name; its values are replaced.
        folder: As in `versions`.
        rules: `Rules`.
        load_version: As in `load`.
        failed: Dict that remembers the files of versions that could not be loaded, so
            that they are tried again only once these change.
        say: Called with a line for each change.
    """
    if not Path(folder).is_dir():
        return
    found = _found(folder)
    for name in sorted({*found, *models}):
        numbers = wanted(name, found.get(name, []), rules)
        model = models.get(name) or session.Model(versions={})
        versions, ended = dict(model.versions), dict(model.ended)
        for number in sorted(numbers - set(versions)):
            files = _files(Path(folder) / name / str(number))
            if failed.get((name, number)) == files:
                continue
            try:
                versions[number] = _load(folder, name, number, load_version)
            except errors.InputError as reason:
                failed[name, number], ended[number] = files, str(reason)
                say(f"cannot serve {name}/{number}: {reason}")
            else:
                say(f"serving {name}/{number}")
        if not numbers or numbers & set(versions):
            for number in sorted(set(versions) - numbers):
                ended[number] = ""
                del versions[number]
                say(f"no longer serving {name}/{number}")
        if versions or ended:
            models[name] = _model(name, versions, ended, rules)


@contextlib.contextmanager
def watched(models, folder, rules=LATEST, load_version=session.load, *, say):
    """Call `refresh` every second as long as the context lasts."""
    stopped, failed = threading.Event(), {}

    def poll():
        while not stopped.wait(POLL_SECONDS):
            before = dict(models)
            # What vanishes while it is listed is seen at the next look.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                refresh(models, folder, rules, load_version, failed=failed, say=say)
            if any(models[name].ended != before[name].ended for name in before):
                del before
                gc.collect()  # graphs refer to themselves

    thread = threading.Thread(target=poll, name="watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _found(folder):
    names = sorted(Path(folder).iterdir()) if Path(folder).is_dir() else []
    numbers = {path.name: session.version_numbers(path) for path in names}
    return {name: found for name, found in numbers.items() if found}


def _check_present(folder, found, rules):
    asked = [
        (name, number) for name in rules.versions for number in rules.versions[name]
    ]
    asked += [(n, number) for n in rules.labels for number in rules.labels[n].values()]
    for name, number in asked:
        if number not in wanted(name, found.get(name, []), rules):
            held = ", ".join(
                f"{other}/{version}"
                for other, versions in sorted(found.items())
                for version in sorted(versions)
            )
            raise errors.InputError(
                f"{name}/{number} is asked for and not served by the policy "
                f"{rules.policy}; {folder} holds {held}: correct the number or the "
                "--version-policy"
            )


def _load(folder, name, number, load_version):
    root, version = Path(folder).resolve(), Path(folder) / name / str(number)
    for path in (version, *version.rglob("*")):
        if root not in path.resolve().parents:
            raise errors.InputError(
                f"{path} leads out of {folder}; copy the model instead of linking it"
            )
    return load_version(version)


def _model(name, versions, ended, rules):
    labels = rules.labels.get(name, {})
    return session.Model(
        versions=versions,
        labels={key: number for key, number in labels.items() if number in versions},
        ended={key: reason for key, reason in ended.items() if key not in versions},
    )


def _files(version):
    """Names, sizes and times of a version's files."""
    try:
        stats = [(str(path), path.stat()) for path in sorted(version.rglob("*"))]
    except OSError:  # vanished meanwhile
        return None
    return [(path, stat.st_size, stat.st_mtime_ns) for path, stat in stats]
