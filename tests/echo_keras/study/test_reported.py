"""What a job reported: counts of the manifest, cases of the file beside it."""

import json

import pytest

from echo_keras.data import schema
from echo_keras.study import reported


def reject(reason, file):
    return {"reason": reason, "file": file, "detail": f"why {file}", "more": 1}


@pytest.fixture
def folder(tmp_path):
    """Folder whose file names two cases of one reason and one of another."""
    rejects = [reject("missing", "a"), reject("odd", "b"), reject("missing", "c")]
    text = "".join(json.dumps(one) + "\n" for one in rejects)
    (tmp_path / schema.REJECTED).write_text(text)
    return tmp_path


def test_cases_stand_with_the_count_of_their_reason_in_their_order(folder):
    found = reported.read(folder, {"rejected": {"unlisted": 7, "missing": 2}})
    assert found["unlisted"] == {"count": 7, "cases": []}
    assert found["missing"] == {
        "count": 2,
        "cases": [
            {"file": "a", "detail": "why a"},
            {"file": "c", "detail": "why c"},
        ],
    }


def test_a_reason_that_the_manifest_does_not_count_is_told_all_the_same(folder):
    found = reported.read(folder, {"rejected": {}})
    assert found["odd"] == {"count": 0, "cases": [{"file": "b", "detail": "why b"}]}
    assert list(reported.lines(found))[1:] == [
        "  missing: 0, first a: why a",
        "  odd: 0, first b: why b",
    ]


def test_nothing_reported_is_no_line(tmp_path):
    assert list(reported.lines(reported.read(tmp_path, {"rejected": {}}))) == []
    some = reported.read(tmp_path, {"rejected": {"unlisted": 3}})
    assert list(reported.lines(some)) == [reported.TITLE, "  unlisted: 3"]
