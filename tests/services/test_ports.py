"""Ports on 127.0.0.1 that are reserved before a service listens on them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.services.conftest import PYTHONPATH

ALL_TAKEN = """
import fcntl, socket, struct
from pathlib import Path
from pytest_seedstate.errors import SeedstateError
from pytest_seedstate.services.ports import ReservedPort

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as loopback:
    up_loopback_running = 0x1 | 0x8 | 0x40  # netdevice(7)
    fcntl.ioctl(loopback, 0x8914, struct.pack("16sH14s", b"lo", up_loopback_running, b""))
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40001")
held = [ReservedPort(None, service="a service", setting="its_port") for _ in range(2)]
try:
    ReservedPort(None, service="one service too many", setting="its_port")
except SeedstateError as error:
    print(error)
for port in held:
    port.close()
"""


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="only root can make a network"
)
def test_all_ports_are_used_up() -> None:
    """In a network of two ports the third service is told so, without a port's number."""
    told = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", ALL_TAKEN],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
    ).stdout
    assert "no port is left on 127.0.0.1 for one service too many" in told
    assert "sysctl net.ipv4.ip_local_port_range" in told
