"""Empties LocalStack; executed inside it, when it is ready, from its folder for such scripts.

LocalStack has an endpoint for that only where it has a licence (measurements: aws.md). This one is
``POST /_seedstate/reset``: 200 when all is gone, of all accounts and regions; 409 with the names of
services, one a line, that somebody has used and that this does not know how to empty: then nothing
was done.
"""

from __future__ import annotations

from typing import Any

from localstack.aws.connect import connect_to
from localstack.http import Request, Response
from localstack.services.dynamodb.models import dynamodb_stores
from localstack.services.edge import ROUTER
from localstack.services.plugins import SERVICE_PLUGINS
from localstack.state import AssetDirectory, StateVisitor

#: Services whose state is all in their stores; tried one by one.
_KNOWN = {
    "cloudwatch",
    "dynamodb",
    "dynamodbstreams",
    "events",
    "iam",
    "kms",
    "logs",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
}


class _Emptying(StateVisitor):
    """Empties what holds a service's state."""

    def visit(self, state_container: Any) -> None:
        """Stores of LocalStack and backends of moto alike; files are the services' own matter."""
        if not isinstance(state_container, AssetDirectory):
            state_container.reset()


def _reset(request: Request) -> Response:
    used = [
        SERVICE_PLUGINS.get_service_container(name)
        for name in SERVICE_PLUGINS.list_active_services()
    ]
    services = [container.service for container in used]
    unknown = sorted({service.name() for service in services} - _KNOWN)
    if unknown:
        return Response("\n".join(unknown), status=409)
    for service in services:
        if service.name() == "dynamodb":
            # Its own way starts Java anew, which takes seconds.
            _delete_tables()
        else:
            service.lifecycle_hook.on_before_state_reset()
    for service in services:
        service.accept_state_visitor(_Emptying())
    for service in services:
        if service.name() == "s3":
            service._provider._storage_backend.reset()
        if service.name() != "dynamodb":
            service.lifecycle_hook.on_after_state_reset()
    return Response("emptied")


def _delete_tables() -> None:
    for account, region, _ in list(dynamodb_stores.iter_stores()):
        client = connect_to(aws_access_key_id=account, region_name=region).dynamodb
        for page in client.get_paginator("list_tables").paginate():
            for name in page["TableNames"]:
                client.update_table(TableName=name, DeletionProtectionEnabled=False)
                client.delete_table(TableName=name)


ROUTER.add("/_seedstate/reset", _reset, methods=["POST"])
