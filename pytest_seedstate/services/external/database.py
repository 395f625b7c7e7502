"""A database of this run's own on a PostgreSQL server that others use as well."""

from __future__ import annotations

import hashlib
import os
import platform as system
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform
from pytest_seedstate.services.base import Service
from pytest_seedstate.services.external.roles import read_role, refuse_pooler
from pytest_seedstate.stores.postgres.control import APPLICATION_NAME

_CONNECT_SECONDS = 10
_PREFIX = "seedstate"
_NAME = re.compile(rf"{_PREFIX}_([0-9a-f]{{8}})_(\d+)_([0-9a-f]{{8}})(?=_|$)")
"""Place, pid and start of the process; clones of it have something after that."""


class OwnDatabase:
    """A `Service`: the server's, with a database that lives as long as this process.

    Its name tells whose it is, so that the next run removes what a killed one has left.

    Args:
        server: where it is made; the role in its ``url`` may make databases.
        note: told what the role may not do, and what is done instead.

    Attributes:
        clones: whether every rewind has to be a clone, see `CloneJournal`; known once started.
    """

    name = "postgres"

    def __init__(self, server: Service, note: Callable[[str], None]) -> None:
        self._server = server
        self._note = note
        self.clones = False
        self._owner = os.getpid()
        self._made = False
        start = platform.process_start(self._owner) or ""
        self._dbname = f"{_PREFIX}_{_place()}_{self._owner}_{_short(start)}"

    @property
    def variables(self) -> Mapping[str, str]:
        """Those of the server, with ``url``, ``dbname`` and ``authority`` of this database."""
        server = self._server.variables
        # What follows the name are parameters such as sslmode, which hold for this one too.
        before, parameters = _split(server["url"])
        return {
            **server,
            "dbname": self._dbname,
            "url": f"{before}/{self._dbname}{parameters}",
        }

    @property
    def beside(self) -> str:
        """The database that the server's URL names: to connect to, never to change."""
        parts = conninfo_to_dict(self._server.variables["url"])
        return str(parts.get("dbname") or parts.get("user") or "postgres")

    @property
    def conninfo(self) -> str:
        """For our own sessions."""
        return make_conninfo(self.variables["url"], connect_timeout=_CONNECT_SECONDS)

    def start(self) -> None:
        """Make the database, and remove those that killed runs of this machine have left.

        Raises:
            SeedstateError: the server does not answer, or its role may not do what we need.
        """
        self._server.start()
        try:
            with self._connect() as connection:
                refuse_pooler(connection, _place_of(self._server.variables))
                role = read_role(connection, _place_of(self._server.variables))
                self.clones = role.clones
                if role.remark:
                    self._note(role.remark)
                _sweep(connection)
                connection.execute(_create(self._dbname))
                self._made = True
        except psycopg.OperationalError as error:
            # Its words come back as text alone.
            refuses = "FATAL:" in str(error)
            raise SeedstateError(
                f"PostgreSQL {'refuses a connection' if refuses else 'does not answer'}",
                where=_place_of(self._server.variables),
                fix="see whether it runs, and whether user and password are right",
                detail=str(error).strip(),
            ) from None
        except psycopg.Error as error:
            raise SeedstateError(
                "no database can be made for this run",
                where=_place_of(self._server.variables),
                detail=str(error).strip(),
            ) from None

    def failure(self, patience: float = 0.0) -> SeedstateError | None:
        """Why the server does not run any more, as far as it is ours to know."""
        return self._server.failure(patience)

    def give_to(self, pid: int, start: str) -> list[int]:
        """A database cannot change hands: its name has its owner in it.

        Raises:
            SeedstateError: always.
        """
        raise SeedstateError("a database on a server of others is not kept after the run")

    def stop(self) -> None:
        """Drop the database, its clones with it; harmless where there is none."""
        if self._made and os.getpid() == self._owner:
            self._made = False
            try:
                with self._connect() as connection:
                    for name in _databases(connection):
                        if name == self._dbname or name.startswith(f"{self._dbname}_"):
                            connection.execute(_drop(name, force=True))
            except psycopg.Error:
                # A server that is gone has nothing of ours; a later run sweeps what is left.
                pass
        self._server.stop()

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(
            make_conninfo(self._server.variables["url"], connect_timeout=_CONNECT_SECONDS),
            autocommit=True,
            application_name=APPLICATION_NAME,
        )


def _place() -> str:
    """What tells processes with one number apart: two machines, or two containers of one."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return _short(f"{system.node()}/{space}/{os.getuid()}")


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _split(url: str) -> tuple[str, str]:
    """What stands before a URL's database and after it, but for another mention of a database."""
    before, _, query = url.partition("?")
    scheme, _, rest = before.partition("://")
    pairs = [pair for pair in query.split("&") if unquote(pair.partition("=")[0]) != "dbname"]
    parameters = "&".join(pairs)
    return f"{scheme}://{rest.partition('/')[0]}", f"?{parameters}" if parameters else ""


def _place_of(variables: Mapping[str, str]) -> str:
    return f"{variables['host']}:{variables['port']}"


def _databases(connection: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in connection.execute("SELECT datname FROM pg_database")]


def _sweep(connection: psycopg.Connection[Any]) -> None:
    """Remove databases of runs that were killed here; one with a session stays."""
    for name in _databases(connection):
        found = _NAME.match(name)
        if found is None or found[1] != _place():
            continue
        start = platform.process_start(int(found[2]))
        if start is not None and _short(start) == found[3]:
            continue
        try:
            connection.execute(_drop(name, force=False))
        except (psycopg.errors.ObjectInUse, psycopg.errors.InvalidCatalogName):
            continue


def _create(name: str) -> sql.Composed:
    return sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))


def _drop(name: str, *, force: bool) -> sql.Composed:
    text = "DROP DATABASE IF EXISTS {} WITH (FORCE)" if force else "DROP DATABASE {}"
    return sql.SQL(text).format(sql.Identifier(name))
