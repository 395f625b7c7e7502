"""A node behind TLS and a password, as managed ones are."""

from __future__ import annotations

import base64
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@contextmanager
def guarded(node_url: str, context: ssl.SSLContext, user: str, password: str) -> Iterator[int]:
    """Stand before a node, and let nobody in without the password.

    Args:
        node_url: of the node.
        context: with the certificate to show.
        user: who may come in.
        password: theirs.

    Yields:
        The port on 127.0.0.1.
    """
    node = urlsplit(node_url).netloc
    token = base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("authorization") != f"Basic {token}":
                self._answer(401, "text/plain", b"Unauthorized")
                return
            dropped = ("host", "authorization", "connection", "accept-encoding")
            headers = {n: v for n, v in self.headers.items() if n.lower() not in dropped}
            with closing(http.client.HTTPConnection(node)) as connection:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
                kind = answer.headers.get("content-type", "application/json")
                self._answer(answer.status, kind, content)

        def _answer(self, status: int, kind: str, content: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _pass_on

        def log_message(self, *args: object) -> None:
            """Nothing: the test's output is for its failures."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
