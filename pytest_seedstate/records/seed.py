"""The seed: what a scenario is given to make its data from."""

from __future__ import annotations

import datetime as dt
import random
import shlex
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.records.command import run_command
from pytest_seedstate.records.scenario import Scenario

if TYPE_CHECKING:
    import psycopg
    from faker import Faker

    from pytest_seedstate.records.randomness import Randomness
    from pytest_seedstate.records.record import Record

ThingT = TypeVar("ThingT")
RecordT = TypeVar("RecordT", bound="Record")

_LOCALE = "en_US"


class Seed:
    """The first argument of every scenario.

    Attributes:
        now: the frozen instant of the run, in UTC.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        now: dt.datetime,
        env: Mapping[str, str],
        root: Path,
        randomness: Randomness,
        clients: object,
        give_name: Callable[[str, object], None],
        extended: Callable[[], Sequence[Record]],
    ) -> None:
        self.now = now
        self._env = env
        self._scenario = scenario
        self._root = root
        self._randomness = randomness
        self._clients = clients
        self._give_name = give_name
        self._extended = extended

    @property
    def today(self) -> dt.date:
        """The date of `now`, which is Faker's today too."""
        return self.now.date()

    @property
    def random(self) -> random.Random:
        """Random numbers from the seed."""
        return self._randomness.random

    @property
    def faker(self) -> Faker:
        """A Faker from the seed; its relative dates start from `now`."""
        faker: Faker = self._randomness.faker(_LOCALE)
        return faker

    def uuid(self) -> uuid.UUID:
        """A random UUID (version 4) from the seed."""
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def name(self, name: str, thing: ThingT) -> ThingT:
        """Give a record a name by which tests find it: ``seedstate["alice"]``.

        Returns:
            The record, for ``yield seed.name("alice", artist)``.

        Raises:
            SeedstateError: the dataset has another thing of that name.
        """
        self._give_name(name, thing)
        return thing

    def records(self, model: type[RecordT]) -> list[RecordT]:
        """The records of a model that the extended scenarios made, in order."""
        return [record for record in self._extended() if isinstance(record, model)]

    @property
    def postgres(self) -> psycopg.Connection[Any]:
        """A psycopg connection, for scenarios that say ``stores="postgres"``.

        Raises:
            SeedstateError: the scenario does not say so.
        """
        connection: psycopg.Connection[Any] = self._client("postgres")
        return connection

    @property
    def dynamodb(self) -> Any:
        """A boto3 resource, for scenarios that say ``stores="dynamodb"``.

        Raises:
            SeedstateError: the scenario does not say so.
        """
        return self._client("dynamodb")

    @property
    def s3(self) -> Any:
        """A boto3 client, for scenarios that say ``stores="s3"``.

        Raises:
            SeedstateError: the scenario does not say so.
        """
        return self._client("s3")

    @property
    def opensearch(self) -> Any:
        """An opensearch-py client, for scenarios that say ``stores="opensearch"``.

        Raises:
            SeedstateError: the scenario does not say so.
        """
        return self._client("opensearch")

    @property
    def env(self) -> Mapping[str, str]:
        """The variables that an application needs to reach the services: ``DATABASE_URL``.

        Raises:
            SeedstateError: the scenario does not say ``stores=``, so no service need run.
        """
        self._check_stores("env")
        return self._env

    def run(self, command: str | Sequence[str]) -> str:
        """Run a program, such as your own seeder, in the project's root directory with `env`.

        Args:
            command: the program with its arguments; a text is split like in a shell.

        Returns:
            What it printed.

        Raises:
            SeedstateError: it could not be started or failed, with its output; the scenario does
                not say ``stores=``.
        """
        self._check_stores("run")
        parts = shlex.split(command) if isinstance(command, str) else list(command)
        return run_command(
            parts, environment=self._env, folder=self._root, what=self._scenario.where
        )

    def _client(self, store: str) -> Any:
        if store not in self._scenario.stores:
            self._refuse(store, store)
        return getattr(self._clients, store)

    def _check_stores(self, used: str) -> None:
        if not self._scenario.stores:
            self._refuse(used, "postgres")

    def _refuse(self, used: str, store: str) -> NoReturn:
        raise SeedstateError(
            f"the scenario uses seed.{used} and does not say which stores it writes to",
            where=self._scenario.where,
            fix=f'write @scenario("{self._scenario.name}", stores=("{store}",))',
        )
