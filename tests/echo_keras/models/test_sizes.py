"""A size that cannot be halved is refused with one that can, and no other is."""

import pytest

from echo_keras import errors
from echo_keras.models import sizes


@pytest.mark.parametrize(
    ("size", "multiple", "instead"),
    [
        (100, 16, 96),  # 6.25 times
        (111, 16, 112),  # 6.94 times
        (33, 32, 32),
        (5, 32, 32),  # the nearest would be nothing
    ],
)
def test_the_nearest_size_that_suits_is_named(size, multiple, instead):
    with pytest.raises(errors.InputError) as refused:
        sizes.refuse(size, "resnet50", multiple=multiple)
    assert str(refused.value) == (
        f"size {size} does not suit the resnet50 encoder; use a multiple of "
        f"{multiple}, such as {instead}"
    )


@pytest.mark.parametrize("multiple", [8, 16, 32])
def test_what_is_named_instead_is_taken(multiple):
    refused = 0
    for size in range(1, 4 * multiple + 1):
        try:
            sizes.refuse(size, "unet", multiple=multiple)
        except errors.InputError as mistake:
            instead = int(str(mistake).rpartition(" ")[2])
            assert instead > 0
            assert abs(instead - size) < multiple
            sizes.refuse(instead, "unet", multiple=multiple)
            refused += 1
    assert refused == 4 * (multiple - 1)
