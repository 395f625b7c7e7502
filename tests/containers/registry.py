"""A registry of images on 127.0.0.1 that serves one image: enough of the protocol to fetch it.

The paths and media types are those of the OCI distribution specification.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@contextmanager
def registry(name: str) -> Iterator[str]:
    """Serve an image that holds one empty file.

    Args:
        name: its repository.

    Yields:
        The image's full name.
    """
    blobs, manifest = _image()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            what = self.path.removeprefix(f"/v2/{name}/")
            if self.path == "/v2/":
                self._send(b"{}", "application/json")
            elif what.startswith("manifests/"):
                self._send(manifest, _MANIFEST)
            elif what.removeprefix("blobs/") in blobs:
                self._send(blobs[what.removeprefix("blobs/")], "application/octet-stream")
            else:
                self.send_error(404)

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}/{name}:1"
        finally:
            server.shutdown()
            thread.join()


def _image() -> tuple[dict[str, bytes], bytes]:
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as file:
        file.addfile(tarfile.TarInfo("empty"))
    layer = gzip.compress(tar.getvalue())
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/empty"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(tar.getvalue())]},
        }
    ).encode()
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": _described(config, _CONFIG),
        "layers": [_described(layer, _LAYER)],
    }
    return {_digest(blob): blob for blob in (layer, config)}, json.dumps(manifest).encode()


def _described(blob: bytes, kind: str) -> dict[str, object]:
    return {"mediaType": kind, "size": len(blob), "digest": _digest(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"
