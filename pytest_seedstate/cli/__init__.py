"""The ``seedstate`` command."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the console script's entry point."""
    from pytest_seedstate.cli.app import app

    app()
