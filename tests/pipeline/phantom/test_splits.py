"""Patients are dealt out in proportion, and stay where they are."""

import pytest

from pipeline.phantom import echonet, splits


@pytest.mark.parametrize("patients", [3, 4, 20, 100])
def test_no_split_is_empty(patients):
    assert set(splits.assign(patients, echonet.SHARES)) == set(echonet.SHARES)


def test_shares_are_met():
    dealt = splits.assign(200, echonet.SHARES)
    counts = {split: dealt.count(split) for split in echonet.SHARES}
    assert counts == {"TRAIN": 150, "VAL": 26, "TEST": 24}


def test_more_patients_change_no_ones_split():
    shares = echonet.SHARES
    assert splits.assign(50, shares)[:20] == splits.assign(20, shares)
