"""Our own HTTP client, over TLS."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.stores.http_client import HttpClient
from tests.certificates import self_signed


class _Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        told = f"{self.path} {self.headers.get('authorization')} ".encode() + body
        self.send_response(200)
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The port of a server with TLS, and the certificate of its authority."""
    certificate, context = self_signed(tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, certificate
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_service_behind_tls(served: tuple[int, Path]) -> None:
    """With a login and a path, twice on one connection."""
    port, certificate = served
    client = HttpClient(f"https://me:my%20word@127.0.0.1:{port}/below", ca_file=str(certificate))

    answers = [client.call("POST", "/there", {}, body).body for body in (b"one", b"two")]

    assert answers == [
        b"/below/there Basic bWU6bXkgd29yZA== one",
        b"/below/there Basic bWU6bXkgd29yZA== two",
    ]
    client.close()


def test_an_authority_that_nobody_knows_is_not_trusted(served: tuple[int, Path]) -> None:
    """And its certificate is what the message speaks of."""
    port, _ = served
    client = HttpClient(f"https://127.0.0.1:{port}")

    with pytest.raises(SeedstateError, match="certificate verify failed"):
        client.call("POST", "/there", {}, b"one")
    client.close()
