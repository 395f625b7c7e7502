"""Prepare this checkout and run its demo or all its checks: ``python3 dev.py demo|checks``.

Needs Python 3.11+ with venv and nothing else. The first run installs into ``.venv`` and ``.tox``;
later runs reuse both. Further arguments go to tox: ``python3 dev.py checks -e tests -- -k order``.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
TOOLS = ["tox>=4.25", "tox-uv>=1.25"]  # the runner of checks; uv makes its environments in seconds
# Two at a time: some checks wait more than they work. A check that fails shows its output.
CHECKS = ["run-parallel", "--parallel", "2"]
if not sys.stdout.isatty():
    CHECKS.append("--parallel-no-spinner")
RUNS = {"demo": ["run", "-e", "demo"], "checks": CHECKS}


def prepare() -> None:
    """Make the environment that holds tox; a half-made one is made again."""
    ready = VENV / "ready"
    if ready.exists() and ready.read_text() == "\n".join(TOOLS):
        return
    print("preparing .venv (once)", flush=True)
    venv.create(VENV, clear=True, with_pip=True)
    subprocess.run([PYTHON, "-m", "pip", "install", "--quiet", *TOOLS], check=True)
    ready.write_text("\n".join(TOOLS))


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in RUNS:
        print(__doc__)
        return 2
    if sys.version_info < (3, 11):
        print("Python 3.11 or later is needed", file=sys.stderr)
        return 2
    prepare()
    run = ["run"] if "-e" in arguments else RUNS[arguments[0]]
    tox = [PYTHON, "-m", "tox", *run, *arguments[1:]]
    return subprocess.run(tox, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
