"""Which two frames make a positive pair: of one frame, one video or one patient."""

import dataclasses

import numpy as np

from echo_keras import errors

HALF_SEQUENCES = ("camus/",)
"""Beginnings of the patients whose videos run from ED to ES, or from ES to ED."""


@dataclasses.dataclass(frozen=True, eq=False)
class Pool:
    """What the two frames of each pair are drawn from, one pair a row.

    Attributes:
        videos: `(pairs, 2)` numbers of the videos of the first and the second frame.
        first: `(pairs, 2)` first frame that may be drawn of each.
        count: `(pairs, 2)` how many frames from there on may be drawn.
        kind: `frame` if one frame is both, `video` if they are two of one video,
            `patient` if each is drawn on its own.
    """

    videos: np.ndarray
    first: np.ndarray
    count: np.ndarray
    kind: str

    def __len__(self):
        return len(self.videos)

    @property
    def frames(self):
        """Number of frames that are drawn of a pair."""
        return 1 if self.kind == "frame" else 2

    def draw(self, random):
        """Draw the frames of every pair.

        Args:
            random: `numpy.random.Generator`.

        Returns:
            `(pairs, frames, 2)` int array of video and frame.
        """
        drawn = (random.random(self.count.shape) * self.count).astype(int)
        if self.kind == "video":
            others = self.count[:, 1] - 1
            step = 1 + (random.random(len(self)) * others).astype(int)
            drawn[:, 1] = (drawn[:, 0] + step) % self.count[:, 1]
        places = np.stack([self.videos, self.first + drawn], axis=-1)
        return places[:, : self.frames]


def pool(videos, kind):
    """Find the pairs that videos offer.

    Args:
        videos: List of `videos.Video`.
        kind: `frame`, two views of one frame; `video`, of two frames of one video;
            `patient`, of the two chamber views of one patient, or of the first and
            the last frame of a half sequence, which are ED and ES or the kept frames
            that are nearest to them.

    Returns:
        `Pool`; videos that offer no such pair are left out.

    Raises:
        InputError: None offers such a pair.
    """
    counts = [len(video.frames) for video in videos]
    if kind == "frame":
        return _pool([(i, i) for i in range(len(videos))], counts, kind)
    if kind == "video":
        pairs = [(i, i) for i, count in enumerate(counts) if count > 1]
        if not pairs:
            raise errors.InputError(
                f"positives video wants two frames of a video, but each of the "
                f"{len(videos)} videos has one; build the records with "
                "--unlabelled-frames 2 or more, or use positives frame"
            )
        return _pool(pairs, counts, kind)
    chambers, phases = _by_patient(videos, counts)
    if not chambers and not phases:
        raise errors.InputError(
            "positives patient wants two chamber views of a patient, or a half "
            f"sequence from ED to ES, but the {len(videos)} videos hold neither; use "
            "positives video"
        )
    both = _pool(chambers + phases, counts, kind)
    for row, (video, _) in enumerate(phases, start=len(chambers)):
        both.first[row] = 0, counts[video] - 1
        both.count[row] = 1
    return both


def _pool(pairs, counts, kind):
    pairs = np.array(pairs)
    return Pool(pairs, np.zeros_like(pairs), np.array(counts)[pairs], kind)


def _by_patient(videos, counts):
    """Pairs of videos: of two chamber views, and of one half sequence with itself."""
    patients = {}
    for number, video in enumerate(videos):
        patients.setdefault(video.patient, {}).setdefault(video.view, number)
    chambers, phases = [], []
    for patient, by_view in sorted(patients.items()):
        numbers = [number for _, number in sorted(by_view.items())]
        if len(numbers) > 1:
            chambers.append(tuple(numbers[:2]))
        elif patient.startswith(HALF_SEQUENCES) and counts[numbers[0]] > 1:
            phases.append((numbers[0], numbers[0]))
    return chambers, phases
