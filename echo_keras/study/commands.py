"""Running the public commands one after another, never one twice."""

import contextlib
import json
import pathlib
import re
import shlex
import subprocess
import sys
import time

from echo_keras import aside, errors

LOG = "commands.json"
_PORT = re.compile(r"(?<=//127\.0\.0\.1:)\d+")


class Runner:
    """Runs commands whose outputs stand below one folder, and remembers them.

    Args:
        folder: Where the outputs and the log of commands stand.
        say: Called with each line for the user.

    Raises:
        InputError: The folder holds something, but no log of commands.
    """

    def __init__(self, folder, *, say):
        self._path = pathlib.Path(folder) / LOG
        self._say = say
        if not self._path.exists():
            aside.vacant(folder)
        self.log = json.loads(self._path.read_text()) if self._path.exists() else {}

    def run(self, *words, output, proof=None):
        """Run `echo-keras` with some words, unless its output is already there.

        Args:
            *words: Command and options; `--output` is added.
            output: File or folder to write.
            proof: Path that exists once the output is whole; by default the output.

        Raises:
            InputError: The command failed, or another command wrote the output.
        """
        words = [str(word) for word in (*words, "--output", output)]
        told = self._tell(words)
        if pathlib.Path(proof or output).exists():
            earlier = self.log.get(str(output), {}).get("command", "")
            if _PORT.sub("", earlier) != _PORT.sub("", told):
                raise errors.InputError(
                    f"{output} was not written by `{told}`; name another --output or "
                    f"remove {self._path.parent}"
                )
            self.keep(output)
            return
        self._remember(output, {"command": told})
        start = time.monotonic()
        if subprocess.run(_executable(words)).returncode:
            raise errors.InputError(f"stopped, as `{told}` failed; its reason is above")
        seconds = round(time.monotonic() - start, 1)
        self._remember(output, {"command": told, "seconds": seconds})

    def keep(self, *outputs):
        """Say that outputs of an earlier run are used again."""
        for output in outputs:
            self._say(f"  kept from an earlier run: {output}")

    @contextlib.contextmanager
    def serving(self, models, names):
        """Serve exported models while the context lasts, on a free port.

        Args:
            models: Folder of `NAME/VERSION` folders.
            names: Names of the models that must be there.

        Yields:
            Dict of name to URL.

        Raises:
            InputError: The server stops before it is ready.
        """
        words = ["serve", "--models", str(models), "--port", "0"]
        self._tell(words)
        server = subprocess.Popen(_executable(words), stdout=subprocess.PIPE, text=True)
        try:
            urls = {}
            while not set(names) <= set(urls):
                line = server.stdout.readline().split()
                if not line:
                    raise errors.InputError(
                        f"the server of {models} stopped before it was ready; its "
                        "reason is above"
                    )
                urls[line[-1].rpartition("/")[-1]] = line[-1]
            yield urls
        finally:
            server.terminate()
            server.communicate()

    def _remember(self, output, facts):
        self.log[str(output)] = facts
        with aside.file(self._path) as path:
            path.write_text(json.dumps(self.log, indent=2) + "\n")

    def _tell(self, words):
        told = shlex.join(["echo-keras", *words])
        self._say(f"$ {told}")
        return told


def _executable(words):
    return [sys.executable, "-m", "echo_keras.cli", *words]
