"""The proxy's process: one event loop, told what to do by the pytest process."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import ssl
import sys
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from pytest_seedstate.services import platform
from pytest_seedstate.services.host.channel import Channel, ChannelClosedError, Message
from pytest_seedstate.services.host.hosted import Log
from pytest_seedstate.services.host.tally import Tally

_OWNER_CHECK = 1.0
_QUEUE = 1024


def main() -> None:
    """The process; its first argument names the descriptors of its channel and its listener."""
    config = json.loads(sys.argv[1])
    channel = Channel(socket.socket(fileno=config["control"]))
    listener = socket.socket(fileno=config["listener"])
    try:
        asyncio.run(_serve(channel, listener))
    except ChannelClosedError:
        _exit()
    except Exception as error:  # noqa: BLE001 - pytest is told, whatever it is
        traceback.print_exc()
        missing = error.name if isinstance(error, ImportError) else None
        channel.send({"failed": f"{type(error).__name__}: {error}", "missing": missing})
        sys.exit(1)


async def _serve(channel: Channel, listener: socket.socket) -> None:
    # Imported here, so that a missing package can be told.
    from pytest_seedstate.services.proxy.classifiers import classifier_for
    from pytest_seedstate.services.proxy.connection import Link, Upstream
    from pytest_seedstate.services.proxy.recording import Recording

    # By the channel: what is on a command line can be read by everybody.
    config = channel.receive(None)
    variables: dict[str, str] = config["upstream"]
    url = urlsplit(variables["url"])
    tls = None
    if url.scheme == "https":
        tls = ssl.create_default_context()
        if variables.get("ca_file"):
            tls.load_verify_locations(variables["ca_file"])
    tally = Tally.open(Path(config["tally"]))
    if "made" in variables:
        from pytest_seedstate.services.proxy.creations import Creations

        creations = Creations(Path(variables["made"]), variables["made_at"])
        recording = Recording(tally, creations.carried_out)
    else:
        recording = Recording(tally)
    upstream = Upstream(
        url.hostname or "",
        url.port or (443 if tls else 80),
        tls,
        classifier_for(config["classifier"], variables),
        recording,
    )
    _allow_many_connections()
    loop = asyncio.get_running_loop()
    await loop.create_server(lambda: Link(upstream).client, sock=listener, backlog=_QUEUE)
    control = _Control(channel, config["owner"])

    async def carry_out(message: Message) -> Message:
        match message["do"]:
            case "take":
                log, written = recording.take()
                # Whoever puts whole collections back does so past us.
                upstream.classifier.forget(log.touches)
                return {"taken": _as_message(log, written)}
            case "settle":
                return {"busy": await recording.settle(float(message["seconds"]))}
            case "forget":
                upstream.classifier.forget_all()
                return {"forgotten": True}
            case _:
                control.owner = message["owner"]
                return {"owned": os.getpid()}

    channel.send({"ready": os.getpid()})
    await control.obey(carry_out)


class _Control:
    """Messages of the pytest process, one after the other, for as long as it lives."""

    def __init__(self, channel: Channel, owner: list[Any]) -> None:
        self._channel = channel
        self.owner = owner

    async def obey(self, carry_out: Callable[[Message], Awaitable[Message]]) -> NoReturn:
        while True:
            await self._next_has_come()
            try:
                self._channel.send(await carry_out(self._channel.receive(None)))
            except ChannelClosedError:
                _exit()

    async def _next_has_come(self) -> None:
        if self._channel.has_message():
            return
        loop = asyncio.get_running_loop()
        has_come = asyncio.Event()
        loop.add_reader(self._channel.fileno(), has_come.set)
        waiting = loop.create_task(has_come.wait())
        try:
            while True:
                await asyncio.wait([waiting], timeout=_OWNER_CHECK)
                if has_come.is_set():
                    return
                # Gone, although something that it forked holds our channel open?
                if not platform.is_same_process(*self.owner):
                    _exit()
        finally:
            loop.remove_reader(self._channel.fileno())


def _as_message(log: Log, written: int) -> Message:
    touches = [
        ([touch.store, touch.region, touch.collection, touch.key], names)
        for touch, names in log.touches.items()
    ]
    return {"touches": touches, "notes": log.notes, "writers": log.writers, "written": written}


def _allow_many_connections() -> None:
    """Each takes two descriptors, of which the usual limit allows 1024."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _exit() -> NoReturn:
    """At once: no client is left who needs an answer."""
    sys.stderr.flush()
    os._exit(0)
