"""Fails where a module of the package has grown beyond one idea (CI's lint step runs it)."""

import sys
from pathlib import Path

LIMIT = 400  # lines; larger ones were hard to read in every plugin that we looked at

too_long = {
    path: lines
    for path in Path("pytest_seedstate").rglob("*.py")
    if (lines := len(path.read_text("utf-8").splitlines())) > LIMIT
}
for path, lines in sorted(too_long.items()):
    print(f"{path}: {lines} lines, more than {LIMIT}")
sys.exit(bool(too_long))
