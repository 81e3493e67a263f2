"""What `benchmarks.input` measures, in a plain loop of NumPy and OpenCV.

The same kinds of change, one frame at a time, as they are usually written.
"""

import struct

import cv2
import numpy as np
import tensorflow as tf


def labelled(files, size, *, batch):
    """Read, decode, resize and augment labelled frames.

    Args:
        files: Paths of TFRecord files.
        size: Height and width in pixels.
        batch: Frames in a batch.

    Returns:
        Number of frames in whole batches.
    """
    random = np.random.default_rng(0)
    return _batched(files, lambda each: _moved(each, size, random), batch)


def pairs(files, size, *, batch):
    """Read videos, decode a frame of each, resize it and draw two views.

    Args:
        files: Paths of TFRecord files.
        size: Height and width in pixels.
        batch: Frames in a batch.

    Returns:
        Number of pairs in whole batches.
    """
    random = np.random.default_rng(0)
    return _batched(files, lambda each: _views(each, size, random), batch)


def _batched(files, draw, batch):
    drawn, count = [], 0
    for example in _examples(files):
        drawn.append(draw(example))
        if len(drawn) == batch:
            first, _ = (np.stack(each) for each in zip(*drawn))
            count += len(first)
            drawn = []
    return count


def _moved(example, size, random):
    """A frame and its mask."""
    image = cv2.imdecode(_array(example, "image"), cv2.IMREAD_GRAYSCALE)
    mask = cv2.imdecode(_array(example, "mask"), cv2.IMREAD_GRAYSCALE)
    image = _resized(image, size)
    mask = cv2.resize(mask, (size, size), interpolation=cv2.INTER_NEAREST)
    mask = (mask == 1).astype(np.float32)
    matrix = _affine(random, size, degrees=20)
    image = cv2.warpAffine(image, matrix, (size, size))
    mask = cv2.warpAffine(mask, matrix, (size, size), flags=cv2.INTER_NEAREST)
    image = image ** np.exp(random.uniform(-0.5, 0.5)) * random.uniform(0.8, 1.2)
    noise = random.standard_normal(image.shape, np.float32)
    return np.clip(image * (1 + 0.08 * noise), 0, 1), mask


def _views(example, size, random):
    """Two views of a frame."""
    image = cv2.imdecode(_array(example, "frames"), cv2.IMREAD_GRAYSCALE)
    image = _resized(image, size)
    return _view(image, random), _view(image, random)


def _view(image, random):
    size = len(image)
    image = cv2.warpAffine(image, _affine(random, size, degrees=20), (size, size))
    image = image ** np.exp(random.uniform(-0.5, 0.5)) * random.uniform(0.7, 1.3)
    gains = random.uniform(0.7, 1.3, (4, 1)).astype(np.float32)
    image = image * cv2.resize(gains, (1, size))
    if random.random() < 0.3:
        rows, columns = np.mgrid[:size, :size].astype(np.float32) / size
        apart = np.arctan2(columns - 0.5, rows) - random.uniform(-0.6, 0.6)
        ray = np.exp(-0.5 * (apart / random.uniform(0.03, 0.12)) ** 2)
        image = image * (1 - random.uniform(0.3, 0.9) * ray)
    grains = random.random((size // 2, size // 2), np.float32) * 2 - 1
    image = image * (1 + random.uniform(0, 0.5) * cv2.resize(grains, (size, size)))
    image = np.clip(image, 0, 1)
    if random.random() < 0.5:
        image = cv2.GaussianBlur(image, (11, 11), random.uniform(0.1, 1.5))
    return image


def _affine(random, size, *, degrees):
    angle, scale = random.uniform(-degrees, degrees), np.exp(random.uniform(-0.2, 0.2))
    matrix = cv2.getRotationMatrix2D((size / 2, size / 2), angle, scale)
    matrix[:, 2] += 0.1 * size * random.uniform(-1, 1, 2)
    return matrix


def _resized(image, size):
    shrinks = len(image) > size
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (size, size), interpolation=how).astype(np.float32) / 255


def _array(example, name):
    return np.frombuffer(example.features.feature[name].bytes_list.value[0], np.uint8)


def _examples(files):
    for path in files:
        with open(path, "rb") as file:
            while header := file.read(12):
                (length,) = struct.unpack_from("<Q", header)
                yield tf.train.Example.FromString(file.read(length))
                file.read(4)
