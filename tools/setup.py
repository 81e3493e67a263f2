"""Set up the virtual environment from the lock, with the standard library alone.

Usage: python tools/setup.py VENV [EXTRA]
"""

import pathlib
import re
import subprocess
import sys

SUPPORTED = ((3, 9), (3, 11))


def main(venv, extra=""):
    """Make the environment and install the project with exactly the locked versions."""
    if not SUPPORTED[0] <= sys.version_info[:2] <= SUPPORTED[1]:
        sys.exit(
            f"echo-keras needs Python 3.9 to 3.11, this is {sys.version.split()[0]}: "
            "TensorFlow 2.15 and TFX 1.15 have no newer builds; install one (on Debian "
            "`apt install python3.11 python3.11-venv`, anywhere "
            "`uv python install 3.11` or `pyenv install 3.11`) and run "
            "`make setup PYTHON=python3.11`"
        )
    if not (pathlib.Path(venv) / "bin" / "pip").exists():
        made = subprocess.run([sys.executable, "-m", "venv", venv]).returncode
        if made:
            sys.exit(
                f"{sys.executable} cannot make a virtual environment in {venv}; its "
                "reason is above (on Debian, `apt install python3.11-venv`)"
            )
    python = str(pathlib.Path(venv) / "bin" / "python")
    _install_installer(python, pathlib.Path(venv))
    project = f".[{extra}]" if extra else "."
    command = [python, "-m", "uv", "pip", "install", "--quiet", "--python", python]
    if sys.dont_write_bytecode:  # or else TensorFlow is compiled anew at each start
        command += ["--compile-bytecode"]
    # The hashes of the lock hold for all that it pins, which is all but the project.
    command += ["--constraint", "requirements.lock"]
    command += ["--build-constraint", "requirements.lock", "--editable", project]
    print(f"installing the locked packages into {venv}", flush=True)
    sys.exit(subprocess.run(command).returncode)


def _install_installer(python, venv):
    """Install uv, at the version and hashes of the lock: it can take hashes in a
    constraints file, which pip cannot beside a project of its own."""
    lock = pathlib.Path("requirements.lock").read_text()
    pin = re.search(r"^uv==.*?(?=^\S|\Z)", lock, flags=re.M | re.S).group()
    only = venv / "uv.txt"
    only.write_text(pin)
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", str(only)], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
