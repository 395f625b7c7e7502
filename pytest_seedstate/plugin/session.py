"""What hangs on pytest's config: the run's project, and the runtime once a test needs it."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from pytest_seedstate.config import Settings
from pytest_seedstate.config.sources import Sources, check_ini_names
from pytest_seedstate.errors import SeedstateError

if TYPE_CHECKING:
    from pytest_seedstate.engine.project import Project
    from pytest_seedstate.engine.schema import SchemaHook
    from pytest_seedstate.plugin.runtime import Runtime

session_key = pytest.StashKey["Session"]()
RUNTIME_NAME = "seedstate-runtime"


class Session:
    """One pytest run, from its first look at the settings to its end.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._replaced: dict[str, str | None] = {}

    @cached_property
    def settings(self) -> Settings:
        """All settings, an option before its ini value.

        Raises:
            pytest.UsageError: a value is wrong.
        """
        try:
            return Settings.read(self._config.rootpath, self._value)
        except SeedstateError as error:
            raise pytest.UsageError(str(error)) from None

    def _value(self, name: str) -> Any:
        # Before conftests load, options stand in no other place yet.
        options = (self._config.option, self._config.known_args_namespace)
        given = (getattr(each, name, None) for each in options)
        option = next((value for value in given if value is not None), None)
        return self._sources.value(name) if option is None else option

    @cached_property
    def _sources(self) -> Sources:
        overrides = self._config.known_args_namespace.override_ini or ()
        overridden = {each.partition("=")[0].strip() for each in overrides}
        file = self._config.inipath
        check_ini_names(overridden, "-o")
        check_ini_names(self._ini_names(), file.name if file else "pytest's ini")
        return Sources(
            self._config.rootpath, self._config.getini, ini_file=file, overridden=overridden
        )

    def _ini_names(self) -> list[str]:
        """All names that pytest's ini has, known to anybody or not; no public way tells them."""
        # Pytest 9 warns of the name that earlier ones have.
        own = "_inicfg" if hasattr(self._config, "_inicfg") else "inicfg"
        return list(getattr(self._config, own))

    @property
    def exports_environment(self) -> bool:
        """Whether `export_environment` has anything to do.

        Raises:
            pytest.UsageError: the settings cannot be read.
        """
        try:
            return bool(self._sources.value("seedstate_env"))
        except SeedstateError as error:
            raise pytest.UsageError(str(error)) from None

    @cached_property
    def project(self) -> Project:
        """The project's scenarios, services and stores."""
        from pytest_seedstate.engine.project import Project
        from pytest_seedstate.plugin.telling import Telling

        return Project(self.settings, schema_hook=self._schema_hook, tell=Telling(self._config))

    def _schema_hook(self) -> SchemaHook | None:
        # Asked when services start: with ini `seedstate_env` the project is made before conftests.
        caller = self._config.hook.pytest_seedstate_schema
        if not caller.get_hookimpls():
            return None
        return lambda environment: caller(env=environment)

    @property
    def has_default_state(self) -> bool:
        """Whether tests without a marker may start from a state too."""
        return bool(
            self.settings.scenario
            or self.settings.reset_state
            or self._config.hook.pytest_seedstate_scenario.get_hookimpls()
        )

    def export_environment(self) -> None:
        """Put ini ``seedstate_env`` into this process's environment, for settings read at import.

        Raises:
            pytest.UsageError: a template is wrong.
        """
        if not self.settings.env:
            return
        try:
            exported = self.project.exported_environment()
        except SeedstateError as error:
            raise pytest.UsageError(str(error)) from None
        from pytest_seedstate.engine.environment import GIVEN, note_given

        # Workers begin with what is exported here, and external services stand in what was there.
        if "external" in self.settings.providers.values():
            exported[GIVEN] = note_given(exported)
        for name, value in exported.items():
            self._replaced[name] = os.environ.get(name)
            os.environ[name] = value

    def close(self) -> None:
        """Stop all services and put the environment back."""
        if "project" in self.__dict__:
            self.project.close()
        for name, value in self._replaced.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._replaced.clear()


def session_of(config: pytest.Config) -> Session:
    """The run's session; made on first use, since conftests load before ``pytest_configure``."""
    if session_key not in config.stash:
        config.stash[session_key] = session = Session(config)
        # Not ``pytest_unconfigure``, which a run that a conftest's error ends does not come to.
        config.add_cleanup(session.close)
    return config.stash[session_key]


def runtime_of(config: pytest.Config) -> Runtime:
    """The runtime, registered when a test first needs it."""
    runtime: Runtime | None = config.pluginmanager.get_plugin(RUNTIME_NAME)
    if runtime is None:
        from pytest_seedstate.plugin.runtime import Runtime

        session = session_of(config)
        runtime = Runtime(session.project.engine, session.project.clients, session.settings)
        config.pluginmanager.register(runtime, RUNTIME_NAME)
        config.pluginmanager.register(runtime.layers)
    return runtime
