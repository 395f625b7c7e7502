"""An application of all four stores: what it does has names, so that another process can be told.

As a program (``python -m tests.proof.application``) it is that other process: it reads orders as
lines of JSON and answers each with a line, most of them once they are carried out.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
from botocore.exceptions import ClientError
from psycopg import errors

from tests.aws import helpers as aws_helpers
from tests.aws import operations as aws_operations
from tests.aws.wire import Wire
from tests.opensearch_host import helpers as search_helpers
from tests.opensearch_host import operations as search_operations
from tests.postgres.operations import LOCKING_WRITES, WRITES

Endpoints = Mapping[str, Mapping[str, str]]
Step = tuple[str, int, int]
"""What is written: a name of `NAMES`, and two small numbers."""

_ROOT = Path(__file__).parents[2]

_MARKS = (
    "INSERT INTO marks VALUES ({n} + 200, 'new')",
    "UPDATE marks SET text = 'u{m}' WHERE number < {n}",
    "DELETE FROM marks WHERE number = {m}",
    "UPDATE things SET price = price + {m}, name = 'n{n}' WHERE number = {m}",
    "DELETE FROM things WHERE number < {m}",
)
_STATEMENTS = {f"postgres {n}": sql for n, sql in enumerate((*WRITES, *_MARKS))}
_LOCKING = {f"locking {n}": sql for n, sql in enumerate(LOCKING_WRITES)}
_SQL = {**_STATEMENTS, **_LOCKING}
_AWS = {f"aws {name}": operation for name, operation in aws_operations.OPERATIONS.items()}
_AWS |= {
    "aws delete mark": lambda c, n, m: c.dynamodb.delete_item(
        TableName="marks", Key={"pk": {"S": f"M#{m}"}, "sk": {"S": "MARK"}}
    ),
    "aws overwrite mark": lambda c, n, m: c.s3.put_object(
        Bucket="marks", Key=f"{m}.bin", Body=b"%d" % n
    ),
}
_SEARCH = {f"search {name}": each for name, each in search_operations.OPERATIONS.items()}

ROWS = tuple(_STATEMENTS)
LOCKING = tuple(_LOCKING)
CLOUD = (*(f"aws {name}" for name in aws_operations.RECORDS), *_AWS)
SEARCH = (*(f"search {name}" for name in search_operations.RECORDS), *_SEARCH)
CERTAIN: Step = (
    next(n for n, sql in _STATEMENTS.items() if sql.startswith("INSERT INTO bag")),
    1,
    1,
)
"""What no earlier write can keep from being written."""
NAMES = {"postgres": ROWS, "aws": CLOUD, "opensearch": SEARCH}
"""What can be done, by service; records more often than definitions."""

_LOCK_PATIENCE = "SET lock_timeout = '40ms'"


class Application:
    """Clients of the services that run.

    Args:
        endpoints: variables by service.
        name: how PostgreSQL shall call its sessions.
    """

    def __init__(self, endpoints: Endpoints, name: str) -> None:
        self._endpoints = endpoints
        self._name = name
        self._connection: psycopg.Connection[Any] | None = None

    @property
    def postgres(self) -> psycopg.Connection[Any]:
        """The connection; another one after the database was replaced."""
        if self._connection is not None:
            with contextlib.suppress(psycopg.OperationalError):
                self._connection.execute("")
                return self._connection
            self._connection.close()
        url = self._endpoints["postgres"]["url"]
        self._connection = psycopg.connect(url, autocommit=True, application_name=self._name)
        self._connection.execute(_LOCK_PATIENCE)
        return self._connection

    @cached_property
    def aws(self) -> aws_helpers.Clients:
        """boto3's clients."""
        service: Any = SimpleNamespace(variables=self._endpoints["aws"])
        names = [field.name for field in fields(aws_helpers.Clients)]
        return aws_helpers.Clients(**{n: aws_helpers.make_client(service, n) for n in names})

    @cached_property
    def wire(self) -> Wire:
        """A connection to the AWS services without a client library."""
        aws = self._endpoints["aws"]
        return Wire(aws["url"], aws["region"])

    @cached_property
    def opensearch(self) -> search_helpers.Client:
        """A connection to OpenSearch."""
        service: Any = SimpleNamespace(variables=self._endpoints["opensearch"])
        return search_helpers.Client(service)

    def write(self, steps: Sequence[Step]) -> None:
        """Carry out steps one by one; what a service refuses is no error."""
        for name, n, m in steps:
            if name in _SQL:
                with refusals():
                    self.postgres.execute(_SQL[name].format(n=n, m=m))
            elif name in _AWS:
                with contextlib.suppress(ClientError):
                    _AWS[name](self.aws, n, m)
            else:
                assert _SEARCH[name](self.opensearch, n, m).status < 500

    def begin(self) -> None:
        """Begin a transaction; `write` is in it until `end`."""
        self.postgres.execute("BEGIN")

    def write_in_transaction(self, steps: Sequence[Step]) -> None:
        """Carry out steps, of PostgreSQL, each after a savepoint."""
        connection = self._connection
        assert connection is not None
        for name, n, m in steps:
            with refusals(), connection.transaction():
                connection.execute(_SQL[name].format(n=n, m=m))

    def end(self, how: str) -> None:
        """Commit or roll back; the session may have been ended."""
        assert self._connection is not None
        with refusals():
            self._connection.execute(how)

    def close(self) -> None:
        """Close connections."""
        if self._connection is not None:
            self._connection.close()
        if "opensearch" in self.__dict__:
            self.opensearch.close()
        if "wire" in self.__dict__:
            self.wire.close()
        if "aws" in self.__dict__:
            for field in fields(self.aws):
                getattr(self.aws, field.name).close()


