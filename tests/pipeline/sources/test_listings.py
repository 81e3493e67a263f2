import dataclasses
import hashlib

import pytest

from echo_keras import errors
from pipeline.sources import listings


def patient(name, families=("unlabelled",)):
    return listings.Patient(name, "train", families, "source", (), {})


@pytest.fixture
def listing():
    return listings.Listing(
        patients=tuple(map(patient, "abcd")),
        rejects=(listings.Reject("b", "untraced", "no row"),),
        fingerprint="f",
    )


@pytest.mark.parametrize(
    ("families", "labelled"),
    [(("labelled", "unlabelled"), True), (("sequence",), False), ((), False)],
)
def test_only_the_labelled_family_makes_a_patient_labelled(families, labelled):
    assert patient("a", families).labelled is labelled


def test_patients_left_out_are_told_by_name_after_what_was_odd(listing):
    left = listings.without(listing, ["d", "b"])
    assert [patient.name for patient in left.patients] == ["a", "c"]
    assert left.rejects == (
        *listing.rejects,
        listings.Reject("b", "excluded", "left out by --exclude"),
        listings.Reject("d", "excluded", "left out by --exclude"),
    )
    assert left.fingerprint == listing.fingerprint
    assert {reject.reason for reject in left.rejects} <= listings.FACTS


def test_nobody_left_out_leaves_the_listing_as_it_is(listing):
    assert listings.without(listing, ()) == listing


def test_the_first_unknown_name_is_told_with_how_names_look(listing):
    with pytest.raises(errors.InputError) as caught:
        listings.without(listing, ["z", "a", "y"])
    assert str(caught.value) == (
        "there is no patient y to exclude; patients are named as in a"
    )
    nobody = dataclasses.replace(listing, patients=())
    with pytest.raises(errors.InputError, match="named as in the source"):
        listings.without(nobody, ["a"])


def test_a_fingerprint_is_the_digest_of_sorted_names_sizes_and_lists():
    expected = hashlib.sha256(b"a/b 2\nc\xe9 10\n" + b"list" + b"other").hexdigest()
    for order in (1, -1):
        found = dict([("a/b", 2), ("c\udce9", 10)][::order])
        assert listings.fingerprint(found, [b"list", b"other"]) == expected


@pytest.mark.parametrize(
    ("found", "digests"),
    [
        ({"a": 1, "b": 3}, [b"x"]),
        ({"a": 1, "c": 2}, [b"x"]),
        ({"a": 1}, [b"x"]),
        ({"a": 1, "b": 2}, [b"y"]),
        ({"a": 1, "b": 2}, []),
    ],
)
def test_any_other_name_size_or_list_is_another_copy(found, digests):
    first = listings.fingerprint({"a": 1, "b": 2}, [b"x"])
    assert listings.fingerprint(found, digests) != first
