"""Without the plugin (``-p no:seedstate``): a service started and filled once, the usual way."""

import logging
import os

import boto3
import pytest
from moto.server import ThreadedMotoServer


def pytest_configure(config: pytest.Config) -> None:
    if config.pluginmanager.has_plugin("seedstate"):
        return
    logging.getLogger("werkzeug").setLevel("WARNING")
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    config.add_cleanup(server.stop)
    host, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "test"
    os.environ["AWS_DEFAULT_REGION"] = "eu-west-2"
    table = boto3.resource("dynamodb").create_table(
        TableName="artists",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(Item={"pk": "alice"})
    table.put_item(Item={"pk": "bob"})
