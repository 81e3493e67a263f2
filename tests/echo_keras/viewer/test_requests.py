import csv
import io
import json
import re
import zipfile

import cv2
import numpy as np
import pytest

from echo_keras.viewer import desk, requests

HOST = "127.0.0.1:8600"
URL = "http://127.0.0.1:1/v1/models/lv"


@pytest.fixture
def ask(model):
    """Function from method, target and body to status, headers and body."""
    opened = desk.Desk(URL)

    def asked(method, target, body=b"", **headers):
        headers = {"Host": HOST, **headers}
        return requests.handle(
            method, target, headers, body, desk=opened, hosts=(HOST, "localhost:8600")
        )

    return asked


def finished(ask, identifier):
    while True:
        status, _, body = ask("GET", f"/api/studies/{identifier}")
        document = json.loads(body)
        if status != 200 or document["summary"] or document["error"]:
            return document


@pytest.fixture
def study(ask, beating_video):
    """Identifier of the beating ventricle, segmented."""
    content = beating_video.read_bytes()
    status, _, body = ask("POST", "/api/studies?name=beats.avi", content)
    facts = json.loads(body)
    assert status == 201
    assert (facts["name"], facts["frames"], facts["rate"]) == ("beats", 50, 40.0)
    assert len(finished(ask, facts["id"])["frames"]) == 50
    return facts["id"]


def test_frames_and_masks_are_pictures_of_the_frames_size(ask, study, beating):
    for kind in ("frames", "masks"):
        status, headers, body = ask("GET", f"/api/studies/{study}/{kind}/7.png")
        assert (status, headers["Content-Type"]) == (200, "image/png")
        found = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.mean((found > 127) != (beating[7] > 127)) < 0.01


def test_the_outline_runs_along_the_border_in_pixels_of_the_frame(ask, study, beating):
    _, _, body = ask("GET", f"/api/studies/{study}?from=49")
    [frame] = json.loads(body)["frames"]
    [outline] = frame["outlines"]
    x, y = np.array(outline).reshape(-1, 2).T
    rows, columns = np.nonzero(beating[49])
    assert y.min() == pytest.approx(rows.min(), abs=1)
    assert y.max() == pytest.approx(rows.max() + 1, abs=1)
    assert x.min() == pytest.approx(columns.min(), abs=1)
    assert x.max() == pytest.approx(columns.max() + 1, abs=1)


def test_the_curve_and_all_masks_are_files(ask, study):
    _, _, text = ask("GET", f"/api/studies/{study}/curve.csv")
    assert len(list(csv.DictReader(io.StringIO(text.decode())))) == 50
    _, _, content = ask("GET", f"/api/studies/{study}/masks.zip")
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert names[49] == "beats.0049.mask.png"


def test_the_oldest_of_many_files_is_put_away(ask, study, beating):
    image = cv2.imencode(".png", beating[0])[1].tobytes()
    for _ in range(desk.KEPT):
        ask("POST", "/api/studies?name=a.png", image)
    assert ask("GET", f"/api/studies/{study}")[0] == 404


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("a.png", "cannot read a.png: damaged"),
        ("../../etc/a.avi", "cannot read a.avi: not a video"),
        ("..\\a.nii.gz", "cannot read a.nii.gz: damaged compression"),
        ("passwd", "passwd is of no kind"),
        ("", " is of no kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_without_a_place(ask, name, told):
    status, _, body = ask("POST", f"/api/studies?name={name}", b"x")
    assert status == 400
    assert json.loads(body)["error"].startswith(told)
    assert "/tmp" not in body.decode()


def test_a_failing_model_is_told(ask, model, beating):
    model.gone = True
    image = cv2.imencode(".png", beating[0])[1].tobytes()
    _, _, body = ask("POST", "/api/studies?name=a.png", image)
    found = finished(ask, json.loads(body)["id"])
    assert found["error"].startswith("no answer from")
    assert "no answer" in json.loads(ask("GET", "/api/server")[2])["error"]


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/api/studies/unknown", 404),
        ("GET", "/api/studies/unknown/curve.csv", 404),
        ("GET", "/../pyproject.toml", 404),
        ("GET", "/page/index.html", 404),
        ("POST", "/", 405),
        ("GET", "/api/studies", 404),
    ],
)
def test_what_is_not_there_is_refused(ask, method, target, status):
    assert ask(method, target)[0] == status


@pytest.mark.parametrize("rest", ["/frames/50.png", "/masks/x.png", "/other"])
def test_of_a_file_only_its_own_frames_are_there(ask, study, rest):
    assert ask("GET", f"/api/studies/{study}{rest}")[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example:8600"},
        {"Host": "127.0.0.1"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_is_refused(ask, headers):
    assert ask("GET", "/", **headers)[0] == 403


def test_the_pages_own_requests_are_answered(ask):
    assert ask("GET", "/", Origin=f"http://{HOST}")[0] == 200
    assert ask("GET", "/", Host="localhost:8600")[0] == 200


def test_every_file_of_the_page_is_there_and_names_no_other_place(ask):
    _, _, page = ask("GET", "/")
    for name in re.findall(r'(?:src|href)="([^"]*)"', page.decode()):
        assert name in requests.FILES
    for name, (file, _) in requests.FILES.items():
        status, headers, body = ask("GET", name)
        assert status == 200
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        text = body.decode().replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text, file
        assert "https://" not in text, file


def luminance(colour):
    levels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(
        levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4
    )
    return linear @ (0.2126, 0.7152, 0.0722)


@pytest.mark.parametrize("ground", ["ground", "panel", "raised"])
@pytest.mark.parametrize("ink", ["ink", "soft", "outline", "ed", "es", "bad"])
def test_text_stands_out_as_wcag_aa_asks(ink, ground):
    css = (requests.PAGE / "viewer.css").read_text()
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", css))
    light, dark = luminance(colours[ink]), luminance(colours[ground])
    assert (light + 0.05) / (dark + 0.05) >= 4.5
