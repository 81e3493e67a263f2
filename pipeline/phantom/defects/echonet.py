"""What is wrong with copies of EchoNet-Dynamic: in its tables and among its videos."""

import random
import shutil

from pipeline.phantom.defects import echonet_files as edit

FILES, TRACINGS = edit.FILES, edit.TRACINGS
patients = edit.patients


def _listed_with_avi(folder, name):
    edit.replace(folder, FILES, name, lambda rows: _called(rows, f"{name}.avi"))
    yield FILES, None


def _traced_without_avi(folder, name):
    edit.replace(folder, TRACINGS, name, lambda rows: _called(rows, name))
    yield TRACINGS, None


def _called(rows, file_name):
    return edit.given(rows, FileName=file_name)


def _untraced(folder, name):
    size = {"FrameHeight": 768, "FrameWidth": 1024}
    edit.replace(folder, FILES, name, lambda rows: edit.given(rows, **size))
    edit.replace(folder, TRACINGS, name, lambda rows: [])
    yield name, "untraced"


def _traced_stranger(folder, name):
    edit.replace(folder, FILES, name, lambda rows: [])
    (folder / edit.video(name)).unlink()
    yield name, "no row"


def _unlisted_video(folder, name):
    for table in (FILES, TRACINGS):
        edit.replace(folder, table, name, lambda rows: [])
    yield name, "no row"


def _duplicate_row(folder, name):
    edit.replace(folder, FILES, name, lambda rows: rows * 2)
    yield name, "duplicate row"


def _unknown_split(folder, name):
    edit.replace(folder, FILES, name, lambda rows: edit.given(rows, Split="HOLDOUT"))
    yield name, "unlisted"


def _text_in_ef(folder, name):
    edit.replace(folder, FILES, name, lambda rows: edit.given(rows, EF="sixty"))
    yield name, "bad number"


def _repeated_tracing(folder, name):
    edit.retrace(folder, name, lambda first, second: [*first, *first, *second])
    yield edit.video(name), "repeated tracing"


def _fewer_chords(folder, name):
    edit.retrace(folder, name, lambda first, second: [*first[:16], *second])
    yield edit.video(name), "fewer chords"


def _short_tracing(folder, name):
    edit.retrace(folder, name, lambda first, second: [first[0], *second])
    yield edit.video(name), "short tracing"


def _traced_outside(folder, name):
    def leave(first, second):
        return [*first[:10], *edit.given(first[10:12], X2=119.9), *first[12:], *second]

    edit.retrace(folder, name, leave)
    yield edit.video(name), "traced outside"


def _empty_mask(folder, name):
    def leave(first, second):
        return [*first, *edit.given(second, X1=300, X2=320)]

    edit.retrace(folder, name, leave)
    yield edit.video(name), "traced outside"
    yield edit.video(name), "empty mask"


def _nan_in_tracing(folder, name):
    def spoil(first, second):
        return [*first[:5], *edit.given(first[5:6], X1="nan"), *first[6:], *second]

    edit.retrace(folder, name, spoil)
    yield edit.video(name), "bad number"


def _text_in_tracing(folder, name):
    def spoil(first, second):
        return [*first, *edit.given(second[:1], Y2="n/a"), *second[1:]]

    edit.retrace(folder, name, spoil)
    yield edit.video(name), "bad number"


def _one_traced_frame(folder, name):
    edit.retrace(folder, name, lambda first, second: first)
    yield edit.video(name), "not two traced frames"


def _three_traced_frames(folder, name):
    between = sum(edit.traced(folder, name)) // 2

    def thrice(first, second):
        return [*first, *edit.given(first, Frame=between), *second]

    edit.retrace(folder, name, thrice)
    yield edit.video(name), "not two traced frames"


def _systole_first(folder, name):
    def later_first(first, second):
        return sorted([*first, *second], key=lambda row: -int(row["Frame"]))

    edit.retrace(folder, name, later_first)
    yield TRACINGS, None


