"""AWS services in a LocalStack container."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from pytest_seedstate.services.cache import Note, log_note
from pytest_seedstate.services.containers.docker_engine import End
from pytest_seedstate.services.containers.http_status import Asking, call, status_of
from pytest_seedstate.services.containers.recipe import Recipe
from pytest_seedstate.services.containers.service import ContainerService, silent
from pytest_seedstate.services.containers.spots import Spot
from pytest_seedstate.services.ports import HOST
from pytest_seedstate.services.rundir import RunDir

#: The account that the embedded AWS has, so that ARNs are the same. LocalStack takes an access key
#: of 12 digits for the account (measurements: aws.md).
ACCOUNT = "123456789012"

_TOKEN = "LOCALSTACK_AUTH_TOKEN"  # noqa: S105 - a variable's name
#: Where LocalStack looks for what it executes when it is ready.
_WHEN_READY = "/etc/localstack/init/ready.d/seedstate.py"
_RESET = Path(__file__).parent / "inside" / "localstack_reset.py"
_RESET_PATH = "/_seedstate/reset"
#: What it says when it has emptied everything: its S3 would answer a path that nobody knows.
_EMPTIED = b"emptied"

_RESET_SECONDS = 30.0
#: What LocalStack exits with where it wants a licence (measurements: aws.md).
_NO_LICENCE = 55


class ContainerLocalStack(ContainerService):
    """DynamoDB, S3 and more, by LocalStack.

    Args:
        rundir, image, port, reuse, alone, note, tell: see `ContainerService`.
        region: the region that applications are told.
        account: twelve digits: an account of their own keeps workers apart that share a container,
            but for the names of buckets.
    """

    name = "aws"
    title = "the LocalStack container"
    image_setting = "seedstate_localstack_image"
    # Accounts would keep workers apart, but not the names of their buckets.
    alone_by_default = True
    # Two programs start one after the other, Python and Java: 7 s, but 94 s on a machine with six
    # times as much to do as it can.
    start_seconds = 300.0

    def __init__(
        self,
        rundir: RunDir,
        *,
        image: str,
        port: int | None = None,
        reuse: bool = False,
        alone: bool | None = None,
        note: Note = log_note,
        tell: Callable[[str], None] = silent,
        region: str = "eu-west-2",
        account: str = ACCOUNT,
    ) -> None:
        super().__init__(
            rundir, image=image, port=port, reuse=reuse, alone=alone, note=note, tell=tell
        )
        self._region = region
        self._account = account
        self._first_call: Asking | None = None

    def recipe(self) -> Recipe:
        """State in memory, no calls home, the user's licence where there is one."""
        environment = {
            "DYNAMODB_IN_MEMORY": "1",
            "PERSISTENCE": "0",
            "DISABLE_EVENTS": "1",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "GATEWAY_LISTEN": "0.0.0.0:4566",
            # A test run is over before Java's better compiler pays: without it the first DynamoDB
            # answer took 10.6 s of processor time instead of 12.5, 300 puts 2.9 instead of 4.2.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            # URLs of queues name the host that the caller used: the port here is not the one there.
            "SQS_ENDPOINT_STRATEGY": "dynamic",
        }
        token = os.environ.get(_TOKEN)
        if token:
            environment[_TOKEN] = token
        return Recipe(
            image=self._image,
            port=4566,
            environment=environment,
            memory_folders=("/var/lib/localstack",),
            files={_WHEN_READY: _RESET.read_text("utf-8")} if self._reuse else {},
        )

    def told(self, spot: Spot) -> Mapping[str, str]:
        """``url``, ``host``, ``port``, ``region``, ``access_key``, ``secret_key``."""
        return {
            "url": f"http://{HOST}:{spot.port}",
            "host": HOST,
            "port": str(spot.port),
            **self.credentials,
        }

    @property
    def credentials(self) -> Mapping[str, str]:
        """``region``, ``access_key``, ``secret_key``."""
        return {
            "region": self._region,
            "access_key": self._account,
            "secret_key": "seedstate-secret",
        }

    def answers(self, spot: Spot) -> bool:
        """Whether it says that it is well, and its DynamoDB answers.

        DynamoDB is a Java process that its first call starts: left to a test, that call may take
        longer than boto3 waits.
        """
        if self._first_call is None:
            if status_of(spot.port, "/_localstack/health") == 200:
                self._first_call = self._list_tables(spot.port)
            return False
        status = self._first_call.status()
        if status is not None:
            self._first_call.close()
            self._first_call = None
        # Also where it has no DynamoDB, and says so: not all tests need one.
        return bool(status)

    def _list_tables(self, port: int) -> Asking:
        # LocalStack takes the service and the account from the signature, and does not check it.
        scope = f"{self._account}/20260101/{self._region}/dynamodb/aws4_request"
        return Asking(
            port,
            {
                "X-Amz-Target": "DynamoDB_20120810.ListTables",
                "Content-Type": "application/x-amz-json-1.0",
                "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, "
                "Signature=0",
            },
            b"{}",
        )

    def empty(self, spot: Spot) -> None:
        """Empty all services of all accounts, see `inside/localstack_reset.py`."""
        status, told = call(spot.port, "POST", _RESET_PATH, seconds=_RESET_SECONDS)
        if status == 409:
            raise OSError(f"it holds data of {', '.join(told.decode().split())}")
        if status != 200 or told != _EMPTIED:
            raise OSError(f"status {status}")

    def stop(self) -> None:
        """See `ContainerService.stop`."""
        if self._first_call is not None:
            self._first_call.close()
            self._first_call = None
        super().stop()

    def advice(self, end: End) -> str | None:
        """What its exit status 55 means."""
        if end.status != _NO_LICENCE:
            return None
        had = "the one that is set was not accepted" if os.environ.get(_TOKEN) else "none is set"
        return (
            f"this image wants a licence: set {_TOKEN} ({had}), or take the last image that needs "
            "none: seedstate_localstack_image = localstack/localstack:4.14.0"
        )
