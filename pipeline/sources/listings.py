"""What a data set holds before a pixel is read: patients, and named defects."""

from __future__ import annotations

import dataclasses
import hashlib

from echo_keras import errors

FACTS = frozenset(
    {
        "unlisted",
        "excluded",
        "untraced",
        "no sequence",
        "no settings",
        "no row",
        "duplicate row",
        "duplicate file",
        "unknown file",
        "empty folder",
        "repeated tracing",
        "fewer chords",
        "traced outside",
    }
)
"""Reasons that state a fact of the release; all others mean damage."""


@dataclasses.dataclass(frozen=True)
class Reject:
    """One file, frame or row that did not become a record, or not in the usual way.

    Attributes:
        file: Path relative to the source, or name of the patient.
        reason: A few words, the same for all defects of one kind.
        detail: What was seen.
    """

    file: str
    reason: str
    detail: str


class DefectError(Exception):
    """A file that cannot be read as far as needed: raised with reason and detail."""


@dataclasses.dataclass(frozen=True)
class Patient:
    """One patient as the lists and file names tell.

    Attributes:
        name: Name of the patient, unique in its data set.
        split: `train`, `validation`, `test` or `unlisted`.
        families: Families of records to expect, of `schema.FEATURES`.
        source: Folder of the data set.
        files: Paths of the patient's files, relative to the source.
        details: What else the reader of the data set needs.
    """

    name: str
    split: str
    families: tuple[str, ...]
    source: str
    files: tuple[str, ...]
    details: dict

    @property
    def labelled(self):
        """Whether ED and ES masks are expected."""
        return "labelled" in self.families


@dataclasses.dataclass(frozen=True)
class Listing:
    """All patients of a data set, sorted by name, and what was odd in its lists.

    Attributes:
        patients: The patients to read.
        rejects: Defects found in the lists and the file names.
        fingerprint: SHA-256 over the lists and over the names and sizes of all files.
    """

    patients: tuple[Patient, ...]
    rejects: tuple[Reject, ...]
    fingerprint: str


def without(listing, names):
    """The listing without some of its patients, which it tells among the rejects.

    Args:
        listing: `Listing`.
        names: Names of the patients to leave out.

    Raises:
        InputError: One of them is not there.
    """
    left = [patient for patient in listing.patients if patient.name not in names]
    unknown = set(names).difference(patient.name for patient in listing.patients)
    if unknown:
        raise errors.InputError(
            f"there is no patient {min(unknown)} to exclude; patients are named as in "
            f"{listing.patients[0].name if listing.patients else 'the source'}"
        )
    told = [Reject(name, "excluded", "left out by --exclude") for name in sorted(names)]
    return dataclasses.replace(
        listing, patients=tuple(left), rejects=(*listing.rejects, *told)
    )


def fingerprint(found, digests):
    """SHA-256 by which two copies of a data set are told apart without reading it.

    Args:
        found: Dict of path relative to the source to bytes.
        digests: SHA-256, as bytes, of the lists that say who is in which split.
    """
    digest = hashlib.sha256()
    for path, size in sorted(found.items()):
        # A file's name may be no UTF-8, which Python carries as surrogates.
        digest.update(f"{path} {size}\n".encode("utf-8", "surrogateescape"))
    for each in digests:
        digest.update(each)
    return digest.hexdigest()
