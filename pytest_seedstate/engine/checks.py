"""Mistakes in settings that would otherwise show when the first service starts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from pytest_seedstate.config import DEFAULT_AWS_SERVICES, Settings
from pytest_seedstate.errors import unknown_name


def check_settings(settings: Settings) -> None:
    """Look at what settings of services name; nothing is started or imported for it.

    Raises:
        SeedstateError: a folder without PostgreSQL programs, or an AWS service that boto3 does not
            have.
    """
    if settings.postgres_bin is not None:
        from pytest_seedstate.services.postgres.binaries import find_binaries

        find_binaries(settings.postgres_bin)
    unusual = [name for name in settings.aws_services if name not in (*DEFAULT_AWS_SERVICES, "all")]
    known = _aws_services() if unusual else []
    for name in unusual:
        if known and name not in known:
            raise unknown_name("AWS service", name, known, where="seedstate_aws_services")


def _aws_services() -> list[str]:
    """The services as boto3 names them: the folders of botocore's data."""
    spec = find_spec("botocore")
    if spec is None or spec.origin is None:
        return []
    data = Path(spec.origin).parent / "data"
    return sorted(path.name for path in data.iterdir() if path.is_dir()) if data.is_dir() else []
