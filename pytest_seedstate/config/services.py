"""The data services, their stores, and who provides each: ourselves, a container, or somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from pytest_seedstate.errors import SeedstateError, unknown_name

Provider = Literal["embedded", "containers", "external"]
PROVIDERS: tuple[Provider, ...] = get_args(Provider)

STORES_OF_SERVICE: Mapping[str, tuple[str, ...]] = {
    "postgres": ("postgres",),
    "aws": ("dynamodb", "s3"),
    "opensearch": ("opensearch",),
}
SERVICE_OF_STORE: Mapping[str, str] = {
    store: service for service, stores in STORES_OF_SERVICE.items() for store in stores
}

_SETTING = "seedstate_provider"
_EXAMPLE = "containers, or embedded,opensearch=containers"


def providers(text: str) -> dict[str, Provider]:
    """Who provides each service.

    Args:
        text: a provider for all, ``NAME=PROVIDER`` for one service or store, or both, separated
            by commas; services that are not named are embedded.

    Raises:
        SeedstateError: an unknown provider, service or store, or one that is named twice.
    """
    usual: Provider | None = None
    of_service: dict[str, Provider] = {}
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, equals, provider = (each.strip() for each in part.partition("="))
        if not equals:
            if usual is not None:
                raise _said_twice("all services", text)
            usual = _provider(name)
            continue
        service = SERVICE_OF_STORE.get(name, name)
        if service not in STORES_OF_SERVICE:
            known = dict.fromkeys([*STORES_OF_SERVICE, *SERVICE_OF_STORE])
            raise unknown_name("service or store", name, list(known), where=_SETTING)
        found = _provider(provider)
        if of_service.setdefault(service, found) != found:
            raise _said_twice(service, text)
    return {name: of_service.get(name, usual or "embedded") for name in STORES_OF_SERVICE}


def _provider(text: str) -> Provider:
    for known in PROVIDERS:
        if text == known:
            return known
    raise unknown_name("provider", text, PROVIDERS, where=_SETTING)


def _said_twice(what: str, text: str) -> SeedstateError:
    return SeedstateError(
        f"the provider of {what} is said twice: '{text}'",
        where=_SETTING,
        fix=f"such as {_EXAMPLE}; dynamodb and s3 are one service, aws",
    )
