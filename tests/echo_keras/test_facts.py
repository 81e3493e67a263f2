import pytest

from echo_keras import errors, facts


def test_facts_are_read(tmp_path):
    (tmp_path / "a.json").write_text('{"steps": 3}')
    assert facts.read(tmp_path / "a.json", mend="") == {"steps": 3}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", r"cannot read .*a\.json: it is no JSON \(Expecting .*\); put it"),
        (b"\xff", r"cannot read .*a\.json: .*; put it back"),
        (b"[1]", r"a\.json holds no facts; put it back"),
        (None, r"cannot read .*a\.json: .*No such file.*; put it back"),
    ],
)
def test_what_holds_no_facts_is_told(tmp_path, content, sentence):
    if content is not None:
        (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(errors.InputError, match=sentence):
        facts.read(tmp_path / "a.json", mend="put it back")
