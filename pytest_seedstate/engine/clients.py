"""Clients for users: what fixtures and scenarios hand out. The engine itself never uses them."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_seedstate.errors import MissingExtraError
from pytest_seedstate.stores.aws_http import variables_of

if TYPE_CHECKING:
    import psycopg


class Clients:
    """One client of each kind for the run, made when it is first asked for.

    Args:
        variables: how to reach a service, by its name.
    """

    def __init__(self, variables: Callable[[str], Mapping[str, str]]) -> None:
        self._variables = variables
        self._owner = os.getpid()
        self._postgres: psycopg.Connection[Any] | None = None

    @property
    def postgres(self) -> psycopg.Connection[Any]:
        """A psycopg connection in autocommit mode; a new one when the last was closed or cut."""
        if self._postgres is None or not _is_usable(self._postgres):
            try:
                import psycopg
            except ImportError:
                raise MissingExtraError("postgres", "psycopg", "a PostgreSQL connection") from None
            # Server-side prepared statements would not survive `tidy_postgres`.
            self._postgres = psycopg.connect(
                self._variables("postgres")["url"],
                autocommit=True,
                prepare_threshold=None,
                application_name="the postgres fixture",
            )
        return self._postgres

    def tidy_postgres(self) -> None:
        """Forget what a test left on the connection: a transaction, settings, temporary tables."""
        connection = self._postgres
        if connection is None or connection.closed or os.getpid() != self._owner:
            return
        import psycopg

        try:
            connection.rollback()
            connection.autocommit = True
            connection.row_factory = psycopg.rows.tuple_row
            connection.execute("DISCARD ALL")
        except psycopg.Error:
            connection.close()

    @cached_property
    def dynamodb(self) -> Any:
        """A boto3 DynamoDB resource."""
        return self._boto3().resource("dynamodb", **self._aws("dynamodb"))

    @cached_property
    def s3(self) -> Any:
        """A boto3 S3 client, with path-style addresses."""
        from botocore.config import Config

        return self._boto3().client(
            "s3", config=Config(s3={"addressing_style": "path"}), **self._aws("s3")
        )

    @cached_property
    def opensearch(self) -> Any:
        """An opensearch-py client."""
        return self._opensearchpy().OpenSearch(self._variables("opensearch")["url"])

    def new_opensearch_async(self) -> Any:
        """An asynchronous opensearch-py client for one test, which has an event loop of its own.

        It leaves no connection open, because the loop may be gone when the test's fixtures end.
        """
        module = self._opensearchpy()
        # It has the class only where it finds its HTTP client.
        if not hasattr(module, "AsyncOpenSearch"):
            raise MissingExtraError(
                "opensearch-async", "aiohttp", "an asynchronous OpenSearch client"
            )
        return module.AsyncOpenSearch(
            self._variables("opensearch")["url"], headers={"connection": "close"}
        )

    def _opensearchpy(self) -> Any:
        try:
            import opensearchpy
        except ImportError:
            raise MissingExtraError("opensearch", "opensearch-py", "an OpenSearch client") from None
        return opensearchpy

    def _boto3(self) -> Any:
        try:
            import boto3
        except ImportError:
            raise MissingExtraError("aws", "boto3", "an AWS client") from None
        return boto3

    def _aws(self, store: str) -> dict[str, str]:
        aws = variables_of(store, self._variables("aws"))
        return {
            "endpoint_url": aws["url"],
            "region_name": aws["region"],
            "aws_access_key_id": aws["access_key"],
            "aws_secret_access_key": aws["secret_key"],
        }

    def make_ahead(self, names: Iterable[str]) -> None:
        """Make the clients that will be asked for, as far as they need no running service."""
        for name in names:
            if name == "opensearch_async":
                self._opensearchpy()
            elif name != "postgres":
                getattr(self, name)

    def close(self) -> None:
        """Close all connections; in a forked child they are its parent's, and stay."""
        if os.getpid() != self._owner:
            return
        if self._postgres is not None:
            self._postgres.close()
        if "opensearch" in self.__dict__:
            self.opensearch.close()


def _is_usable(connection: psycopg.Connection[Any]) -> bool:
    """Whether a connection still leads to the server; it may have been cut by a replacement."""
    if connection.closed:
        return False
    # The server says goodbye to a connection that it cuts, so only one with something to read
    # needs to be asked.
    with selectors.DefaultSelector() as waiting:
        waiting.register(connection.fileno(), selectors.EVENT_READ)
        has_news = bool(waiting.select(0))
    if has_news:
        import psycopg

        with suppress(psycopg.Error):
            connection.execute("")
    return not connection.closed
