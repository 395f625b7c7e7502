"""The variables that an application in any process needs to reach this run's services."""

from __future__ import annotations

import ipaddress
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import Formatter
from urllib.parse import urlsplit

from pytest_seedstate.errors import SeedstateError, unknown_name

DEFAULTS = {
    "postgres": {"DATABASE_URL": "{postgres.url}"},
    "aws": {
        "AWS_ENDPOINT_URL": "{aws.url}",
        "AWS_ACCESS_KEY_ID": "{aws.access_key}",
        "AWS_SECRET_ACCESS_KEY": "{aws.secret_key}",
        "AWS_DEFAULT_REGION": "{aws.region}",
        "AWS_REGION": "{aws.region}",
    },
    "opensearch": {"OPENSEARCH_URL": "{opensearch.url}"},
}
"""What ``seedstate_env`` holds for each service without any ini line."""

OF_STORES = {"AWS_ENDPOINT_URL_DYNAMODB": "dynamodb_url", "AWS_ENDPOINT_URL_S3": "s3_url"}
"""What AWS clients read before ``AWS_ENDPOINT_URL``, and the variable of ``aws`` that it has."""

Variables = Callable[[str], Mapping[str, str]]
"""The variables of a service by its name."""


def services_named(templates: Mapping[str, str]) -> set[str]:
    """The services that templates refer to.

    Raises:
        SeedstateError: a placeholder that is not ``{service.variable}`` of a known service.
    """
    return {service for name, text in templates.items() for service, _ in _places(name, text)}


def expand(templates: Mapping[str, str], variables: Variables) -> dict[str, str]:
    """Templates with the services' values filled in.

    Raises:
        SeedstateError: a variable that the service does not have, with the closest one.
    """
    expanded = {}
    for name, text in templates.items():
        result = text
        for service, variable in _places(name, text):
            known = variables(service)
            if service == "aws":
                known = {**dict.fromkeys(OF_STORES.values(), known["url"]), **known}
            if variable not in known:
                raise unknown_name(
                    f"variable of {service}", variable, list(known), where=f"seedstate_env, {name}"
                )
            result = result.replace(f"{{{service}.{variable}}}", known[variable])
        expanded[name] = result
    return expanded


def _places(name: str, text: str) -> list[tuple[str, str]]:
    try:
        fields = [field for _, field, _, _ in Formatter().parse(text) if field is not None]
    except ValueError as error:
        raise SeedstateError(f"seedstate_env, {name}: '{text}' is no template: {error}") from None
    places = []
    for field in fields:
        service, dot, variable = field.partition(".")
        if service not in DEFAULTS or not dot:
            raise unknown_name(
                "service", service, list(DEFAULTS), where=f"seedstate_env, {name} = {text}"
            )
        places.append((service, variable))
    return places


def refuse_foreign_hosts(environment: Mapping[str, str], trusted: tuple[str, ...]) -> None:
    """Refuse a URL that leads off this machine: tests would write where nothing is rewound.

    Args:
        environment: variables as the application will see them.
        trusted: host names that the project named in ``seedstate_trusted_hosts``.

    Raises:
        SeedstateError: the variable and host, and the ini line that would allow it.
    """
    for name, value in environment.items():
        if not re.match(r"[a-z][a-z0-9+.-]*://", value, re.IGNORECASE):
            continue
        host = urlsplit(value).hostname
        if host and host not in trusted and not is_local(host):
            raise SeedstateError(
                f"{name} leads to '{host}', which is not this machine: nothing there is rewound",
                where="seedstate_env",
                fix=f"if '{host}' is a test service, say so: seedstate_trusted_hosts = {host}",
            )


GIVEN = "SEEDSTATE_GIVEN"
"""Holds, for workers and whatever else this process starts, what `note_given` was told."""


def given_environment() -> dict[str, str]:
    """The environment as it was before runs put ``seedstate_env`` into it."""
    return {**os.environ, **json.loads(os.environ.get(GIVEN, "{}"))}


def note_given(names: Iterable[str]) -> str:
    """What `given_environment` needs once these variables are overwritten, for ``SEEDSTATE_GIVEN``."""
    given = given_environment()
    return json.dumps({name: given.get(name, "") for name in names})


def urls_of_single_services(names: Iterable[str]) -> dict[str, str]:
    """Templates for what AWS clients read before ``AWS_ENDPOINT_URL``.

    Args:
        names: variables that there are: clients would be led past this run by them.
    """
    return {
        name: f"{{aws.{OF_STORES.get(name, 'url')}}}"
        for name in names
        if name.startswith("AWS_ENDPOINT_URL_")
    }


def is_local(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def export_lines(environment: Mapping[str, str]) -> Iterator[str]:
    """Lines that set variables in any shell of the POSIX kind, whatever a password holds."""
    for name, value in environment.items():
        quoted = value.replace("'", "'\\''")
        yield f"export {name}='{quoted}'"
