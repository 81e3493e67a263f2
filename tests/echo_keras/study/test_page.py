"""Pages hold everything themselves, and take no text for HTML."""

import base64

from echo_keras.study import page


def test_parts_are_put_in_place_of_their_comments():
    whole = page.fill("a < b", "<p><!-- one --></p><!-- two -->", one="1", two="2")
    assert "<p>1</p>2" in whole
    assert "<title>echo-keras: a &lt; b</title>" in whole
    assert "<!--" not in whole


def test_an_image_is_inside():
    tag = page.image(b"bytes", 'the "best"')
    assert base64.b64encode(b"bytes").decode() in tag
    assert 'alt="the &quot;best&quot;"' in tag


def test_cells_are_text():
    shown = page.table(["name"], [["<b>"], [3]], kind="commands")
    assert "<td>&lt;b&gt;</td>" in shown
    assert "<td>3</td>" in shown
    assert '<table class="commands">' in shown
