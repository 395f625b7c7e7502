"""What a service's URL says: where it is, how to log in, and whether it is ours to change."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pytest_seedstate.engine.environment import is_local
from pytest_seedstate.errors import MissingExtraError, SeedstateError

DEFAULT_REGION = "eu-west-2"
_ANY_KEY = "seedstate"
"""Emulators take any credentials where the environment has none."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service that runs.

    Attributes:
        service: its name, a key of `STORES_OF_SERVICE`.
        variables: how to reach it, as `Service.variables` has them.
        source: who named it: an environment variable or setting, or ``seedstate up``.
    """

    service: str
    variables: Mapping[str, str]
    source: str


def read_endpoint(service: str, url: str, name: str, trusted: tuple[str, ...]) -> Endpoint:
    """The service that a URL leads to, if it may be changed.

    Args:
        service: a key of `STORES_OF_SERVICE`.
        url: where it is.
        name: the variable or setting that says so, for messages.
        trusted: hosts besides this machine that are test services (``seedstate_trusted_hosts``).

    Raises:
        SeedstateError: it makes no sense, or leads to a host that is not this machine and not
            trusted; Amazon's own services never are.
    """
    try:
        _refuse_misread(url)
        hosts, variables = _postgres(url) if service == "postgres" else _http(service, url)
    except ValueError as error:
        raise SeedstateError(f"{name} is no URL of {service}: {error}", where=name) from None
    for host in hosts:
        if service != "postgres" and is_amazon(host):
            raise SeedstateError(
                f"{name} leads to '{host}', which is Amazon's own service: never changed by tests",
                where=name,
                fix="an emulator, or services of your own: seedstate up",
            )
        if host not in trusted and not is_local(host) and not host.startswith("/"):
            raise SeedstateError(
                f"{name} leads to '{host}', which is not this machine",
                where=name,
                checked=f"seedstate_trusted_hosts: {', '.join(trusted) or 'not set'}",
                fix=f"if '{host}' is a test service, say so: seedstate_trusted_hosts = {host}; "
                "or start services of your own: seedstate up",
            )
    return Endpoint(service, variables, name)


def is_amazon(host: str) -> bool:
    """Whether a name is one of Amazon's, however a resolver may be brought to it."""
    # Resolvers take other full stops for points, and a point at the end for none.
    return bool(_AMAZON.search(host.lower().translate(_FULL_STOPS).rstrip(".")))


_FULL_STOPS = str.maketrans("\u3002\uff0e\uff61", "...")
# With China, the European sovereign cloud, and what endpoints of two address families end in.
_AMAZON = re.compile(
    r"(^|\.)(amazonaws\.(com(\.cn)?|eu)|amazonwebservices\.(com(\.cn)?|eu)|api\.aws|on\.aws"
    r"|cloud\.adc-e\.uk|c2s\.ic\.gov|sc2s\.sgov\.gov|csp\.hci\.ic\.gov)$"
)
_MISREAD = re.compile(r"[\x00-\x20\x7f\\]")
"""What some parsers of URLs leave out, or take for a slash, and others do not."""


def _refuse_misread(url: str) -> None:
    if _MISREAD.search(url):
        raise ValueError(f"it has a blank, a backslash or a control character: {_UNQUOTED}")


_PLACE = re.compile(r"(\[[^][]*\]|[^][:]*)(:[0-9]*)?")
_UNQUOTED = "an @, / or : of a user or password is written %40, %2F or %3A"
_UNREADABLE = f"its host or port cannot be read: {_UNQUOTED}"


def _postgres(url: str) -> tuple[list[str], dict[str, str]]:
    """Hosts and variables of a PostgreSQL URL, SQLAlchemy's ``postgresql+driver://`` included."""
    scheme, sign, rest = url.partition("://")
    kind = scheme.partition("+")[0]
    if not sign or kind not in ("postgresql", "postgres"):
        raise ValueError("it should begin with postgresql://")
    plain = f"postgresql://{rest}"
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ImportError:
        raise MissingExtraError("postgres", "psycopg", "a PostgreSQL connection") from None
    try:
        parts = {key: str(value) for key, value in conninfo_to_dict(plain).items() if value}
    except psycopg.ProgrammingError:
        # What libpq says has the part of the URL that it means, which may be the password.
        raise ValueError(
            "libpq cannot read it; what means something in a URL is written %XX in user and "
            "password, an IPv6 address stands in [], and what follows ? is known to libpq"
        ) from None
    # What the URL leaves out, libpq takes from its own variables.
    for key, variable in (("host", "PGHOST"), ("hostaddr", "PGHOSTADDR"), ("service", "PGSERVICE")):
        if key not in parts and os.environ.get(variable):
            parts[key] = os.environ[variable]
    if "service" in parts:
        raise ValueError("a service file of libpq hides its host")
    hosts = [host for key in ("host", "hostaddr") for host in parts.get(key, "").split(",") if host]
    host, port = parts.get("host", "localhost"), parts.get("port", "5432")
    # What stands in their place may be a part of a password.
    if "@" in host:
        raise ValueError(_UNQUOTED)
    if not all(each.isdecimal() for each in port.split(",") if each):
        raise ValueError(f"its port is no number: {_UNQUOTED}")
    user, password = parts.get("user", ""), parts.get("password", "")
    login = rest.partition("/")[0].rpartition("@")[0]
    return hosts, {
        "url": plain,
        "host": host,
        "port": port,
        "user": user,
        "password": password,
        "dbname": parts.get("dbname", user),
        "authority": f"{login}@{host}:{port}" if login else f"{host}:{port}",
    }


def _http(service: str, url: str) -> tuple[list[str], dict[str, str]]:
    try:
        split = urlsplit(url)
        port = split.port
    except ValueError:
        # What urllib says has the part of the URL that it means, which may be the password.
        raise ValueError(_UNREADABLE) from None
    # Some versions of Python read an address in brackets without what follows it.
    if not _PLACE.fullmatch(split.netloc.rpartition("@")[2]):
        raise ValueError(_UNREADABLE)
    if split.scheme not in ("http", "https") or not split.hostname:
        raise ValueError("it should begin with http:// or https:// and name a host")
    variables: dict[str, Any] = {
        "url": url.rstrip("/"),
        "host": split.hostname,
        "port": str(port or (443 if split.scheme == "https" else 80)),
    }
    if service == "aws":
        environment = os.environ
        variables["region"] = (
            environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        )
        variables["access_key"] = environment.get("AWS_ACCESS_KEY_ID") or _ANY_KEY
        variables["secret_key"] = environment.get("AWS_SECRET_ACCESS_KEY") or _ANY_KEY
    return [split.hostname], variables
