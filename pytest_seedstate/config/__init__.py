"""Settings: which there are, how values are checked, where they stand."""

from pytest_seedstate.config.known import SETTINGS, Setting
from pytest_seedstate.config.settings import DEFAULT_AWS_SERVICES, Settings

__all__ = ["DEFAULT_AWS_SERVICES", "SETTINGS", "Setting", "Settings"]
