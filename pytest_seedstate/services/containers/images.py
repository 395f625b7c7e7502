"""Getting an image: it is there, or it is fetched, with words on how far that is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.containers.docker_engine import DockerEngine

#: Seconds between two words on how far it is.
_WORD_SECONDS = 3.0


def fetch_image(
    engine: DockerEngine, image: str, *, setting: str, tell: Callable[[str], None]
) -> str:
    """Make sure that the engine has an image.

    Args:
        engine: where to.
        image: its name, with a tag.
        setting: the ini setting that names it, as errors tell it.
        tell: told how far a long fetch is.

    Returns:
        The image's id.

    Raises:
        SeedstateError: it is not there and cannot be had.
    """
    from docker.errors import APIError, DockerException, ImageNotFound

    name = engine.prefix + image
    try:
        try:
            return str(engine.client.images.get(name).id)
        except ImageNotFound:
            tell(f"fetching the image {name}")
            _fetch(engine, name, tell)
            return str(engine.client.images.get(name).id)
    except (APIError, _FetchError) as error:
        raise _not_had(name, setting, str(getattr(error, "explanation", None) or error)) from None
    except DockerException as error:
        raise _not_had(name, setting, str(error)) from None


class _FetchError(Exception):
    """What the engine says in the middle of a fetch."""


def _fetch(engine: DockerEngine, name: str, tell: Callable[[str], None]) -> None:
    layers: dict[str, tuple[int, int]] = {}
    repository, tag = _split(name)
    next_word = time.monotonic() + _WORD_SECONDS
    for event in engine.client.api.pull(repository, tag=tag, stream=True, decode=True):
        if "error" in event:
            raise _FetchError(event["error"])
        _note(event, layers)
        if time.monotonic() >= next_word:
            next_word = time.monotonic() + _WORD_SECONDS
            done, whole = (
                (sum(part) for part in zip(*layers.values(), strict=True)) if layers else (0, 0)
            )
            tell(f"fetching the image {name}: {done // 10**6} of {whole // 10**6} MB")


def _note(event: dict[str, Any], layers: dict[str, tuple[int, int]]) -> None:
    detail = event.get("progressDetail") or {}
    # While it unpacks, the same figures come once more.
    if event.get("status") == "Downloading" and "total" in detail:
        layers[event["id"]] = (int(detail["current"]), int(detail["total"]))


def _split(name: str) -> tuple[str, str | None]:
    """Repository and tag; a digest belongs to the repository, as docker-py wants it."""
    if "@" in name:
        return name, None
    repository, colon, tag = name.rpartition(":")
    # A colon before a slash is that of a registry's port.
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def _not_had(name: str, setting: str, why: str) -> SeedstateError:
    option = "--" + setting.replace("_", "-")
    return SeedstateError(
        f"the image {name} is not on this machine, and cannot be fetched",
        checked="the Docker engine's images, then the image's registry",
        fix=f"fetch it where there is a network (docker pull {name}), or name another image: "
        f"{option}, ini {setting} or environment {setting.upper()}",
        detail=why,
    )
