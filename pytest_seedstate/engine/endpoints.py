"""Services that run already: where they are, and their stores without a journal."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import STORES_OF_SERVICE
from pytest_seedstate.engine.endpoint_urls import DEFAULT_REGION, Endpoint, read_endpoint
from pytest_seedstate.engine.environment import (
    DEFAULTS,
    OF_STORES,
    expand,
    given_environment,
    refuse_foreign_hosts,
)
from pytest_seedstate.errors import MissingExtraError, SeedstateError
from pytest_seedstate.stores.aws_http import variables_of
from pytest_seedstate.stores.no_journal import NoJournal

if TYPE_CHECKING:
    from pytest_seedstate.stores.base import Store

_CONNECT_SECONDS = 10
"""Seconds for a PostgreSQL server to take a connection."""

_HTTP_STORES = {
    "dynamodb": ("pytest_seedstate.stores.dynamodb", "DynamoDBStore"),
    "s3": ("pytest_seedstate.stores.s3", "S3Store"),
    "opensearch": ("pytest_seedstate.stores.opensearch", "OpenSearchStore"),
}
"""Stores that are made of their service's variables and a journal."""

_HTTP_PLACE = {"url": "http://127.0.0.1:1", "host": "127.0.0.1", "port": "1"}
_LOGIN = "user:password@127.0.0.1:1"
EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "postgres": {
        "url": f"postgresql://{_LOGIN}/name",
        "host": "127.0.0.1",
        "port": "1",
        "user": "user",
        "password": "password",
        "dbname": "name",
        "authority": _LOGIN,
        "socket": "/folder",
    },
    "aws": {**_HTTP_PLACE, "region": DEFAULT_REGION, "access_key": "key", "secret_key": "secret"},
    "opensearch": _HTTP_PLACE,
}
"""Each service's variables with values of their kind, known while nothing runs."""

_NOWHERE = Path(os.devnull)
"""The folder for kept baselines, of which there are none."""


def open_stores(
    endpoints: Iterable[Endpoint], *, lock_timeout: float, schema_rows: Path | None = None
) -> dict[str, Store]:
    """The stores of services, by name; nothing is connected to before it is used.

    Args:
        endpoints: the services.
        lock_timeout: seconds that clearing waits for an application's open transaction.
        schema_rows: folder for the rows that a schema of ours put into PostgreSQL.

    Raises:
        MissingExtraError: what reaches PostgreSQL is not installed.
    """
    stores: dict[str, Store] = {}
    for endpoint in endpoints:
        for name in STORES_OF_SERVICE[endpoint.service]:
            stores[name] = _open(name, endpoint, lock_timeout, schema_rows)
    return stores


def _open(name: str, endpoint: Endpoint, lock_timeout: float, schema_rows: Path | None) -> Store:
    if name == "postgres":
        try:
            from pytest_seedstate.stores.postgres import PostgresStore
        except ImportError:
            raise MissingExtraError("postgres", "psycopg", "a PostgreSQL connection") from None
        conninfo = _with_timeout(endpoint.variables["url"])
        return PostgresStore(
            conninfo, spill=_NOWHERE, lock_timeout=lock_timeout, schema_rows=schema_rows
        )
    module, kind = _HTTP_STORES[name]
    made: Store = getattr(import_module(module), kind)(
        variables_of(name, endpoint.variables), NoJournal(endpoint.service)
    )
    return made


