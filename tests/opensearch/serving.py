"""Serves an engine over HTTP, for programs that speak nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from pytest_seedstate.services.opensearch.http import Application
from pytest_seedstate.services.opensearch.storage.node import Node


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        # The path as sent: PATH_INFO is decoded, and ids may hold slashes.
        return {**super().get_environ(), "REQUEST_URI": self.path}

    def log_message(self, *args: Any) -> None:
        """Quiet: pytest shows what is wrong."""


@contextmanager
def served(node: Node | None = None) -> Iterator[str]:
    """A node at a port of its own; gives the URL."""
    application: Any = Application(node or Node())
    with make_server("127.0.0.1", 0, application, _Server, _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
