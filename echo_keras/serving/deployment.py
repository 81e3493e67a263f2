"""Files with which TensorFlow Serving's own image serves as `echo-keras serve` does."""

from pathlib import Path

from echo_keras import aside, errors
from echo_keras.serving import catalog, limits, metrics, parameters

IMAGE = "tensorflow/serving:2.15.1"
BATCHING = parameters.Batching(
    max_batch_size=8,
    batch_timeout_micros=1000,
    max_enqueued_batches=16,
    num_batch_threads=2,
)
NAMES = ("lv",)


def write(models, output, rules=catalog.LATEST):
    """Write the files for the models of a folder.

    Args:
        models: Folder of `NAME/VERSION` folders.
        output: Folder to write to; files of other names stay.
        rules: `catalog.Rules`.

    Returns:
        Names of the models.

    Raises:
        InputError: There are no such models or versions, or nothing can be written.
    """
    names = sorted(catalog.versions(models, rules))
    output = Path(output)
    if output.exists() and not output.is_dir():
        raise errors.InputError(f"output {output} is a file; name a folder")
    for name, text in files(names, rules, models=models.resolve()).items():
        with aside.file(output / name) as partial:
            partial.write_text(text)
    return names


def files(names=NAMES, rules=catalog.LATEST, *, models="../saved_models"):
    """Text of each file, by name.

    Args:
        names: Names of the models.
        rules: `catalog.Rules`.
        models: Folder of the models, as docker-compose.yml names it.
    """
    return {
        "docker-compose.yml": _compose(models, bool(rules.labels)),
        "models.config": _models(names, rules),
        "batching_parameters.txt": parameters.text(BATCHING),
        "monitoring.config": (
            f'prometheus_config {{\n  enable: true\n  path: "{metrics.PATH}"\n}}\n'
        ),
    }


def _compose(models, labelled):
    flags = [
        "--model_config_file=/config/models.config",
        "--enable_batching=true",
        "--batching_parameters_file=/config/batching_parameters.txt",
        "--monitoring_config_file=/config/monitoring.config",
        f"--rest_api_timeout_in_ms={1000 * limits.DEFAULT.seconds:.0f}",
    ]
    if labelled:
        flags.append("--allow_version_labels_for_unavailable_models=true")
    lines = "\n".join(f"      - {flag}" for flag in flags)
    return f"""\
services:
  serving:
    image: {IMAGE}
    command:
{lines}
    ports:
      - "127.0.0.1:8500:8500"  # gRPC
      - "127.0.0.1:8501:8501"  # REST
    volumes:
      - {models}:/models:ro
      - .:/config:ro
    restart: unless-stopped
"""


def _models(names, rules):
    return "model_config_list {\n" + "".join(_model(n, rules) for n in names) + "}\n"


def _model(name, rules):
    policy = "latest { num_versions: 1 }"
    if rules.policy == "all":
        policy = "all {}"
    elif rules.policy == "specific" and name in rules.versions:
        numbers = " ".join(f"versions: {number}" for number in rules.versions[name])
        policy = f"specific {{ {numbers} }}"
    labels = "".join(
        f'    version_labels {{ key: "{label}" value: {number} }}\n'
        for label, number in rules.labels.get(name, {}).items()
    )
    return f"""\
  config {{
    name: "{name}"
    base_path: "/models/{name}"
    model_platform: "tensorflow"
    model_version_policy {{ {policy} }}
{labels}  }}
"""
