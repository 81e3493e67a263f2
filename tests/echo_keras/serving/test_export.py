import json

import keras
import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

from echo_keras import errors
from echo_keras.models import deeplabv3, resnet
from echo_keras.serving import export, session


def test_versions_count_up_and_leave_nothing_else(tuned, tmp_path):
    first = export.export(tuned, tmp_path / "lv")
    (tmp_path / "lv" / "9").mkdir()
    second = export.export(tuned, tmp_path / "lv")
    assert (first.name, second.name) == ("1", "2")
    assert sorted(path.name for path in (tmp_path / "lv").iterdir()) == ["1", "2", "9"]


def test_an_export_tells_its_difference_and_its_recipe(tuned, models_dir):
    extra = models_dir / "lv" / "1" / "assets.extra"
    facts = json.loads((extra / "export.json").read_text())
    assert facts["largest_difference"] <= export.TOLERANCE
    assert (extra / export.RECIPE).read_text() == (tuned / export.RECIPE).read_text()


def test_an_export_of_other_weights_is_noticed(tuned, models_dir):
    model, recipe = export.load_keras(tuned)
    model.set_weights([1.1 * weights for weights in model.get_weights()])
    served = export.endpoints.module(model, recipe.size)
    servable = session.load(models_dir / "lv" / "1")
    assert export.largest_difference(servable, model, served) > 0.01


def test_an_export_has_no_batch_norm_left(models_dir):
    text = (models_dir / "lv" / "1" / "saved_model.pb").read_bytes()
    assert b"Conv2D" in text
    assert b"FusedBatchNorm" not in text


def test_a_batch_norm_that_is_folded_wrongly_is_noticed(tuned, tmp_path, monkeypatch):
    def spoilt(model):
        model.set_weights([1.1 * weights for weights in model.get_weights()])
        return model

    monkeypatch.setattr(export.folded, "fold", spoilt)
    with pytest.raises(RuntimeError, match="differs by"):
        export.export(tuned, tmp_path / "lv")


@pytest.mark.slow
def test_a_deeplab_with_its_own_layers_is_exported_and_verified(tmp_path):
    encoder = resnet.encoder(32, width=2)
    deeplabv3.segmenter(encoder, filters=2).save(tmp_path / export.MODEL)
    (tmp_path / export.RECIPE).write_text("network: deeplabv3\nsize: 32\n")
    version = export.export(tmp_path, tmp_path / "lv")
    assert set(session.load(version).signatures) >= set(export.endpoints.SIGNATURES)


def test_of_several_structures_the_ventricle_is_served(tmp_path):
    frame = keras.Input((16, 16, 1))
    logits = keras.layers.Conv2D(4, 3, padding="same")(frame)
    answer = keras.Model(frame, keras.layers.Activation("softmax")(logits))
    answer.save(tmp_path / export.MODEL)
    (tmp_path / export.RECIPE).write_text("structures: all\n")
    version = export.export(tmp_path, tmp_path / "lv")
    frames = np.random.default_rng(0).random((2, 16, 16, 1)).astype(np.float32)
    served = session.load(version).run("serving_default", {"image": frames})
    expected = answer(frames)[..., 1:2]
    np.testing.assert_allclose(served["probability"], expected, atol=1e-6)


def test_a_differing_export_gets_no_version(tuned, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "largest_difference", lambda *_, **__: float("nan"))
    with pytest.raises(RuntimeError, match="differs by nan"):
        export.export(tuned, tmp_path / "lv")
    assert not list((tmp_path / "lv").iterdir())


def test_a_folder_of_an_encoder_is_refused(tmp_path):
    (tmp_path / "encoder.keras").touch()
    with pytest.raises(
        errors.InputError, match=r"holds encoder\.keras and no model\.keras"
    ):
        export.export(tmp_path, tmp_path / "lv")
    assert not (tmp_path / "lv").exists()


def test_a_missing_folder_is_refused(tmp_path):
    with pytest.raises(
        errors.InputError, match=r"no folder .*nowhere; is the path right"
    ):
        export.export(tmp_path / "nowhere", tmp_path / "lv")


def test_a_file_that_is_no_model_is_refused(tmp_path):
    (tmp_path / export.MODEL).write_bytes(b"no model")
    with pytest.raises(errors.InputError, match=r"cannot read .*model\.keras"):
        export.load_keras(tmp_path)


def test_a_model_damaged_on_its_way_is_refused(tuned, tmp_path):
    content = bytearray((tuned / export.MODEL).read_bytes())
    middle = slice(len(content) // 3, len(content) // 3 + 500)
    content[middle] = bytes(byte ^ 255 for byte in content[middle])
    (tmp_path / export.MODEL).write_bytes(content)
    with pytest.raises(errors.InputError, match=r"cannot read .*model\.keras: .*CRC"):
        export.load_keras(tmp_path)


def test_a_network_of_another_kind_is_refused(tmp_path):
    frame = keras.Input((8, 8, 3))
    keras.Model(frame, keras.layers.Conv2D(1, 1)(frame)).save(tmp_path / export.MODEL)
    with pytest.raises(errors.InputError, match=r"takes frames of shape \(8, 8, 3\)"):
        export.load_keras(tmp_path)


def test_an_output_that_is_a_file_is_refused(tuned, tmp_path):
    (tmp_path / "lv").touch()
    with pytest.raises(errors.InputError, match=r"cannot write .*lv"):
        export.export(tuned, tmp_path / "lv")


def test_what_an_export_adds_is_verified_told_and_made_of_stock_operations(
    tuned, tmp_path
):
    finish = {"largest_component": True, "fill_holes": True, "temperature": 1.5}
    version = export.export(tuned, tmp_path / "lv", **finish)
    assert export.facts(version)["largest_difference"] <= export.TOLERANCE
    card = json.loads((version / "assets.extra" / "model_card.json").read_text())
    assert (card["name"], card["version"]) == ("lv", 1)
    assert card["finish"] == finish
    assert card["verification"] == export.facts(version)
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((version / "saved_model.pb").read_bytes())
    [graph] = saved.meta_graphs
    operations = {
        node.op
        for function in graph.graph_def.library.function
        for node in function.node_def
    }
    assert "TensorScatterMin" in operations
    assert not {operation for operation in operations if "Py" in operation}
