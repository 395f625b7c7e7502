"""The root of the AWS host: moto behind its recorder, as the host serves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pytest_seedstate.services.aws import moto_tuning
from pytest_seedstate.services.aws.middleware import Recorder
from pytest_seedstate.services.aws.moto_state import (
    Moto,
    UnknownServiceError,
    Value,
    prepare_environment,
)
from pytest_seedstate.services.host.hosted import RefusedError, Touch
from pytest_seedstate.services.host.process import run
from pytest_seedstate.services.host.tally import Writes

_AT_ONCE = ("dynamodb", "s3")
"""What nearly every user has switched this on for; the rest is imported while these serve."""


class HostedMoto(Recorder):
    """moto with what a host asks of an application.

    Args:
        services: those switched on, as boto3 names them; empty for all.
        region: where tables are when a request does not say.

    Raises:
        RefusedError: a service that there is not.
    """

    def __init__(self, services: Sequence[str], region: str) -> None:
        self._moto = Moto(region)
        try:
            signing_names = self._moto.signing_names(services)
        except UnknownServiceError as error:
            raise RefusedError({"unknown": error.name, "known": error.known}) from None
        for service in _AT_ONCE:
            self._moto.load(service)
        self._later = [name for name in signing_names if name not in _AT_ONCE]
        super().__init__(
            self._moto.application, signing_names, self._moto.key_names, self._moto.log_bucket
        )

    def begin(self, writes: Writes) -> None:
        """A server starts here; called in a process that has one thread."""
        super().begin(writes)
        self._moto.fresh_identifiers()

    def go_back(self) -> None:
        """Impossible: moto changes its state in too many places."""

    def settle(self) -> None:
        """Nothing to do: moto writes at once."""

    def warm_up(self) -> Iterator[None]:
        """Carry out common calls on an account of their own."""
        return self._moto.warm_up()

    def load_later(self) -> Callable[[], None] | None:
        """The services that few tests use."""
        return self._load_the_rest if self._later else None

    def values(self, touches: Sequence[Touch]) -> list[tuple[Touch, Value]]:
        """What moto holds for the records named."""
        return self._moto.values(touches)

    def _load_the_rest(self) -> None:
        for service in list(self._later):
            self._moto.load(service)
            self._later.remove(service)


def _make(config: dict[str, Any], tuned: bool) -> HostedMoto:
    prepare_environment()
    if not tuned:
        return HostedMoto(config["services"], config["region"])
    moto_tuning.before_import(config["services"])
    hosted = HostedMoto(config["services"], config["region"])
    moto_tuning.after_import()
    return hosted


def main() -> None:
    """The root process."""
    run(_make, "the embedded AWS")
