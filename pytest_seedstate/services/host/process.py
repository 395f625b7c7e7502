"""The processes of the host: a tree in which every process is a *keeper* or a *server*.

A keeper has one thread and a state it never changes: it forks servers, nothing else. A server
answers requests; told to keep, it becomes a keeper of the state it has reached. Standing by, a
forked server first makes its memory pages private, so that going back costs no more than telling
it to start.

    root (imports what is served; the empty state)
      └─ server ─ told to keep ─> keeper ("schema")
                                    ├─ standby, waits to be the next server
                                    └─ server ─ told to keep ─> keeper ("three-products") ...
"""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from pytest_seedstate.services import platform
from pytest_seedstate.services.host.channel import Channel, ChannelClosedError, Message
from pytest_seedstate.services.host.handover import Sources, Target
from pytest_seedstate.services.host.hosted import Hosted, Log, RefusedError, Touch, all_touches
from pytest_seedstate.services.host.pages import WarmPages
from pytest_seedstate.services.host.server import Server, listen
from pytest_seedstate.services.host.tally import Tally, Writes

_OWNER_CHECK = 1.0
_LINGER = 30.0
_SHORT_TEST = 0.06
"""Seconds from one fork for later to the next; the one after is likely to be needed soon, too."""
_STUCK_CLIENT = 1.0
_UNTUNED = "untuned"


