"""What a container is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Recipe:
    """All that containers of one kind have in common.

    Attributes:
        image: its name.
        port: the TCP port that the service listens on in the container.
        command: its arguments; None for the image's own.
        environment: its environment variables.
        memory_folders: folders in the container that are kept in memory.
        options: further arguments of docker-py's ``containers.create``.
        files: texts of files in the container, by their paths.
    """

    image: str
    port: int
    command: tuple[str, ...] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    memory_folders: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Tells recipes apart; says nothing about their values, some of which are secret."""
        told = [
            self.image,
            self.port,
            self.command,
            dict(self.environment),
            self.memory_folders,
            dict(self.files),
            dict(self.options),
        ]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
