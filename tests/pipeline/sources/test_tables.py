import pytest

from echo_keras import errors
from pipeline.sources import tables


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "table.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_a_mark_change_no_cell(write, end, mark):
    path = write(mark + end.join([b"name,EF", b"a,60", b"b,55"]))
    assert list(tables.rows(path, ("name", "EF"))) == [("a", "60"), ("b", "55")]


def test_columns_come_in_the_order_wanted_and_others_are_passed_over(write):
    path = write(b"split,age, EF ,name\ntrain,70, 60 , a\n")
    assert list(tables.rows(path, ("name", "EF", "split"))) == [("a", "60", "train")]


def test_a_short_row_is_filled_and_an_empty_one_is_none(write):
    path = write(b"name,EF,split\na\n\n,,\n , \nb,55\nc,50,test,more\n")
    assert list(tables.rows(path, ("split", "name"))) == [
        ("", "a"),
        ("", "b"),
        ("test", "c"),
    ]


def test_a_comma_in_quotes_parts_no_cells(write):
    path = write('name,note\n"a, the first","he said ""é"""\n'.encode())
    assert list(tables.rows(path, ("note", "name"))) == [
        ('he said "é"', "a, the first")
    ]


@pytest.mark.parametrize(
    ("content", "has"), [(b"name,age\na,70\n", "name, age"), (b"", "none")]
)
def test_all_columns_that_lack_are_told_with_those_that_are_there(write, content, has):
    path = write(content)
    with pytest.raises(errors.InputError) as caught:
        list(tables.rows(path, ("EF", "split")))
    assert str(caught.value) == f"{path} lacks the column EF, split; it has {has}"


@pytest.mark.parametrize(
    "content", [b"name\na\n\xff\n", b'name\n"' + b"x" * 200_000 + b'"\n']
)
def test_what_cannot_be_a_table_is_told_wherever_it_shows(write, content):
    with pytest.raises(
        errors.InputError, match=r"table\.csv is no CSV table \(.+\); d"
    ):
        list(tables.rows(write(content), ("name",)))