@contextlib.contextmanager
def refusals() -> Any:
    """Statements fail of what others have done, sessions end; wrong SQL is our mistake."""
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, errors.SyntaxError):
            raise


class Elsewhere:
    """The same in another process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.application"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
        )

    def connect(self, endpoints: Endpoints) -> None:
        """Turn to the services of another project."""
        self._ask(do="connect", endpoints=endpoints)

    def write(self, steps: Sequence[Step]) -> None:
        """Carry out steps; returns when that is done."""
        self._ask(do="write", steps=steps)

    def write_later(self, pause: float, steps: Sequence[Step]) -> None:
        """Carry out steps in a moment; returns at once.

        Args:
            pause: seconds.
            steps: what is done.
        """
        self._ask(do="later", pause=pause, steps=steps)

    def write_in_transaction(
        self,
        before: Sequence[Step],
        pause: float,
        meanwhile: Sequence[Step],
        after: Sequence[Step],
        end: str,
    ) -> None:
        """Open a transaction, and return; it ends a moment later.

        Args:
            before: what it does first; it is done when this returns.
            pause: seconds that it then waits.
            meanwhile: what is then done to other stores, before it ends.
            after: what it does last.
            end: ``COMMIT`` or ``ROLLBACK``.
        """
        self._ask(
            do="transaction",
            before=before,
            pause=pause,
            meanwhile=meanwhile,
            after=after,
            end=end,
        )

    def join(self) -> None:
        """Wait until it has done all it was told."""
        self._ask(do="nothing")

    def close(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.wait()

    def _ask(self, **order: Any) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n", "the other process has failed"


def main() -> None:
    """Carry out orders until there are no more."""
    application = Application({}, "elsewhere")
    for line in sys.stdin:
        order = json.loads(line)
        kind, done = order["do"], False
        if kind == "connect":
            application.close()
            application = Application(order["endpoints"], "elsewhere")
        elif kind == "transaction":
            application.begin()
            application.write_in_transaction(order["before"])
        elif kind == "write":
            application.write(order["steps"])
        if kind in ("later", "transaction"):
            _answer()
            done = True
            time.sleep(order["pause"])
        if kind == "later":
            application.write(order["steps"])
        if kind == "transaction":
            application.write(order["meanwhile"])
            application.write_in_transaction(order["after"])
            application.end(order["end"])
        if not done:
            _answer()
    application.close()


def _answer() -> None:
    print("done", flush=True)


if __name__ == "__main__":
    main()
