"""The page in a real browser."""

import cv2
import numpy as np
import pytest

DONE = "document.body.dataset.state === 'done'"


@pytest.fixture
def page(address, browser):
    browser.open(address)
    return browser


@pytest.fixture
def video_page(page, beating_video):
    """The page after it has outlined the beating ventricle."""
    page.choose(beating_video)
    page.until(DONE)
    return page


def test_a_page_without_a_file_says_what_to_do(page):
    assert page.text(".empty b") == "Drop an echo here"
    assert page.run("getComputedStyle(document.querySelector('aside')).display") == (
        "none"
    )
    page.until("document.getElementById('server').dataset.state === 'well'")
    assert page.text("#server span") == "127.0.0.1:1/v1/models/lv"


def test_nothing_comes_from_another_place(video_page):
    places = video_page.run(
        "performance.getEntriesByType('resource').map((e) => new URL(e.name).origin)"
    )
    assert set(places) == {video_page.run("location.origin")}


def test_a_video_shows_its_beats_and_ejection_fraction(video_page, beating_video):
    assert video_page.text("#file") == beating_video.name
    assert 60 < int(video_page.text("#ejection b")) < 75
    assert "2 beats" in video_page.text("#ejection .note")
    pulse, _, unit = video_page.text("#pulse").partition(" ")
    assert int(pulse) == pytest.approx(120, abs=12)
    assert unit == "/ min"
    assert video_page.text("#overall") == "90 %"
    marks = video_page.run(
        "[...document.querySelectorAll('#curve text.ED, #curve text.ES')]"
        ".map((text) => text.textContent).sort().join()"
    )
    assert marks == "ED,ED,ES,ES"


def test_the_outline_is_drawn_on_the_border_and_can_be_put_away(video_page):
    orange = (
        "(() => { const c = document.getElementById('stage'); const d ="
        "c.getContext('2d').getImageData(0, 0, c.width, c.height).data; let n = 0;"
        "for (let i = 0; i < d.length; i += 4) n += d[i] > 200 && d[i + 1] > 130 &&"
        "d[i + 1] < 200 && d[i + 2] < 110; return n; })()"
    )
    video_page.until("document.getElementById('where').textContent.includes('/ 49')")
    assert video_page.until(orange) > 500
    video_page.press("c", "KeyC")
    assert video_page.run(orange) == 0


def test_every_frame_can_be_reached_by_keyboard(video_page):
    where = "document.getElementById('scrub').value"
    video_page.press("End")
    assert video_page.run(where) == "49"
    video_page.press("ArrowLeft")
    assert video_page.run(where) == "48"
    video_page.press("Home")
    video_page.press("s", "KeyS")
    assert abs(int(video_page.run(where)) - 10) <= 1
    assert video_page.text("#phase") == "ES"
    video_page.press("d", "KeyD")
    assert abs(int(video_page.run(where))) <= 1
    assert video_page.text("#phase") == "ED"


def test_playing_moves_on_and_stops(video_page):
    video_page.press(" ", "Space")
    video_page.until("Number(document.getElementById('scrub').value) > 3")
    assert video_page.run("document.getElementById('play').ariaPressed") == "true"
    video_page.press(" ", "Space")
    assert video_page.run("document.getElementById('play').ariaPressed") == "false"


def test_mask_and_curve_can_be_downloaded(video_page, beating):
    video_page.press("End")
    sizes = video_page.run(
        "Promise.all([...document.querySelectorAll('.downloads a')].map("
        "async (link) => (await (await fetch(link.href)).arrayBuffer()).byteLength))"
    )
    assert len(sizes) == 3
    assert min(sizes) > 80
    names = video_page.run(
        "[...document.querySelectorAll('.downloads a')].map((link) => link.download)"
    )
    assert names == ["beats.49.mask.png", "beats.masks.zip", "beats.csv"]


def test_an_image_has_neither_beats_nor_a_player(page, beating, tmp_path):
    cv2.imwrite(str(tmp_path / "still.png"), beating[0])
    page.choose(tmp_path / "still.png")
    page.until(DONE)
    visible = "getComputedStyle(document.getElementById('{}')).display !== 'none'"
    for hidden in ("ejection", "beat", "play", "scrub", "masks"):
        assert not page.run(visible.format(hidden))
    assert page.text("#area") == f"{np.count_nonzero(beating[0])} px"


def test_a_file_that_is_no_image_is_told_and_leaves_the_page_ready(page, tmp_path):
    (tmp_path / "notes.png").write_bytes(b"no image")
    page.choose(tmp_path / "notes.png")
    page.until("!document.getElementById('fault').hidden")
    assert page.text("#fault span").startswith("Cannot read notes.png: damaged")
    assert page.run("document.body.dataset.state") == "empty"


def test_a_file_that_is_too_large_is_told_before_it_is_sent(page):
    drop = (
        "const file = new File(['x'], 'long.avi');"
        "Object.defineProperty(file, 'size', { value: 513 * 2 ** 20 });"
        "const event = new Event('drop', { cancelable: true });"
        "event.dataTransfer = { files: [file] }; dispatchEvent(event);"
    )
    page.run(f"(() => {{ {drop} }})()")
    assert page.text("#fault span") == "The file long.avi is larger than 512 MB; cut it"


def test_a_dropped_file_is_opened(page, beating):
    content = cv2.imencode(".png", beating[0])[1].tobytes()
    drop = (
        f"const bytes = new Uint8Array({list(content)});"
        "const event = new Event('drop', { cancelable: true });"
        "event.dataTransfer = { files: [new File([bytes], 'still.png')] };"
        "dispatchEvent(event);"
    )
    page.run(f"(() => {{ {drop} }})()")
    page.until(DONE)
    assert page.text("#file") == "still.png"


def test_a_server_that_is_gone_is_told_and_asked_again(page, model, beating_video):
    model.gone = True
    page.choose(beating_video)
    page.until("!document.getElementById('fault').hidden")
    assert "No answer from" in page.text("#fault span")
    page.until("document.getElementById('server').dataset.state === 'gone'")
    model.gone = False
    page.run("document.getElementById('again').click()")
    page.until(DONE)
    assert page.run("document.getElementById('fault').hidden")


def test_a_narrow_window_needs_no_sideways_scrolling(video_page):
    video_page.call(
        "Emulation.setDeviceMetricsOverride",
        width=600,
        height=900,
        deviceScaleFactor=1,
        mobile=False,
    )
    video_page.until("innerWidth === 600")
    assert video_page.run("document.documentElement.scrollWidth") <= 600


def test_the_page_does_not_light_up_a_dark_room(video_page, tmp_path):
    video_page.screenshot(tmp_path / "page.png")
    picture = cv2.imread(str(tmp_path / "page.png"))
    assert picture.shape[1] == 1400
    assert 5 < picture.mean() < 50