def _with_timeout(url: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    given = conninfo_to_dict(url)
    return make_conninfo(url, connect_timeout=given.get("connect_timeout") or _CONNECT_SECONDS)


def check_templates(settings: Settings) -> None:
    """Find mistakes in ``seedstate_env`` before anything runs.

    Raises:
        SeedstateError: a service or variable that does not exist, or a URL that leads to a host
            that is neither this machine nor in ``seedstate_trusted_hosts``.
    """
    expanded = expand(settings.env, EXAMPLES.__getitem__)
    try:
        refuse_foreign_hosts(expanded, settings.trusted_hosts)
    except ValueError:
        raise SeedstateError("a URL cannot be read", where="seedstate_env") from None


# -- endpoints that the environment names


def named_endpoints(settings: Settings) -> dict[str, Endpoint]:
    """The services that the environment or ini ``seedstate_env`` leads to, by name.

    A service is named by the variable that would carry its URL to the application
    (``DATABASE_URL``, or what ``seedstate_env`` calls it); its value stands in the environment,
    or in ``seedstate_env`` where that has a plain URL instead of a template. DynamoDB and S3 are
    where ``AWS_ENDPOINT_URL_DYNAMODB`` and ``AWS_ENDPOINT_URL_S3`` lead, which clients read first.

    Raises:
        SeedstateError: a URL that makes no sense, or leads to a host that is not this machine and
            not in ``seedstate_trusted_hosts``; one of DynamoDB and S3 is somewhere alone.
    """
    found: dict[str, Endpoint] = {}
    for service in STORES_OF_SERVICE:
        for name in _url_names(service, settings.env):
            template = settings.env.get(name, "{")
            url = os.environ.get(name) if "{" in template else template
            if url:
                found[service] = read_endpoint(service, url, name, settings.trusted_hosts)
                break
    stores = {store: [_variable_of(store, os.environ)] for store in _AWS_STORES}
    aws = _as_two_services(found.get("aws"), stores, settings)
    if aws is not None:
        found["aws"] = aws
    return {service: _with_ca_file(one, settings) for service, one in found.items()}


def external_endpoint(service: str, settings: Settings) -> Endpoint:
    """Where an external service of a test run is.

    Its URL is an option or ini value; else what `named_endpoints` would find in the environment
    that this run was started in, whatever it has exported since.

    Raises:
        SeedstateError: nothing says where, or as `named_endpoints`.
    """
    found = _first(service, _named(service, settings), settings)
    if service == "aws":
        stores = {store: _named_store(store, settings) for store in _AWS_STORES}
        found = _as_two_services(found, stores, settings)
    if found is not None:
        return _with_ca_file(found, settings)
    setting, *names = (name for name, _ in _named(service, settings))
    raise SeedstateError(
        f"{service} is external, and nothing says where it is",
        where="seedstate_provider",
        checked=f"{setting}; in the environment: {', '.join(names)}",
        fix=f"set {setting} or {names[0]}; or another provider: {service}=embedded",
    )


def _with_ca_file(endpoint: Endpoint, settings: Settings) -> Endpoint:
    if settings.ca_file is None:
        return endpoint
    return replace(endpoint, variables={**endpoint.variables, "ca_file": str(settings.ca_file)})


def is_named(service: str, settings: Settings) -> bool:
    """Whether anything says where an external service is."""
    named = _named(service, settings)
    if service == "aws":
        named = [*named, *(each for store in _AWS_STORES for each in _named_store(store, settings))]
    return any(url for _, url in named)


_AWS_STORES = STORES_OF_SERVICE["aws"]

_Named = tuple[str, str | None]
"""A setting or variable, and the URL that it has."""


def _first(service: str, named: Iterable[_Named], settings: Settings) -> Endpoint | None:
    for name, url in named:
        if url:
            return read_endpoint(service, url, name, settings.trusted_hosts)
    return None


def _as_two_services(
    found: Endpoint | None, stores: Mapping[str, list[_Named]], settings: Settings
) -> Endpoint | None:
    """DynamoDB and S3 where each may have its own URL; ``s3_url`` is there where they differ."""
    own = {store: _first("aws", named, settings) for store, named in stores.items()}
    if not any(own.values()):
        return found
    dynamodb, s3 = (own[store] or found for store in _AWS_STORES)
    if dynamodb is None or s3 is None:
        missing, there = ("dynamodb", s3) if dynamodb is None else ("s3", dynamodb)
        assert there is not None
        names = [name for name, _ in stores[missing]]
        raise SeedstateError(
            f"nothing says where {missing} is",
            where=f"{there.source}, which is for one of the two",
            checked=f"{', '.join(names)}; what is for both: seedstate_aws_url, AWS_ENDPOINT_URL",
            fix=f"set {' or '.join(names)}",
        )
    if dynamodb.variables["url"] == s3.variables["url"]:
        return dynamodb
    return Endpoint(
        "aws",
        {**dynamodb.variables, "s3_url": s3.variables["url"]},
        ", ".join(dict.fromkeys([dynamodb.source, s3.source])),
    )


def _named_store(store: str, settings: Settings) -> list[_Named]:
    """As `_named`, for one store of AWS; a setting for both comes before its variable."""
    given = {} if settings.urls.get("aws") else given_environment()
    return [(f"seedstate_{store}_url", settings.urls.get(store)), _variable_of(store, given)]


def _variable_of(store: str, environment: Mapping[str, str]) -> _Named:
    variable = next(name for name, own in OF_STORES.items() if own == f"{store}_url")
    return variable, environment.get(variable)


def _named(service: str, settings: Settings) -> list[_Named]:
    """What may say where an external service is, and what it says; what comes first wins."""
    given = given_environment()
    names = _url_names(service, settings.env)
    setting = f"seedstate_{service}_url"
    return [(setting, settings.urls.get(service)), *((name, given.get(name)) for name in names)]


def url_variables(settings: Settings) -> list[str]:
    """The variables that `named_endpoints` looks at."""
    usual = [name for service in STORES_OF_SERVICE for name in _url_names(service, settings.env)]
    return [*usual, *OF_STORES]


def _url_names(service: str, env: Mapping[str, str]) -> list[str]:
    place = f"{{{service}.url}}"
    own = [name for name, template in env.items() if template == place]
    usual = [name for name, template in DEFAULTS[service].items() if template == place]
    return list(dict.fromkeys([*own, *usual]))


# -- what may be shown


def masked(variables: Mapping[str, str]) -> dict[str, str]:
    """Variables of a service without its secrets."""
    shown = dict(variables)
    for name in ("password", "access_key", "secret_key"):
        if shown.get(name):
            shown[name] = MASK
    for name in shown:
        if name.endswith("url") or name == "authority":
            shown[name] = masked_url(shown[name])
    return shown


def places(variables: Mapping[str, str]) -> str:
    """Every URL of a service, without secrets, for people."""
    urls = (url for name, url in masked(variables).items() if name.endswith("url"))
    return ", ".join(dict.fromkeys(urls))


MASK = "***"

_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?", re.IGNORECASE)
_SECRET_KEYS = ("password", "sslpassword", "passfile", "oauth_client_secret")
"""What libpq takes from a URL's query that is a secret, or leads to one."""


def masked_url(url: str) -> str:
    """A URL, or its authority, without its password and secrets of its query."""
    scheme = _SCHEME.match(url)
    start = scheme.end() if scheme else 0
    authority, slash, path = url[start:].partition("/")
    login, at, host = authority.rpartition("@")
    user, colon, password = login.partition(":")
    if at and colon and unquote(password):
        login = f"{user}:{MASK}"
    place, sign, query = f"{login}{at}{host}{slash}{path}".partition("?")
    return f"{url[:start]}{place}{sign}{'&'.join(map(_masked_pair, query.split('&')))}"


def _masked_pair(pair: str) -> str:
    key, _, value = pair.partition("=")
    return f"{key}={MASK}" if value and unquote(key).lower() in _SECRET_KEYS else pair
