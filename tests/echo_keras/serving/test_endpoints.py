import io
import shutil

import cv2
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from echo_keras.data import preprocess
from echo_keras.serving import endpoints, export, session

SHAPES = [(40, 50), (97, 31), (32, 32), (200, 130)]


@pytest.fixture(scope="module")
def model(tuned):
    return export.load_keras(tuned)[0]


@pytest.fixture(scope="module")
def served(models):
    return models["lv"].versions[1]


def speckle(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def encoded(pixels, kind=".png"):
    return cv2.imencode(kind, pixels)[1].tobytes()


def with_pillow(pixels, kind, mode, **options):
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def segment(served, *images):
    return served.run("image_bytes", {"image_bytes": np.array(images, object)})


def mask(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


def test_float_frames_give_the_probabilities_of_the_keras_model(model, served):
    frames = np.random.default_rng(0).uniform(size=(5, 32, 32, 1)).astype(np.float32)
    answer = served.run("serving_default", {"image": frames})
    expected = model.predict(frames, verbose=0)
    np.testing.assert_allclose(answer["probability"], expected, atol=1e-5)


@pytest.fixture(scope="module", params=preprocess.ASPECTS)
def exported(request, tuned, tmp_path_factory):
    """Aspect of a recipe and the model exported by it."""
    aspect, folder = request.param, tmp_path_factory.mktemp("exported")
    shutil.copytree(tuned, folder / "tuned")
    with (folder / "tuned" / export.RECIPE).open("a") as recipe:
        recipe.write(f"aspect: {aspect}\n")
    return aspect, session.load(export.export(folder / "tuned", folder / "lv"))


def test_encoded_images_of_many_sizes_give_the_masks_of_the_python_path(
    model, exported
):
    aspect, served = exported
    images = [speckle(shape, seed) for seed, shape in enumerate(SHAPES)]
    answer = segment(served, *map(encoded, images))
    for position, pixels in enumerate(images):
        frame = preprocess.image(pixels[..., None], 32, aspect=aspect)
        probability = model(frame[None], training=False)
        restored = preprocess.restore(probability, *pixels.shape, aspect=aspect)
        restored = restored[0, ..., 0].numpy()
        drawn = mask(answer["mask_png_bytes"][position])
        np.testing.assert_array_equal(drawn, np.where(restored >= 0.5, 255, 0))
        assert answer["area"][position] == np.count_nonzero(drawn)
        assert answer["probability_mean"][position] == pytest.approx(
            restored[drawn > 0].mean(), abs=1e-5
        )


def test_every_way_to_store_the_same_grey_frame_gives_the_same_answer(served):
    pixels = speckle((40, 50))
    colour = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    opaque = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA)
    answer = segment(
        served,
        encoded(pixels),
        encoded(colour),
        encoded(opaque),
        encoded(pixels.astype(np.uint16) * 257),
        encoded(pixels, ".bmp"),
        encoded(colour, ".bmp"),
        with_pillow(pixels, "PNG", "LA"),
        with_pillow(pixels, "PNG", "P"),
        with_pillow(
            pixels,
            "GIF",
            "L",
            save_all=True,
            append_images=[PIL.Image.fromarray(255 - pixels)],
        ),
    )
    assert len(set(answer["mask_png_bytes"])) == 1
    assert len(set(answer["probability_mean"])) == 1


def test_a_jpeg_differs_by_its_losses_only(served):
    pixels = cv2.GaussianBlur(speckle((40, 50)), (9, 9), 3)
    answer = segment(served, encoded(pixels), encoded(pixels, ".jpg"))
    assert answer["area"][0] == pytest.approx(answer["area"][1], rel=0.05)


def test_an_image_without_a_ventricle_has_an_empty_mask(served):
    answer = segment(served, encoded(np.zeros((40, 50), np.uint8)))
    assert not mask(answer["mask_png_bytes"][0]).any()
    assert answer["area"][0] == answer["probability_mean"][0] == 0


@pytest.mark.parametrize("image", [b"", b"no image", encoded(speckle((9, 9)))[:60]])
def test_bytes_that_are_no_image_are_an_invalid_argument(served, image):
    with pytest.raises(tf.errors.InvalidArgumentError):
        segment(served, image)


@pytest.mark.parametrize("shape", [(32, 32), (1, 32, 32), (1, 16, 32, 1), ()])
def test_a_wrong_shape_is_an_invalid_argument(served, shape):
    with pytest.raises(tf.errors.InvalidArgumentError, match="is not compatible"):
        served.run("serving_default", {"image": np.zeros(shape, np.float32)})


def test_inputs_reach_a_convolution_through_a_check_of_their_shape_only(models_dir):
    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((models_dir / "lv" / "1" / "saved_model.pb").read_bytes())
    functions = [
        function
        for graph in saved.meta_graphs
        for function in graph.graph_def.library.function
        if any(node.op == "Conv2D" for node in function.node_def)
    ]
    assert len(functions) >= len(endpoints.SIGNATURES)
    for function in functions:
        arguments = [argument.name for argument in function.signature.input_arg]
        reached = reachable(function, arguments[:1], barrier="EnsureShape")
        assert "Conv2D" not in reached
        assert "Conv2D" in reachable(function, arguments[:1], barrier="none")


def reachable(function, names, *, barrier):
    """Operations that the named tensors flow into without passing the barrier."""
    known, operations = set(names), set()
    for _ in function.node_def:
        for node in function.node_def:
            sources = {name.split(":")[0] for name in node.input}
            if node.op != barrier and sources & known:
                known.add(node.name)
                operations.add(node.op)
    return operations


BLOBS = np.zeros((64, 80), np.uint8)
BLOBS[8:40, 10:44] = 255
BLOBS[20:26, 22:30] = 0
BLOBS[50:58, 60:72] = 255


def mask_of(model, image, **options):
    module = endpoints.module(model, 32, **options)
    answer = module.image_bytes([encoded(image)])
    drawn = mask(answer["mask_png_bytes"][0].numpy()) > 0
    assert answer["area"][0] == drawn.sum()
    return drawn


@pytest.mark.parametrize("largest_component", [False, True])
@pytest.mark.parametrize("fill_holes", [False, True])
def test_the_graph_keeps_the_largest_piece_and_fills_holes(
    model, largest_component, fill_holes
):
    plain = mask_of(model, BLOBS)
    assert cv2.connectedComponents(plain.astype(np.uint8))[0] == 3
    assert not plain[23, 26]
    options = {"largest_component": largest_component, "fill_holes": fill_holes}
    drawn = mask_of(model, BLOBS, **options)
    assert drawn[54, 66] != largest_component
    assert drawn[23, 26] == fill_holes
    others = np.ones_like(plain)
    others[44:, 54:] = others[16:30, 18:34] = False
    np.testing.assert_array_equal(drawn & others, plain & others)


def test_a_temperature_moves_no_border_and_tells_less_confidence(model):
    image = encoded(cv2.GaussianBlur(BLOBS, (9, 9), 3))
    frame = preprocess.image(BLOBS[..., None], 32)[None]
    cold, warm = (endpoints.module(model, 32, temperature=t) for t in (1.0, 2.0))
    first, second = cold.image_bytes([image]), warm.image_bytes([image])
    assert first["mask_png_bytes"][0] == second["mask_png_bytes"][0]
    assert first["probability_mean"][0] > second["probability_mean"][0] > 0.5
    logits = [
        np.log(p / (1 - p))
        for p in (m.serving_default(frame)["probability"].numpy() for m in (cold, warm))
    ]
    np.testing.assert_allclose(logits[1], logits[0] / 2, atol=1e-4)


def test_the_band_around_the_area_counts_surer_and_less_sure_pixels(model, served):
    image = cv2.GaussianBlur(speckle((40, 50)), (9, 9), 3)
    answer = segment(served, encoded(image))
    frame = preprocess.image(image[..., None], 32)
    probability = preprocess.restore(model(frame[None], training=False), *image.shape)
    for name, threshold in (("area_low", 0.75), ("area_high", 0.25)):
        assert answer[name][0] == np.sum(probability.numpy() >= threshold)
    assert answer["area_low"][0] < answer["area"][0] < answer["area_high"][0]
