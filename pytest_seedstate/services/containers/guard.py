"""Removes a container when the run that it belongs to is gone, however the run ended.

Started as ``python -I -S guard.py ARGUMENTS`` by `guarding.Guard`; standard library only, so that
it is there in milliseconds and stays small. It holds one end of a pipe. Its owner writes the
container's id and a line end once there is one, and a full stop when there is nothing left to do.
When the pipe ends without that, the container is removed. When the container ends by itself the
guard ends too, and leaves it: its owner, who sees that, wants its log.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from urllib.parse import quote

#: Seconds between looks for a container that the engine may still be making, and their number.
_LOOK_SECONDS = 1.0
_LOOKS = 3
_ANSWER_SECONDS = 60.0


class Guard:
    """What to watch and to do.

    Args:
        told: ``engine``: how to reach it, see `docker_engine.Address`; ``api``: the version of its
            interface; ``label``: what marks the container; ``removes``: whether it is to be removed
            at the end of the run.
    """

    def __init__(self, told: dict[str, object]) -> None:
        engine = told["engine"]
        assert isinstance(engine, dict)
        self._engine: dict[str, str] = engine
        self._api = str(told["api"])
        self._label = str(told["label"])
        self._removes = bool(told["removes"])

    def run(self) -> None:
        """Watch the owner and the container until one of them is gone."""
        if self._watch() and self._removes:
            self._remove()

    def _watch(self) -> bool:
        """Whether the owner is gone without a word."""
        poll = select.poll()
        poll.register(0, select.POLLIN)
        said, answered = b"", b""
        end: socket.socket | None = None
        while True:
            ready = {descriptor for descriptor, _ in poll.poll()}
            if 0 in ready:
                heard = os.read(0, 4096)
                if not heard:
                    return True
                said += heard
                if b"." in said:
                    return False
                if end is None and b"\n" in said:
                    container = said.partition(b"\n")[0].decode()
                    end = self._ask("POST", f"/containers/{container}/wait")
                    poll.register(end, select.POLLIN)
            elif end is not None:
                part = end.recv(4096)
                answered += part
                if not part or b"StatusCode" in answered:
                    return False

    def _remove(self) -> None:
        for look in range(_LOOKS):
            found = json.loads(
                self._answer(
                    "GET",
                    "/containers/json?all=1&filters=" + quote(json.dumps({"label": [self._label]})),
                )
            )
            for container in found:
                self._answer("DELETE", f"/containers/{container['Id']}?force=1&v=1")
            if found or look == _LOOKS - 1:
                return
            time.sleep(_LOOK_SECONDS)

    def _answer(self, method: str, path: str) -> bytes:
        with self._ask(method, path) as connection:
            connection.settimeout(_ANSWER_SECONDS)
            answer = bytearray()
            while part := connection.recv(65536):
                answer += part
        return bytes(answer).partition(b"\r\n\r\n")[2]

    def _ask(self, method: str, path: str) -> socket.socket:
        """Send a request; HTTP/1.0, so that the answer ends with the connection."""
        connection = self._connect()
        request = f"{method} /v{self._api}{path} HTTP/1.0\r\nHost: docker\r\n\r\n"
        connection.sendall(request.encode("ascii"))
        return connection

    def _connect(self) -> socket.socket:
        if "socket" in self._engine:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(self._engine["socket"])
            return connection
        host, port = self._engine["host"], int(self._engine["port"])
        plain = socket.create_connection((host, port))
        if "ca" not in self._engine:
            return plain
        import ssl

        context = ssl.create_default_context(cafile=self._engine["ca"])
        context.load_cert_chain(self._engine["certificate"], self._engine["key"])
        return context.wrap_socket(plain, server_hostname=host)


if __name__ == "__main__":
    # What ends a terminal's programs must not end this one before its owner.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    Guard(json.loads(sys.argv[1])).run()
