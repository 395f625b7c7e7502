"""PostgreSQL in a container."""

from __future__ import annotations

from collections.abc import Mapping

from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.service import ContainerService
from pytest_seedstate.services.containers.spots import Spot
from pytest_seedstate.services.ports import HOST
from pytest_seedstate.services.postgres import wire
from pytest_seedstate.services.postgres.cluster import DBNAME, ROLE, THROWAWAY_SETTINGS

_MEMORY = "/seedstate"


class ContainerPostgres(ContainerService):
    """A PostgreSQL server in a container: the published image, or one with its contract.

    Its superuser and database are called as those of the embedded server are.
    """

    name = "postgres"
    title = "the PostgreSQL container"
    image_setting = "seedstate_postgres_image"
    # Workers have databases of their own.
    alone_by_default = False

    def recipe(self) -> Recipe:
        """The settings of the embedded server, more connections, data in memory."""
        # Several workers may share it.
        settings = {**THROWAWAY_SETTINGS, "max_connections": "500"}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Recipe(
            image=self._image,
            port=5432,
            command=("postgres", *flags),
            environment={
                "POSTGRES_USER": ROLE,
                "POSTGRES_DB": DBNAME,
                # The order of texts is to be the embedded server's.
                "POSTGRES_INITDB_ARGS": "--no-sync --encoding=UTF8 --locale=C.UTF-8",
                # As embedded: the password goes over loopback, and SCRAM costs each connection
                # milliseconds.
                "POSTGRES_HOST_AUTH_METHOD": "password",
                # Not where the image has it: that is a volume, and another place in version 18.
                "PGDATA": f"{_MEMORY}/data",
            },
            memory_folders=(_MEMORY,),
        )

    def particulars(self, spot: Spot) -> Mapping[str, str]:
        """The password."""
        return {"POSTGRES_PASSWORD": spot.secret}

    def told(self, spot: Spot) -> Mapping[str, str]:
        """``url``, ``host``, ``port``, ``user``, ``password``, ``dbname``, ``authority``."""
        authority = f"{ROLE}:{spot.secret}@{HOST}:{spot.port}"
        return {
            "url": f"postgresql://{authority}/{DBNAME}",
            "host": HOST,
            "port": str(spot.port),
            "user": ROLE,
            "password": spot.secret,
            "dbname": DBNAME,
            "authority": authority,
        }

    @property
    def conninfo(self) -> str:
        """Keywords of libpq for our own sessions."""
        told = self.told(self._spot())
        return " ".join(
            f"{name}={told[name]}" for name in ("host", "port", "user", "password", "dbname")
        )

    def answers(self, spot: Spot) -> bool:
        """Whether it lets a session in."""
        return wire.lets_in(HOST, spot.port, ROLE, DBNAME)