class Process:
    """The process that runs this, and what it inherited; the object survives every fork.

    Args:
        config: what the pytest process tells the root: ``listener`` (a descriptor), ``tally``
            (a path), ``owner`` (pid and start time of the pytest process).
        channel: the root's end of its control socket.
        hosted: what is served.
        title: how it is called in messages.
    """

    def __init__(
        self, config: dict[str, Any], channel: Channel, hosted: Hosted, title: str
    ) -> None:
        self._hosted = hosted
        self._title = title
        self._owner_pid, self._owner_start = config["owner"]
        self._next_owner_check = 0.0
        self._channel = channel
        self._listener = socket.socket(fileno=config["listener"])
        listen(self._listener)
        self._tally = Tally.open(Path(config["tally"]))
        self._pages = WarmPages()
        for _ in hosted.warm_up():
            pass

    def run(self) -> NoReturn:
        """Be a keeper, then in a forked child a server, then perhaps a keeper again, and so on."""
        while True:
            slot = self._keep()
            self._serve(slot)

    def _keep(self) -> int:
        """Fork servers when told; returns only in a child, with the child's slot.

        A fork for later waits a little, to leave the processor to the test that has just begun,
        unless tests are short, or another message (``hurry``, which means no more) says that later
        is now.
        """
        # Objects that exist now are left alone by every later collection, here and in children:
        # a visit would copy the memory page of each.
        gc.disable()
        gc.freeze()
        asked = 0.0
        while True:
            message = self._next_message()
            if message["do"] == "fork":
                control = self._channel.take_descriptor()
                if message["patience"]:
                    before, asked = asked, time.monotonic()
                    if asked - before > _SHORT_TEST:
                        self._wait_for_message(float(message["patience"]))
                if os.fork() == 0:
                    self._channel.close()
                    self._channel = Channel(socket.socket(fileno=control))
                    return int(message["slot"])
                os.close(control)
            elif message["do"] == "values":
                self._channel.send({"values": self._values(message["touches"])})
            elif message["do"] == "change owner":
                self._change_owner(message)

    def _serve(self, slot: int) -> None:
        """Stand by, then serve; returns when this process has become a keeper."""
        self._hosted.begin(Writes(self._tally, slot))
        server = Server(self._listener, self._hosted, self._title)
        sources = Sources(self._stand_by())
        load_later = self._hosted.load_later()
        if load_later is not None:
            threading.Thread(target=load_later, daemon=True).start()
        self._channel.send({"serves": os.getpid()})
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        poller.register(self._listener, select.POLLIN)
        sources.register(poller)
        while True:
            readable = self._poll(poller)
            sources.receive(readable, server.adopt)
            if self._listener.fileno() in readable:
                server.accept()
            while self._channel.fileno() in readable or self._channel.has_message():
                readable.discard(self._channel.fileno())
                message = self._next_message()
                if message["do"] == "go back":
                    self._go_back()
                elif message["do"] == "release":
                    self._release(server, sources, int(message["segment"]))
                elif message["do"] == "keep" and self._stop_serving(server, sources, message):
                    return
                elif message["do"] == "touched":
                    self._channel.send(self._touched(int(message["segment"])))
                elif message["do"] == "change owner":
                    self._change_owner(message)

    def _stand_by(self) -> int:
        """Get ready and wait to be told to serve; returns where parked connections come from."""
        if self._pages.are_known:
            self._pages.get_ready(lambda: self._wait_for_message(0))
        else:
            self._warm_up()
        gc.freeze()
        gc.enable()
        message = self._next_message()
        assert message["do"] == "serve", message
        return self._channel.take_descriptor()

    def _warm_up(self) -> None:
        self._pages.begin_to_learn()
        for _ in self._hosted.warm_up():
            if self._wait_for_message(0):
                return
        self._pages.learn()

    def _release(self, server: Server, sources: Sources, segment: int) -> NoReturn:
        """Hand over the connections as they come to rest, and end."""
        target = Target(self._channel.take_descriptor())
        target.give_sources(sources)
        self._hosted.end()
        server.park()
        self._channel.send(_summary(self._hosted.segments[segment:]))
        deadline = time.monotonic() + _LINGER
        while time.monotonic() < deadline:
            # Asked before the parked ones are taken, so that none is missed in between.
            busy = server.busy()
            target.give_connections(server.take_parked())
            if not busy or self._is_abandoned():
                break
            time.sleep(0.001)
        _exit()

    def _stop_serving(self, server: Server, sources: Sources, message: Message) -> bool:
        """Come to one thread and a state that nothing changes any more, if that is possible."""
        target = Target(self._channel.take_descriptor())
        self._hosted.end()
        server.park()
        quiet = server.wait_quiet(_STUCK_CLIENT)
        if not quiet:
            # Whoever does not read his answer, or never sends the rest of his request, cannot
            # change the state; only requests that are being carried out are worth waiting for.
            server.cut_stuck_clients()
            quiet = server.wait_quiet(float(message["seconds"]))
        if not quiet:
            target.close()
            self._hosted.resume()
            busy = server.busy()
            server.unpark()
            self._channel.send({"busy": busy})
            return False
        target.give_sources(sources)
        target.give_connections(server.take_parked())
        target.close()
        server.close()
        memory, writers = 0, list[str]()
        if message["baseline"]:
            writers = _summary(self._hosted.segments)["writers"]
            self._hosted.settle()
            self._hosted.segments = []
            # What was written since the fork: later it is shared with the next servers.
            memory = platform.private_memory()
        self._hosted.segments.append(Log())
        segment = len(self._hosted.segments) - 1
        self._channel.send(
            {"kept": os.getpid(), "segment": segment, "memory": memory, "writers": writers}
        )
        return True

    def _go_back(self) -> None:
        """Be in the state again that this process was forked in, and say what was touched."""
        log = self._hosted.go_back()
        self._channel.send({"refused": True} if log is None else _summary([log]))

    def _touched(self, segment: int) -> Message:
        logs = self._hosted.segments[segment:]
        writers_of = all_touches(logs)
        texts = [_as_list(touch) for touch in sorted(writers_of)]
        return {
            **_summary(logs),
            "keys": texts,
            "writers_of": [(_as_list(touch), names) for touch, names in writers_of.items()],
            "values": self._values(texts),
        }

    def _values(self, touches: Sequence[Sequence[str]]) -> list[tuple[list[str], Any]]:
        wanted = [Touch(*touch) for touch in touches]
        return [(_as_list(touch), value) for touch, value in self._hosted.values(wanted)]

    def _next_message(self) -> Message:
        """The next message; this process ends when pytest is gone."""
        while True:
            try:
                return self._channel.receive(_OWNER_CHECK)
            except TimeoutError:
                self._check_owner()
            except ChannelClosedError:
                _exit()

    def _wait_for_message(self, seconds: float) -> bool:
        poller = select.poll()
        poller.register(self._channel, select.POLLIN)
        return self._channel.has_message() or bool(poller.poll(seconds * 1000))

    def _poll(self, poller: select.poll) -> set[int]:
        while True:
            if self._channel.has_message():
                return {self._channel.fileno()}
            readable = {number for number, _ in poller.poll(_OWNER_CHECK * 1000)}
            if readable:
                return readable
            self._check_owner()

    def _is_abandoned(self) -> bool:
        """Whether pytest has closed the channel of a server that is told nothing any more."""
        self._check_owner()
        return self._wait_for_message(0)

    def _change_owner(self, message: Message) -> None:
        """Another process holds our channel from now on."""
        self._owner_pid, self._owner_start = message["owner"]
        self._channel.send({"owned": os.getpid()})

    def _check_owner(self) -> None:
        """End when pytest is gone although something that it forked holds our sockets open."""
        if time.monotonic() < self._next_owner_check:
            return
        self._next_owner_check = time.monotonic() + _OWNER_CHECK
        if not platform.is_same_process(self._owner_pid, self._owner_start):
            _exit()


