"""Index the films anew: ``python -m films``."""

from films import indexing

print(f"{indexing.rebuild()} films")
