"""Sources and outputs that are no folders but URLs of a store without folders."""

import io
import time

import pytest
from apache_beam.io import filesystem
from apache_beam.options import pipeline_options

from echo_keras import errors
from pipeline import build, files

IN_MEMORY = ("--direct_running_mode=in_memory",)


class Store(filesystem.FileSystem):
    """An object store, as Beam's own ones behave: keys, and bytes that appear whole."""

    objects: dict = {}  # noqa: RUF012  shared by all instances, as a bucket is
    options: list = []  # noqa: RUF012

    def __init__(self, pipeline_options):
        super().__init__(pipeline_options)
        self.options.append(pipeline_options)

    @staticmethod
    def scheme():
        return "store"

    def join(self, basepath, *paths):
        return "/".join([basepath.rstrip("/"), *paths])

    def split(self, path):
        return tuple(path.rpartition("/")[::2])

    def mkdirs(self, path):
        pass

    def has_dirs(self):
        return False

    def _list(self, dir_or_prefix):
        for path, content in sorted(self.objects.items()):
            if path.startswith(dir_or_prefix):
                yield filesystem.FileMetadata(path, len(content))

    def create(self, path, *_):
        return Upload(path)

    def open(self, path, *_):
        if path not in self.objects:
            raise FileNotFoundError(2, "No such object")
        return io.BytesIO(self.objects[path])

    def copy(self, source_file_names, destination_file_names):
        for source, destination in zip(source_file_names, destination_file_names):
            self.objects[destination] = self.objects[source]

    def rename(self, source_file_names, destination_file_names):
        self.copy(source_file_names, destination_file_names)
        self.delete(source_file_names)

    def exists(self, path):
        return path in self.objects

    def size(self, path):
        return len(self.objects[path])

    def last_updated(self, path):
        return time.time()

    def checksum(self, path):
        return str(hash(self.objects[path]))

    def metadata(self, path):
        return filesystem.FileMetadata(path, self.size(path))

    def delete(self, paths):
        for path in paths:
            del self.objects[path]


class Upload(io.BytesIO):
    """What is written appears when it is closed."""

    def __init__(self, path):
        super().__init__()
        self._path = path

    def close(self):
        if not self.closed:
            Store.objects[self._path] = self.getvalue()
        super().close()


@pytest.fixture
def store(monkeypatch):
    objects = {}
    monkeypatch.setattr(Store, "objects", objects)
    monkeypatch.setattr(Store, "options", [])
    return objects


def upload(folder, url):
    for path in folder.rglob("*"):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            Store.objects[f"{url}/{name}"] = path.read_bytes()


def run(dataset, source, output):
    return build.run(dataset, source, output, shards=2, beam_args=IN_MEMORY)


@pytest.mark.parametrize("dataset", ["echonet", "camus"])
def test_a_url_gives_the_records_of_the_folder(
    request, store, tmp_path, dataset, echonet_copy
):
    folder = echonet_copy.write()
    if dataset == "camus":
        folder = request.getfixturevalue("camus_copy").folder
    upload(folder, "store://bucket/raw")
    run(dataset, folder, tmp_path / "records")
    run(dataset, "store://bucket/raw/", "store://bucket/records")
    left = {path for path in store if not path.startswith("store://bucket/raw/")}
    shards = list((tmp_path / "records").rglob("*.tfrecord-*"))
    assert len(shards) == {"echonet": 8, "camus": 7}[dataset]
    for path in shards:
        name = path.relative_to(tmp_path / "records").as_posix()
        assert store[f"store://bucket/records/{name}"] == path.read_bytes()
    account = {"manifest.json", "features.json", "rejected.jsonl"}
    assert len(left) == len(shards) + len(account)
    assert {f"store://bucket/records/{name}" for name in account} < left


def test_a_job_on_urls_goes_on_where_it_was_ended(store, echonet_copy, monkeypatch):
    upload(echonet_copy.write(), "store://bucket/raw")
    converted = []
    original = build.convert.write

    def end_at_the_third(stream, layout):
        converted.append(stream.shard.name)
        if len(converted) == 3:
            raise errors.InputError("no room")
        return original(stream, layout)

    monkeypatch.setattr(build.convert, "write", end_at_the_third)
    with pytest.raises(errors.InputError, match="1 of 4 shards could not be written"):
        run("echonet", "store://bucket/raw", "store://bucket/records")
    assert "store://bucket/records/manifest.json" not in store
    run("echonet", "store://bucket/raw", "store://bucket/records")
    assert len(converted) == 5
    assert converted[4] == converted[2]
    assert not [path for path in store if ".partial/" in path]


def test_another_choice_of_shards_leaves_none_of_the_first(store, echonet_copy):
    upload(echonet_copy.write(), "store://bucket/raw")
    store["store://bucket/raw/Videos/0X000.avi"] = b""
    with pytest.raises(errors.InputError, match="1 not a video"):
        run("echonet", "store://bucket/raw", "store://bucket/records")
    build.run(
        "echonet",
        "store://bucket/raw",
        "store://bucket/records",
        shards=1,
        max_rejected=0.5,
        beam_args=IN_MEMORY,
    )
    left = [path for path in store if "/records/" in path and "tfrecord" in path]
    assert len(left) == 6
    assert all(path.endswith("-of-00001") for path in left)


def test_an_object_that_may_not_be_read_is_a_reject(store, echonet_copy, monkeypatch):
    upload(echonet_copy.write(), "store://bucket/raw")
    store["store://bucket/raw/Videos/"] = b""  # as some stores mark a folder
    original = Store.open

    def refuse(self, path, *options):
        if path.endswith("0X000.avi"):
            raise filesystem.BeamIOError("Forbidden")
        return original(self, path, *options)

    monkeypatch.setattr(Store, "open", refuse)
    manifest = build.run(
        "echonet",
        "store://bucket/raw",
        "store://bucket/records",
        max_rejected=0.5,
        beam_args=IN_MEMORY,
    )
    assert manifest["rejected"] == {"unreadable": 1}
    assert b"Forbidden" in store["store://bucket/records/rejected.jsonl"]


def test_options_for_beam_reach_the_store_before_the_pipeline(store, echonet_copy):
    upload(echonet_copy.write(), "store://bucket/raw")
    build.run(
        "echonet",
        "store://bucket/raw",
        "store://bucket/records",
        beam_args=(*IN_MEMORY, "--s3_endpoint_url=http://localhost:1"),
    )
    options = [each.view_as(pipeline_options.S3Options) for each in Store.options]
    assert {each.s3_endpoint_url for each in options} == {"http://localhost:1"}


def test_an_output_that_holds_records_is_kept(store, echonet_copy):
    store["store://bucket/records/manifest.json"] = b"{}"
    with pytest.raises(errors.InputError, match="is not empty; name another output"):
        run("echonet", echonet_copy.write(), "store://bucket/records")


def test_what_is_not_there_is_told(store):
    with pytest.raises(errors.InputError, match="no file below store://bucket/raw"):
        files.below("store://bucket/raw")
    with pytest.raises(errors.InputError, match=r"cannot list nostore://x .*extra for"):
        files.below("nostore://x")
    with pytest.raises(errors.InputError, match=r"cannot reach nostore://x .*extra"):
        files.exists("nostore://x")
    with pytest.raises(errors.InputError, match=r"cannot read store://bucket/raw/a \("):
        files.opened("store://bucket/raw/a")
    assert store == {}