def _summary(logs: Sequence[Log]) -> Message:
    """What was touched, in numbers and names."""
    notes = [note for log in logs for note in log.notes]
    writers = [writer for log in logs for writer in log.writers]
    return {
        "touches": len(all_touches(logs)),
        "notes": list(dict.fromkeys(notes)),
        "writers": list(dict.fromkeys(writers)),
    }


def _as_list(touch: Touch) -> list[str]:
    return [touch.store, touch.region, touch.collection, touch.key]


_root_pid = 0


def _exit() -> NoReturn:
    """End this process; the root waits for the others, whom it has to reap."""
    sys.stderr.flush()
    if os.getpid() == _root_pid:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(3)
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass
    os._exit(0)


def run(make: Callable[[dict[str, Any], bool], Hosted], title: str) -> None:
    """The root process; everything it needs stands in its first argument, as JSON.

    Args:
        make: makes what is served, from that and whether liberties may be taken to be quicker;
            where it fails with them, it is tried again without.
        title: how it is called in messages, e.g. ``the embedded AWS``.
    """
    global _root_pid
    _root_pid = os.getpid()
    config = json.loads(sys.argv[1])
    channel = Channel(socket.socket(fileno=config["control"]))
    # Children of ended keepers become the root's; nobody asks for their exit codes.
    platform.adopt_orphans()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # Collecting finds nothing while modules are imported; servers switch it on.
    gc.disable()
    tuned = _UNTUNED not in sys.argv
    try:
        process = Process(config, channel, make(config, tuned), title)
    except RefusedError as error:
        channel.send(error.told)
        os._exit(1)
    except Exception as error:  # noqa: BLE001 - pytest is told, whatever it is
        traceback.print_exc()
        sys.stderr.flush()
        if tuned:
            # The descriptors stay open across this: a new start without any of the tuning.
            os.execv(sys.executable, [*sys.orig_argv, _UNTUNED])  # noqa: S606 - ourselves
        missing = error.name if isinstance(error, ImportError) else None
        channel.send({"failed": f"{type(error).__name__}: {error}", "missing": missing})
        os._exit(1)
    channel.send({"ready": os.getpid()})
    try:
        process.run()
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
    finally:
        # Also where a forked child fails: none may ever return into the code before its fork.
        sys.stderr.flush()
        os._exit(1)
