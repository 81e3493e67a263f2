"""A viewer whose model takes what is bright, and a browser without a screen."""

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from echo_keras import errors
from echo_keras.serving import client
from echo_keras.viewer import server

URL = "http://127.0.0.1:1/v1/models/lv"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",
    "--window-size=1400,900",
)
# Chromium reads commands from descriptor 3 and answers on 4.
LAUNCH = """
import os, sys
for given, wanted in zip(map(int, sys.argv[1:3]), (3, 4)):
    os.dup2(given, wanted)
os.execv(sys.argv[3], sys.argv[3:])
"""
MOST_POLLS = 6000


class Model:
    """A served model that a test may take away."""

    def __init__(self, segment):
        self.segment = segment
        self.gone = False

    @contextlib.contextmanager
    def connect(self, url, **_):
        if self.gone:
            raise errors.InputError(f"no answer from {url}: refused")
        yield self.segment


@pytest.fixture
def model(monkeypatch, bright):
    """The model that the viewer finds at any URL."""
    served = Model(bright)
    monkeypatch.setattr(client, "model", served.connect)
    return served


@pytest.fixture
def address(model):
    """Address of a running viewer."""
    with server.start(URL, 0) as page:
        yield page


class Browser:
    """One page of Chromium, driven through its pipe, without any library."""

    def __init__(self, commands, answers):
        self._commands, self._answers = commands, answers
        self._count, self._buffer, self._session = 0, b"", {}

    def open(self, address):
        target = self.call("Target.createTarget", url=address)["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self.until(
            f"location.href === '{address}' && document.readyState === 'complete'"
        )

    def call(self, method, **parameters):
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters}
        text = json.dumps({**message, **self._session}).encode()
        os.write(self._commands, text + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                return answer["result"]

    def run(self, script):
        """Value of a JavaScript expression."""
        answer = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def until(self, script):
        """Wait until an expression holds, and return its value."""
        for _ in range(MOST_POLLS):
            value = self.run(script)
            if value:
                return value
            time.sleep(0.02)
        text = self.run("document.body.innerText")
        raise AssertionError(f"{script} never came true on the page: {text}")

    def text(self, selector):
        return self.run(f"document.querySelector({selector!r}).innerText.trim()")

    def choose(self, path):
        """Give the page a file, as the dialogue for files does."""
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector="#picker")
        self.call("DOM.setFileInputFiles", files=[str(path)], **node)

    def press(self, key, code=None):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code or key)

    def screenshot(self, path):
        content = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(content))

    def _receive(self):
        while b"\0" not in self._buffer:
            content = os.read(self._answers, 2**20)
            assert content, "Chromium ended"
            self._buffer += content
        text, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(text)


@pytest.fixture
def browser(tmp_path):
    if CHROMIUM is None:
        pytest.skip("no chromium to show the page in; apt-get install -y chromium")
    read_commands, write_commands = os.pipe()
    read_answers, write_answers = os.pipe()
    given = (read_commands, write_answers)
    process = subprocess.Popen(
        [
            *(sys.executable, "-c", LAUNCH, *map(str, given)),
            *(CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"),
        ],
        pass_fds=given,
        stderr=subprocess.DEVNULL,
    )
    for end in given:
        os.close(end)
    yield Browser(write_commands, read_answers)
    os.close(write_commands)
    process.wait()
    os.close(read_answers)
