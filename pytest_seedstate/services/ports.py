"""Ports on 127.0.0.1 that are ours before anything listens on them."""

from __future__ import annotations

import errno
import socket

from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services import platform

HOST = "127.0.0.1"


class ReservedPort:
    """A port of 127.0.0.1, bound but not listened on until a service does that.

    Args:
        number: the port, or None for any free one.
        service: the name of the service it is for, as errors tell it.
        setting: the configuration's name for it, as errors tell it.
        configured: whether `number` comes from the configuration, not from an earlier start.

    Raises:
        SeedstateError: `number` is taken, or may not be bound.
    """

    def __init__(
        self, number: int | None, *, service: str, setting: str, configured: bool = True
    ) -> None:
        self.service = service
        self.setting = setting
        self.configured = configured and number is not None
        self._given_up = False
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if number is None:
                # Without SO_REUSEADDR the kernel gives a port that nobody has bound at all.
                self.socket.bind((HOST, 0))
                self._share()
            else:
                self._share()
                self.socket.bind((HOST, number))
        except (OSError, OverflowError) as error:
            self.socket.close()
            raise port_taken(self, number or 0, error) from None
        self.number: int = self.socket.getsockname()[1]

    def _share(self) -> None:
        """Let the service bind the port while we hold it; only one of us will listen."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def hand_over(self) -> None:
        """To be called just before the service binds the port by its number.

        On Linux nothing has to be done. The BSDs and macOS (untested) refuse a second bind, so the
        port is given up there, and another process may snatch it.
        """
        if not platform.LINUX:
            self.socket.close()

    @property
    def closed(self) -> bool:
        """Whether the port was given up by `close`."""
        return self._given_up

    def close(self) -> None:
        """Give the port up; harmless when that was done."""
        self._given_up = True
        self.socket.close()


def port_taken(port: ReservedPort, number: int, cause: Exception | None = None) -> SeedstateError:
    """The error for a port that `port.service` cannot have."""
    if isinstance(cause, OverflowError):
        return SeedstateError(
            f"{number} is no port: 1 to 65535 are",
            where=port.setting,
            fix=f"correct or remove {port.setting}; without it a free port is taken",
        )
    if number == 0:
        return SeedstateError(
            f"no port is left on {HOST} for {port.service}",
            checked="the system's range of ports for programs that want any one"
            + (f": {cause.strerror}" if isinstance(cause, OSError) else ""),
            fix="end programs that hold many ports (runs that were left behind, perhaps), or widen "
            "the range: sysctl net.ipv4.ip_local_port_range",
        )
    why = "is already used by another program"
    if isinstance(cause, OSError) and cause.errno != errno.EADDRINUSE:
        why = f"cannot be had ({cause.strerror})"
    return SeedstateError(
        f"port {number}, which {port.service} should listen on, {why}",
        where=port.setting if port.configured else None,
        checked=f"bound {HOST}:{number}",
        fix=f"stop that program, or change or remove {port.setting}: without it a free port is "
        "taken (parallel runs and workers need that)"
        if port.configured
        else "run again",
    )
