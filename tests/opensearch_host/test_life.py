"""The host's processes: when another one serves, and what is beyond a rewind."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from pytest_seedstate.services.host.journal import HostJournal
from pytest_seedstate.services.opensearch.service import EmbeddedOpenSearch

from .helpers import Client, artist, everything


def test_the_same_process_goes_on(filled: HostJournal, client: Client) -> None:
    """To undo writes, whatever they were, takes no other one."""
    pid = filled.serving_pid
    client("DELETE", "/artists")
    filled.rewind()
    assert filled.serving_pid == pid


def test_a_long_request_does_not_delay_a_rewind(
    filled: HostJournal, service: EmbeddedOpenSearch, client: Client
) -> None:
    """Another process serves instead; what the request writes is gone with the one before."""
    before = everything(client)
    pid = filled.serving_pid
    other = Client(service)
    lines = [part for n in range(20_000) for part in ({"index": {"_id": f"long{n}"}}, artist(n))]
    answers = []
    thread = threading.Thread(
        target=lambda: answers.append(other("POST", "/artists/_bulk?refresh=true", lines))
    )
    thread.start()
    while filled.is_clean():
        time.sleep(0.001)
    filled.rewind()
    assert not answers
    assert filled.serving_pid != pid
    thread.join()
    assert answers[0].status == 200
    assert everything(client) == before
    assert filled.is_clean()
    assert other("GET", "/artists/_doc/long1").status == 404
    other.close()


def test_a_killed_process_is_replaced(
    filled: HostJournal, service: EmbeddedOpenSearch, client: Client
) -> None:
    """And the rewind says so; nobody takes what it held for clean."""
    before = everything(client)
    client("PUT", "/artists/_doc/1", artist(3))
    os.kill(filled.serving_pid, signal.SIGKILL)
    while filled.is_clean():
        time.sleep(0.001)
    rewound = filled.rewind()
    assert rewound.replaced == ("the serving process of the embedded OpenSearch, which had died",)
    again = Client(service)
    assert everything(again) == before
    again.close()


@pytest.mark.parametrize("action", ["_close", "_open"])
def test_indices_cannot_be_closed(action: str, filled: HostJournal, client: Client) -> None:
    """They are refused, so that there is nothing to take back."""
    before = everything(client)
    assert client("POST", f"/artists/{action}").status == 400
    filled.rewind()
    assert everything(client) == before


def test_counters_of_reads_go_on(filled: HostJournal, client: Client) -> None:
    """To take back how often somebody has looked, each test that reads would have to pay."""

    def searched() -> int:
        told = client("GET", "/artists/_stats").body["indices"]["artists"]["primaries"]
        return int(told["search"]["query_total"])

    before = searched()
    client("POST", "/artists/_search", {})
    filled.rewind()
    assert searched() == before + 1
    client("PUT", "/artists/_doc/1", artist(1))
    filled.rewind()
    assert searched() == 0
