import pytest

from echo_keras import errors
from echo_keras.serving import parameters


def test_the_model_servers_text_is_read(tmp_path):
    path = tmp_path / "batching.txt"
    path.write_text(
        "max_batch_size { value: 8 }  # rows\n"
        "batch_timeout_micros: { value: 500 }\n"
        "num_batch_threads { value: 2 } thread_pool_name { value: 'b' }\n"
        "allowed_batch_sizes: 2 allowed_batch_sizes: 8"
    )
    assert parameters.read(path) == parameters.Batching(
        max_batch_size=8,
        batch_timeout_micros=500,
        num_batch_threads=2,
        allowed_batch_sizes=(2, 8),
    )


def test_an_empty_file_gives_the_model_servers_defaults(tmp_path):
    path = tmp_path / "batching.txt"
    path.touch()
    found = parameters.read(path)
    assert (found.max_batch_size, found.batch_timeout_micros) == (1000, 0)
    assert found.max_enqueued_batches == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_batch_size: 8", "cannot read .* wrapped values such as"),
        ("size { value: 8 }", "cannot read"),
        ("max_batch_size { value: 0 }", "max_batch_size as 0"),
        ("batch_timeout_micros { value: -1 }", "batch_timeout_micros as -1"),
        ("pad_variable_length_inputs: true", "leave it out"),
        ("allowed_batch_sizes: 4", "let them rise and end with max_batch_size, 1000"),
        (
            "allowed_batch_sizes: 8 allowed_batch_sizes: 4 allowed_batch_sizes: 1000",
            "let them rise",
        ),
    ],
)
def test_what_cannot_be_done_is_refused(tmp_path, text, message):
    path = tmp_path / "batching.txt"
    path.write_text(text)
    with pytest.raises(errors.InputError, match=message):
        parameters.read(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(errors.InputError, match="cannot read"):
        parameters.read(tmp_path / "no.txt")
