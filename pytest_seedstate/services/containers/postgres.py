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
#: What takes away all that is not the server's own, one statement a row.
_LEFT = """
SELECT format('SELECT pg_drop_replication_slot(%%L)', slot_name) FROM pg_replication_slots
UNION ALL
SELECT format('DROP DATABASE %%I WITH (FORCE)', datname) FROM pg_database
WHERE datname NOT IN ('template0', 'template1', 'postgres', %(dbname)s)
UNION ALL
SELECT format('DROP TABLESPACE %%I', spcname) FROM pg_tablespace WHERE spcname !~ '^pg_'
UNION ALL
SELECT format('DROP OWNED BY %%I', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname <> %(role)s
UNION ALL
SELECT format('DROP ROLE %%I', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname <> %(role)s
UNION ALL
SELECT format('ALTER ROLE %%I RESET ALL', %(role)s)
UNION ALL
SELECT 'ALTER ROLE ALL RESET ALL'
UNION ALL
SELECT 'ALTER SYSTEM RESET ALL'
UNION ALL
SELECT 'SELECT pg_reload_conf()'
"""


class ContainerPostgres(ContainerService):
    """A PostgreSQL server in a container: the published image, or one with its contract.

    Its superuser and database are called as those of the embedded server are.
    """

    name = "postgres"
    title = "the PostgreSQL container"
    image_setting = "seedstate_postgres_image"
    # Workers have databases of their own.
    alone_by_default = False
    # A superuser of a server of ours: nothing hinders its journal.
    clones = False
    beside = None

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

    def empty(self, spot: Spot) -> None:
        """Drop databases, roles and settings: the server alone stays."""
        import psycopg

        try:
            with psycopg.connect(self.conninfo, autocommit=True) as session:
                for (statement,) in session.execute(_LEFT, {"dbname": DBNAME, "role": ROLE}):
                    session.execute(statement)
        except psycopg.Error as error:
            raise OSError(str(error).strip()) from None

    def answers(self, spot: Spot) -> bool:
        """Whether it lets a session in."""
        return wire.lets_in(HOST, spot.port, ROLE, DBNAME)
