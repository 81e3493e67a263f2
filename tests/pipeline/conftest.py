import cv2
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

HEIGHT, WIDTH, FRAMES = 24, 32, 20


def _write_video(path, frames=FRAMES, *, noise=False):
    """Frame n has the grey level 10 n, so that a decoded frame tells its number."""
    random = np.random.default_rng(0)
    codec = cv2.VideoWriter_fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), codec, 50, (WIDTH, HEIGHT))
    for number in range(frames):
        frame = np.full((HEIGHT, WIDTH, 3), 10 * number, np.uint8)
        video.write(frame + random.integers(0, 50 * noise + 1, frame.shape, np.uint8))
    video.release()


def _trace(half_width):
    """A long axis and 20 chords of equal width, from row 4 to row 20."""
    rows = np.linspace(4, 20, 20)
    chords = [(16 - half_width, row, 16 + half_width, row) for row in rows]
    return [(16, 2, 16, 22), *chords]


class Echonet:
    """A small copy of EchoNet-Dynamic whose tables a test may spoil before writing."""

    def __init__(self, folder, patients):
        self.folder = folder
        names = [f"0X{number:03X}" for number in range(patients)]
        splits = ["TRAIN", "TRAIN", "VAL", "TEST"]
        self.files = [
            (name, "60.5", splits[number % 4]) for number, name in enumerate(names)
        ]
        self.traced = {name: {12: _trace(8), 5: _trace(4)} for name in names}
        (folder / "Videos").mkdir(parents=True)
        for name in names:
            _write_video(self.video(name))

    def video(self, name):
        return self.folder / "Videos" / f"{name}.avi"

    def write(self, *, newline="\n", encoding="utf-8", file_name="{}", traced="{}.avi"):
        lines = ["FileName,EF,Split"]
        lines += [
            ",".join((file_name.format(name), fraction, split))
            for name, fraction, split in self.files
        ]
        self._write_table("FileList.csv", lines, newline, encoding)
        lines = ["FileName,X1,Y1,X2,Y2,Frame"]
        for name, frames in self.traced.items():
            for frame, rows in frames.items():
                lines += [
                    ",".join(map(str, (traced.format(name), *row, frame)))
                    for row in rows
                ]
        self._write_table("VolumeTracings.csv", lines, newline, encoding)
        return self.folder

    def _write_table(self, name, lines, newline, encoding):
        text = newline.join(lines) + newline
        (self.folder / name).write_bytes(text.encode(encoding))


class Camus:
    """A small copy of CAMUS, current release, with patients 1 to 3 in the splits."""

    def __init__(self, folder, patients):
        self.folder = folder
        self.names = [f"patient{number + 1:04d}" for number in range(patients)]
        (folder / "database_split").mkdir(parents=True)
        lists = dict.fromkeys(("training", "validation", "testing"), "")
        for name, split in zip(self.names, lists):
            lists[split] += f"{name}\n"
        for split, text in lists.items():
            self.split(split).write_text(text)
        for name in self.names:
            self.write_view(name, "2CH", end_diastole=1, end_systole=6)
            self.write_view(name, "4CH", end_diastole=6, end_systole=1)

    def split(self, name):
        return self.folder / "database_split" / f"subgroup_{name}.txt"

    def file(self, patient, ending):
        return self.folder / "database_nifti" / patient / ending.format(patient)

    def write_view(self, patient, view, *, end_diastole, end_systole):
        """Frame n of the sequence has the grey level 10 n."""
        sequence = np.repeat(np.arange(6) * 10, 12 * 10).reshape(6, 12, 10)
        phases = {"ED": end_diastole - 1, "ES": end_systole - 1}
        self.file(patient, "").mkdir(parents=True, exist_ok=True)
        self.write_image(patient, f"{{}}_{view}_half_sequence", sequence)
        for phase, frame in phases.items():
            self.write_image(patient, f"{{}}_{view}_{phase}", sequence[frame])
            mask = np.zeros((12, 10))
            mask[3:9, 2:6] = [[1], [1], [1], [2], [2], [3]]
            self.write_image(patient, f"{{}}_{view}_{phase}_gt", mask)
        self.file(patient, f"Info_{view}.cfg").write_text(
            f"ED: {end_diastole}\nES: {end_systole}\nNbFrame: 6\nSex: F\nEF: 54\n"
        )

    def write_image(self, patient, ending, values):
        image = sitk.GetImageFromArray(values.astype(np.float32))
        image.SetSpacing((0.2, 0.3, 1.0)[: values.ndim])
        sitk.WriteImage(image, str(self.file(patient, ending + ".nii.gz")))


@pytest.fixture
def echonet_copy(tmp_path):
    return Echonet(tmp_path / "echonet", patients=4)


@pytest.fixture
def make_echonet():
    return Echonet


@pytest.fixture
def camus_copy(tmp_path):
    return Camus(tmp_path / "camus", patients=4)


@pytest.fixture
def write_video():
    return _write_video


@pytest.fixture
def trace():
    return _trace
