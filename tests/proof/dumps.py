"""Independent looks at all that the services of a project hold, and at its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from tests.opensearch_host import helpers as search_helpers
from tests.postgres import dumping
from tests.proof import aws_dump
from tests.proof.application import Application

Dump = dict[str, Any]
"""All that a service holds, by service."""

KEYED = {
    "people": "id",
    "nodes": "id",
    "parents": "id",
    "sons": "id",
    "daughters": "id",
    "stock": "id",
    "things": "number",
    "marks": "number",
}
"""Tables with keys, of which rows are compared with change sets; others in full dumps only."""


def full_dump(application: Application, endpoints: Mapping[str, Mapping[str, str]]) -> Dump:
    """All that the services hold.

    Args:
        application: whose clients ask.
        endpoints: of the services that run.
    """
    found: Dump = {}
    if "postgres" in endpoints:
        conninfo = _by_socket(endpoints["postgres"])
        found["postgres"] = dumping.full_dump(conninfo)
        found["postgres"]["records"] = _rows(conninfo)
    if "aws" in endpoints:
        found["aws"] = aws_dump.look(application.wire)
    if "opensearch" in endpoints:
        found["opensearch"] = search_helpers.everything(application.opensearch)
    return found


def records(dump: Dump) -> dict[tuple[Any, ...], Any]:
    """The records of a dump, by store, collection and key; of PostgreSQL those in `KEYED`."""
    found: dict[tuple[Any, ...], Any] = dict(dump.get("postgres", {}).get("records", {}))
    if "aws" in dump:
        found |= aws_dump.records(dump["aws"])
    if "opensearch" in dump:
        found |= search_helpers.records(dump["opensearch"])
    return found


def content(dump: Dump, service: str) -> Any:
    """What a service holds without what is another each time that it is made, such as versions."""
    if service == "postgres":
        return {name: rows for name, rows in dump["postgres"].items() if name != "settings"}
    found: dict[Any, Any] = records({service: dump[service]})
    if service == "aws":
        found["collections"] = sorted(dump["aws"]["tables"]), sorted(dump["aws"]["buckets"])
        found["queues"] = sorted(url.rpartition("/")[2] for url in dump["aws"]["queues"])
    else:
        found["collections"] = sorted(dump["opensearch"]["indices"])
    return found


def _by_socket(variables: Mapping[str, str]) -> str:
    return " ".join(
        (
            f"host={variables['socket']}",
            f"port={variables['port']}",
            f"user={variables['user']}",
            f"dbname={variables['dbname']}",
        )
    )


def _rows(conninfo: str) -> dict[tuple[Any, ...], Any]:
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as connection:
        there = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchall()
        return {
            ("postgres", table, row[KEYED[table]]): row
            for table in sorted(KEYED.keys() & {each["relname"] for each in there})
            for row in connection.execute(f"SELECT * FROM {table}").fetchall()
        }
