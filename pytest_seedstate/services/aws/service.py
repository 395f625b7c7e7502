"""The embedded AWS services, seen from the pytest process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_seedstate.errors import SeedstateError, closest
from pytest_seedstate.services.aws.describing import describing
from pytest_seedstate.services.host.hosted import Touch
from pytest_seedstate.services.host.service import HostService
from pytest_seedstate.services.rundir import RunDir
from pytest_seedstate.stores.changes import Change

DEFAULT_SERVICES = ("dynamodb", "s3", "secretsmanager", "sqs", "sns")
_ALWAYS = ("sts",)


class EmbeddedAws(HostService):
    """DynamoDB, S3 and more, emulated by moto in processes of their own.

    Args:
        rundir: the run's folder; the log and the counters go there.
        port: the TCP port on 127.0.0.1, or None for a free one.
        services: names of AWS services as boto3 has them, or ``("all",)``.
        region: the region that applications are told.

    Raises:
        SeedstateError: this system cannot fork.
    """

    name = "aws"
    title = "the embedded AWS"
    root_module = "pytest_seedstate.services.aws.hosted"

    def __init__(
        self,
        rundir: RunDir,
        *,
        port: int | None = None,
        services: Sequence[str] = DEFAULT_SERVICES,
        region: str = "eu-west-2",
    ) -> None:
        switched_on = [] if "all" in services else [*services, *_ALWAYS]
        super().__init__(rundir, port=port, config={"services": switched_on, "region": region})
        self._region = region

    @property
    def variables(self) -> Mapping[str, str]:
        """``url``, ``host``, ``port``, ``region``, ``access_key``, ``secret_key``.

        Raises:
            SeedstateError: the port is taken.
        """
        return {
            **super().variables,
            "region": self._region,
            "access_key": "seedstate",
            "secret_key": "seedstate-secret",
        }

    def describe(self, at: Touch, before: Any, after: Any) -> Change:
        """A change of an item or object; tables of other regions are named with theirs."""
        return describing(self._region)(at, before, after)

    def not_made(self, answer: Mapping[str, Any]) -> SeedstateError:
        """Why moto could not be made ready: an unknown service, or what every root may tell."""
        if "unknown" not in answer:
            return super().not_made(answer)
        near = closest(answer["unknown"], answer["known"])
        return SeedstateError(
            f"unknown AWS service '{answer['unknown']}'",
            where="seedstate_aws_services",
            checked="the services of boto3 that the installed moto emulates",
            fix=f"did you mean '{near}'?" if near else None,
        )
