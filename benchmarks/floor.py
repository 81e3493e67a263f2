"""The least that a conversion can do: read, decode, and encode what is kept as PNG.

Run as `python -m benchmarks.floor echonet|camus FOLDER KEPT PROCESSES`, which prints
the number of frames kept; KEPT is a number of frames or `all`, besides ED and ES.
Several processes share the files and nothing else, so that their gain over one is the
most that any program could have on this machine.
"""

import collections
import csv
import functools
import multiprocessing
import os
import pathlib
import sys

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

import cv2
import SimpleITK


def echonet(folder, kept, share):
    """Decode each video up to its last kept frame and write the kept ones.

    Args:
        folder: Folder of the data set.
        kept: Frames without labels, a number or `all`.
        share: Slice of the videos.

    Returns:
        Number of frames written.
    """
    traced = collections.defaultdict(set)
    with (folder / "VolumeTracings.csv").open() as file:
        for row in csv.DictReader(file):
            traced[row["FileName"]].add(int(row["Frame"]))
    with pathlib.Path(os.devnull).open("wb") as sink:
        return sum(
            _video(path, kept, traced[path.name], sink)
            for path in sorted((folder / "Videos").iterdir())[share]
        )


def _video(path, kept, traced, sink):
    video = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    total = int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    parts = total if kept == "all" else int(kept)
    spread = {(2 * part + 1) * total // (2 * parts) for part in range(parts)}
    written = 0
    for number in range(max(spread | traced) + 1):
        video.grab()
        if number in spread | traced:
            frame = cv2.cvtColor(video.retrieve()[1], cv2.COLOR_BGR2GRAY)
            for _ in range((number in spread) + (number in traced)):
                sink.write(cv2.imencode(".png", frame)[1])
                written += 1
    return written


def camus(folder, _, share):
    """Read all images and masks of the four-chamber view and write them.

    An image is written once with its mask and once without labels, as in the records.

    Args:
        folder: Folder of the data set.
        share: Slice of the files.

    Returns:
        Number of frames written, masks not counted.
    """
    written = 0
    with pathlib.Path(os.devnull).open("wb") as sink:
        found = sorted((folder / "database_nifti").glob("*/*_4CH_E[DS]*.nii.gz"))
        for path in found[share]:
            pixels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
            is_image = not path.name.endswith("_gt.nii.gz")
            for _ in range(1 + is_image):
                sink.write(cv2.imencode(".png", pixels.astype("uint8"))[1])
            written += 2 * is_image
    return written


def main(dataset, folder, kept, processes):
    """Print the number of frames that were kept."""
    count = int(processes)
    floor = {"echonet": echonet, "camus": camus}[dataset]
    run = functools.partial(_alone, floor, pathlib.Path(folder), kept)
    shares = [slice(first, None, count) for first in range(count)]
    if count == 1:
        frames = map(run, shares)
    else:
        with multiprocessing.Pool(count) as pool:
            frames = pool.map(run, shares)
    sys.stdout.write(f"{sum(frames)}\n")


def _alone(floor, folder, kept, share):
    cv2.setNumThreads(1)
    return floor(folder, kept, share)


if __name__ == "__main__":
    main(*sys.argv[1:])