def _frame_zero(folder, name):
    start = min(edit.traced(folder, name))

    def earlier(rows):
        return [{**row, "Frame": int(row["Frame"]) - start} for row in rows]

    count = edit.cut(folder, name, slice(start, None))
    edit.replace(folder, FILES, name, lambda r: edit.given(r, NumberOfFrames=count))
    edit.replace(folder, TRACINGS, name, earlier)
    yield TRACINGS, None


def _short_video(folder, name):
    edit.cut(folder, name, slice(max(edit.traced(folder, name))))
    yield edit.video(name), "video too short"


def _truncated_video(folder, name):
    path = folder / edit.video(name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    yield edit.video(name), "truncated video"


def _damaged_frame(folder, name):
    edit.blot(folder, name, min(edit.traced(folder, name)))
    yield edit.video(name), "damaged frame"


def _empty_video(folder, name):
    (folder / edit.video(name)).write_bytes(b"")
    yield edit.video(name), "not a video"


def _random_video(folder, name):
    (folder / edit.video(name)).write_bytes(random.Random(name).randbytes(20_000))
    yield edit.video(name), "not a video"


def _missing_video(folder, name):
    (folder / edit.video(name)).unlink()
    yield name, "missing"


def _dead_link(folder, name):
    path = folder / edit.video(name)
    path.unlink()
    path.symlink_to(f"../elsewhere/{path.name}")
    yield edit.video(name), "missing"


def _duplicate_video(folder, name):
    copy = folder / "Videos" / "copies" / f"{name}.avi"
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(folder / edit.video(name), copy)
    yield edit.video(f"copies/{name}"), "duplicate file"


def _other_format(folder, name):
    path = folder / edit.video(name)
    path.rename(path.with_suffix(".mp4"))
    yield name, "missing"
    yield f"Videos/{name}.mp4", "unknown file"


def _windows_paths(folder):
    for table in (FILES, TRACINGS):
        header, *lines = (folder / table).read_text().splitlines(keepends=True)
        lines = [f"C:\\EchoNet\\Videos\\{line}" for line in lines]
        (folder / table).write_text("".join([header, *lines]))
        yield table, None


def _windows_text(folder):
    for table in (FILES, TRACINGS):
        text = (folder / table).read_text().replace("\n", "\r\n")
        (folder / table).write_bytes(text.encode("utf-8-sig"))
        yield table, None


def _folder_loop(folder):
    (folder / "Videos" / "again").symlink_to("..")
    yield "Videos/again", None


OF_PATIENTS = {
    "listed-with-avi": _listed_with_avi,
    "traced-without-avi": _traced_without_avi,
    "untraced": _untraced,
    "traced-stranger": _traced_stranger,
    "unlisted-video": _unlisted_video,
    "duplicate-row": _duplicate_row,
    "unknown-split": _unknown_split,
    "text-in-ef": _text_in_ef,
    "repeated-tracing": _repeated_tracing,
    "fewer-chords": _fewer_chords,
    "short-tracing": _short_tracing,
    "traced-outside": _traced_outside,
    "empty-mask": _empty_mask,
    "nan-in-tracing": _nan_in_tracing,
    "text-in-tracing": _text_in_tracing,
    "one-traced-frame": _one_traced_frame,
    "three-traced-frames": _three_traced_frames,
    "systole-first": _systole_first,
    "frame-zero": _frame_zero,
    "short-video": _short_video,
    "truncated-video": _truncated_video,
    "damaged-frame": _damaged_frame,
    "empty-video": _empty_video,
    "random-video": _random_video,
    "missing-video": _missing_video,
    "dead-link": _dead_link,
    "duplicate-video": _duplicate_video,
    "other-format": _other_format,
}
OF_THE_WHOLE = {
    "windows-paths": _windows_paths,
    "windows-text": _windows_text,
    "folder-loop": _folder_loop,
}
