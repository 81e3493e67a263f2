import pathlib
import re

import pytest
import yaml

from echo_keras import errors
from echo_keras.serving import catalog, deployment, metrics, parameters

DEPLOY = pathlib.Path(__file__).parents[3] / "deploy"


def test_the_folder_deploy_is_what_the_settings_give():
    found = {path.name: path.read_text() for path in DEPLOY.iterdir()}
    assert found == deployment.files()


def test_both_servers_read_the_same_batching_parameters():
    path = DEPLOY / "batching_parameters.txt"
    assert parameters.read(path) == deployment.BATCHING


def test_parameters_survive_their_text(tmp_path):
    path = tmp_path / "batching.txt"
    given = parameters.Batching(max_batch_size=4, allowed_batch_sizes=(2, 4))
    path.write_text(parameters.text(given))
    assert parameters.read(path) == given


def test_metrics_lie_at_the_same_path_in_both_servers():
    assert f'path: "{metrics.PATH}"' in deployment.files()["monitoring.config"]


def test_every_file_that_the_image_is_told_of_is_there():
    files = deployment.files()
    service = yaml.safe_load(files["docker-compose.yml"])["services"]["serving"]
    told = re.findall(r"/config/(\S+)", " ".join(service["command"]))
    assert sorted([*told, "docker-compose.yml"]) == sorted(files)
    assert ".:/config:ro" in service["volumes"]
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        (catalog.LATEST, ["model_version_policy { latest { num_versions: 1 } }"]),
        (catalog.Rules("all"), ["model_version_policy { all {} }"]),
        (
            catalog.Rules("specific", {"lv": (1, 3)}, {"lv": {"stable": 1}}),
            [
                "model_version_policy { specific { versions: 1 versions: 3 } }",
                'version_labels { key: "stable" value: 1 }',
            ],
        ),
    ],
)
def test_rules_are_told_as_the_model_server_reads_them(rules, lines):
    files = deployment.files(["lv"], rules)
    found = [line.strip() for line in files["models.config"].splitlines()]
    assert found[2:-2] == [
        'name: "lv"',
        'base_path: "/models/lv"',
        'model_platform: "tensorflow"',
        *lines,
    ]
    labelled = "--allow_version_labels_for_unavailable_models" in "".join(
        files.values()
    )
    assert labelled == bool(rules.labels)


def test_files_are_written_for_the_models_that_are_there(models_dir, tmp_path):
    assert deployment.write(models_dir, tmp_path / "deploy") == ["lv"]
    written = (tmp_path / "deploy" / "docker-compose.yml").read_text()
    assert f"- {models_dir.resolve()}:/models:ro" in written
    rules = catalog.Rules(labels={"lv": {"stable": 7}})
    with pytest.raises(errors.InputError, match="lv/7 is asked for"):
        deployment.write(models_dir, tmp_path / "deploy", rules)
    with pytest.raises(errors.InputError, match="name a folder"):
        deployment.write(models_dir, tmp_path / "deploy" / "models.config")
