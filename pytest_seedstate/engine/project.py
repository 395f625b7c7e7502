"""One project: its settings, scenarios, services and engine, the same in tests and on the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_seedstate.config import Settings
from pytest_seedstate.config.services import SERVICE_OF_STORE, STORES_OF_SERVICE
from pytest_seedstate.engine.datasets import Datasets
from pytest_seedstate.engine.environment import (
    DEFAULTS,
    OF_STORES,
    expand,
    given_environment,
    refuse_foreign_hosts,
    services_named,
    urls_of_single_services,
)
from pytest_seedstate.engine.figures import Figures
from pytest_seedstate.engine.fleet import Fleet
from pytest_seedstate.engine.providers import CLIENT_OF_SERVICE, silent
from pytest_seedstate.engine.states import SCHEMA_ONLY, State
from pytest_seedstate.errors import SeedstateError, unknown_name

if TYPE_CHECKING:
    from pytest_seedstate.engine.clients import Clients
    from pytest_seedstate.engine.engine import Engine
    from pytest_seedstate.engine.from_containers import FromContainers
    from pytest_seedstate.engine.schema import Schema, SchemaHook
    from pytest_seedstate.records.registry import Registry

_SECRET_WORDS = ("PASSWORD", "SECRET", "TOKEN", "KEY")
"""In the names of variables whose values are not shown."""


class Project:
    """Everything of a project, each part made when it is first asked for.

    Args:
        settings: the checked settings.
        schema_hook: what calls the users' hooks that create a schema, None while there are none;
            asked whenever services start.
        endpoints: how to reach services that run already, by name; None where this project starts
            its own.
        tell: told how far a long start of its own services is.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        schema_hook: Callable[[], SchemaHook | None] = lambda: None,
        endpoints: Mapping[str, Mapping[str, str]] | None = None,
        tell: Callable[[str], None] = silent,
    ) -> None:
        self.settings = settings
        self.figures = Figures()
        self.schema_only = State(SCHEMA_ONLY, SCHEMA_ONLY, frozenset())
        self._schema_hook = schema_hook
        self._endpoints = endpoints
        self._fleet = Fleet(settings, self.figures, tell)
        self._datasets = Datasets(settings, self.figures)
        self._registry: Registry | SeedstateError | None = None

    @property
    def registry(self) -> Registry:
        """All scenarios and reset states.

        Raises:
            SeedstateError: a pack that fails to import, or two of one name; the same every time.
        """
        if isinstance(self._registry, SeedstateError):
            raise self._registry
        if self._registry is None:
            from pytest_seedstate.records.registry import Registry

            try:
                self._registry = Registry.find(
                    self.settings.root,
                    self.settings.scenarios,
                    default_pack=self.settings.default_pack,
                    own_schema=("postgres",) if self.settings.schema else (),
                )
            except SeedstateError as error:
                self._registry = error
                raise
        return self._registry

    def check(self) -> None:
        """Find every mistake that can be found before a service starts.

        Raises:
            SeedstateError: in the packs or in the settings of schema and services; the same every
                time.
        """
        _ = self._checked

    @cached_property
    def _checked(self) -> bool:
        from pytest_seedstate.engine.checks import check_settings

        _ = self.registry
        self.schema.check()
        check_settings(self.settings)
        return True

    def check_providers(self, stores: Iterable[str]) -> None:
        """See that it is known where external services of some stores are.

        Raises:
            SeedstateError: it is not, or they may not be changed.
        """
        from pytest_seedstate.engine.endpoints import external_endpoint

        for service in {SERVICE_OF_STORE[store] for store in stores}:
            if self.settings.providers[service] == "external":
                external_endpoint(service, self.settings)

    @cached_property
    def engine(self) -> Engine:
        """What drives the stores."""
        from pytest_seedstate.engine.engine import Engine

        return Engine(
            self._fleet,
            self.schema,
            self.figures,
            verify=self.settings.verify,
            open_fails=self.settings.open_transactions == "fail",
        )

    @cached_property
    def clients(self) -> Clients:
        """Clients for fixtures and scenarios."""
        from pytest_seedstate.engine.clients import Clients

        return Clients(self._variables)

    @cached_property
    def schema(self) -> Schema:
        """What must exist in stores that start."""
        from pytest_seedstate.engine.schema import Schema

        return Schema(
            self.settings.root,
            self.settings.schema,
            declared=self.registry.schema_for,
            environment=self.environment,
            hook=self._schema_hook,
            all_stores=self.stores_of_environment,
        )

    # -- endpoints

    @cached_property
    def services(self) -> tuple[str, ...]:
        """The services that ini ``seedstate_env`` names; else those that can be reached.

        These are the ones whose client is installed, and of external ones those that are named.
        """
        if self._endpoints is not None:
            return tuple(self._endpoints)
        if self.settings.env:
            return tuple(sorted(services_named(self.settings.env)))
        return tuple(
            name
            for name, (_, package) in CLIENT_OF_SERVICE.items()
            if find_spec(package) and self._is_somewhere(name)
        )

    def _is_somewhere(self, service: str) -> bool:
        from pytest_seedstate.engine.endpoints import is_named

        return self.settings.providers[service] != "external" or is_named(service, self.settings)

    @property
    def stores_of_environment(self) -> frozenset[str]:
        """The stores that an application with ``seedstate_env`` may use."""
        return frozenset(store for name in self.services for store in STORES_OF_SERVICE[name])

    def endpoints(self) -> dict[str, dict[str, str]]:
        """How to reach each service: its variables by its name."""
        return {name: dict(self._variables(name)) for name in self.services}

    def _variables(self, service: str) -> Mapping[str, str]:
        if self._endpoints is None:
            return self._fleet.variables(service)
        if service not in self._endpoints:
            raise unknown_name("running service", service, list(self._endpoints))
        return self._endpoints[service]

    def exported_environment(self) -> dict[str, str]:
        """Ini ``seedstate_env`` with values filled in; reserves the ports that it names.

        Raises:
            SeedstateError: a template is wrong, or leads to a host that is not this machine.
        """
        exported = expand(self._exported_templates(), self._variables)
        refuse_foreign_hosts(exported, self.settings.trusted_hosts)
        return exported

    def environment(self) -> dict[str, str]:
        """The usual variables of each service, and those of ini ``seedstate_env``."""
        return expand(self._usual_templates(), self._variables) | self.exported_environment()

    def environment_in_containers(self) -> dict[str, str]:
        """`environment` as an application in a container on this machine needs it.

        Raises:
            MissingExtraError: testcontainers is not installed.
            SeedstateError: the Docker engine cannot be used, or a template is wrong.
        """
        self.exported_environment()
        templates = self._usual_templates() | self._exported_templates()
        return expand(templates, self._from_containers.variables)

    @cached_property
    def _from_containers(self) -> FromContainers:
        from pytest_seedstate.engine.from_containers import FromContainers

        return FromContainers(self._variables)

    def _usual_templates(self) -> dict[str, str]:
        usual = {
            name: template
            for service in self.services
            for name, template in DEFAULTS[service].items()
        }
        return usual | (self._of_single_services if "aws" in self.services else {})

    def _exported_templates(self) -> dict[str, str]:
        templates = self._templates(self.settings.env)
        if "AWS_ENDPOINT_URL" not in templates:
            return templates
        return self._of_single_services | templates

    @cached_property
    def _of_single_services(self) -> dict[str, str]:
        """What would lead AWS clients elsewhere than ``AWS_ENDPOINT_URL`` does."""
        named = [name for name, own in OF_STORES.items() if own[:-4] in self.settings.urls]
        given = [name for name, value in given_environment().items() if value]
        return urls_of_single_services([*named, *given])

    def _templates(self, templates: Mapping[str, str]) -> dict[str, str]:
        """Those that name services of this project only: of endpoints, some may be left out."""
        return {
            name: template
            for name, template in templates.items()
            if self._endpoints is None or services_named({name: template}) <= set(self._endpoints)
        }

    def shown_environment(self) -> dict[str, str]:
        """`environment` without secrets, to be shown to people."""
        from pytest_seedstate.engine.endpoints import MASK, masked, masked_url

        templates = self._usual_templates() | self._templates(self.settings.env)
        shown = expand(templates, lambda service: masked(self._variables(service)))
        for name in shown:
            if "{" not in templates[name]:
                secret = any(word in name.upper() for word in _SECRET_WORDS)
                shown[name] = MASK if secret else masked_url(shown[name])
        return shown

    # -- states

    def state(
        self,
        scenarios: Sequence[Any] = (),
        *,
        params: Mapping[str, Any] | None = None,
        reset_state: str | None = None,
        visible_from: Path | None = None,
    ) -> State:
        """What a reset state with scenarios on top of it means; nothing is generated yet.

        Args:
            scenarios: names or `Scenario` objects, in the order in which they are layered.
            params: parameters of a single scenario.
            reset_state: the name of the state below them.
            visible_from: the file that asks, for scenarios of conftest files.

        Raises:
            SeedstateError: an unknown or ambiguous name, or a parameter that does not fit.
        """
        from pytest_seedstate.records.generate import generate
        from pytest_seedstate.records.plan import plan

        made = plan(
            self.registry,
            scenarios,
            params,
            reset_state=reset_state,
            visible_from=visible_from,
        )
        stores = made.possible_stores
        if reset_state is not None:
            pack = self.registry.reset_state(reset_state, visible_from=visible_from).pack
            stores |= frozenset(pack.stores if pack else ())
        if not made.steps:
            return State(SCHEMA_ONLY, made.title, stores)
        if made.ddl:
            stores |= {"postgres"}
        settings = self.settings
        return State(
            made.key(settings.seed, settings.clock),
            made.title,
            stores,
            lambda after, load: self._datasets.get(
                made,
                after,
                lambda: generate(
                    made,
                    seed_number=settings.seed,
                    now=settings.clock,
                    env=self.environment() if made.writes_itself else {},
                    clients=self.clients,
                    after=after,
                    load=load,
                ),
            ),
            made.writes_itself,
            made.ddl,
        )

    def close(self) -> None:
        """Close clients and stop services."""
        if "_from_containers" in self.__dict__:
            self._from_containers.close()
        if "clients" in self.__dict__:
            self.clients.close()
        self._fleet.stop()
