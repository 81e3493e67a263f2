import numpy as np
import pytest

from echo_keras.metrics import agreement, bootstrap


def test_the_figures_by_hand():
    """Differences 1, -1, 3 around a bias of 1 with a standard deviation of 2."""
    found = agreement.agreement([51, 39, 63], [50, 40, 60], ["a", "b", "c"])
    assert found["mae"] == pytest.approx(5 / 3)
    assert found["bias"] == pytest.approx(1)
    assert found["lower_limit"] == pytest.approx(1 - 1.96 * 2)
    assert found["upper_limit"] == pytest.approx(1 + 1.96 * 2)


def test_the_correlation_is_pearsons():
    x, y = np.random.default_rng(0).normal(50, 10, size=(2, 40))
    found = agreement.agreement(x, y, np.arange(40))
    assert found["correlation"] == pytest.approx(np.corrcoef(x, y)[0, 1])


def test_of_nobody_every_figure_is_unknown():
    found = agreement.agreement([], [], [])
    for name in agreement.FIGURES:
        assert np.isnan([found[name], *found[f"{name}_interval"]]).all()


def test_a_constant_shift_is_all_bias():
    reference = np.random.default_rng(1).uniform(20, 70, size=30)
    found = agreement.agreement(reference - 4, reference, np.arange(30))
    assert found["mae"] == pytest.approx(4)
    for name in ("bias", "lower_limit", "upper_limit"):
        assert found[name] == pytest.approx(-4)
        assert found[f"{name}_interval"] == pytest.approx((-4, -4))
    assert found["correlation"] == pytest.approx(1)


def test_the_interval_of_the_bias_is_that_of_a_mean():
    x, y = np.random.default_rng(2).normal(50, 10, size=(2, 25))
    patients = np.arange(25)
    found = agreement.agreement(x, y, patients)
    expected = bootstrap.mean(x - y, patients)
    assert found["bias_interval"] == pytest.approx(expected)
    low, high = found["mae_interval"]
    assert low < found["mae"] < high


def test_one_patient_has_a_bias_and_no_limits():
    found = agreement.agreement([50.0], [48.0], ["a"])
    assert found["bias"] == found["mae"] == 2
    assert np.isnan([found["upper_limit"], found["correlation"]]).all()


@pytest.mark.parametrize("value", [0.1, 33.3, 50.1, 61.7])
@pytest.mark.parametrize("turned", [False, True])
def test_equal_values_have_no_correlation(value, turned):
    pair = np.full(50, value), np.random.default_rng(0).normal(55, 10, 50)
    found = agreement.agreement(*pair[:: -1 if turned else 1], range(50), draws=100)
    assert np.isnan(found["correlation"])
    assert np.isnan(found["correlation_interval"]).all()
