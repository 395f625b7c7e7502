"""Memory pages that a forked process gets ready before it needs them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pytest_seedstate.services import platform

PROGRAM = """
import ctypes, json, mmap, os, sys
from pytest_seedstate.services import platform
from pytest_seedstate.services.host.pages import WarmPages

SIZE = mmap.PAGESIZE
memory = mmap.mmap(-1, 512 * SIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for page in range(512):
    memory[page * SIZE] = page % 256
start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
warm = WarmPages()

def in_a_child(work):
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        return json.load(answer)

def private():
    found = platform.private_pages([(start, start + 512 * SIZE)])
    return [(at - start) // SIZE + more for at, pages in found for more in range(pages)]

def learn():
    warm.begin_to_learn()
    for page in range(100, 300, 2):
        memory[page * SIZE] = 7
    warm.learn()
    return private()

def get_ready(is_wanted):
    warm.get_ready(lambda: is_wanted)
    return private(), [memory[page * SIZE] for page in range(512)]

print(json.dumps({
    "before": warm.are_known,
    "learnt": in_a_child(learn),
    "after": warm.are_known,
    "wanted": in_a_child(lambda: get_ready(True)),
    "ready": in_a_child(lambda: get_ready(False)),
}))
"""


@pytest.mark.skipif(not platform.LINUX, reason="only Linux tells which pages are shared")
def test_a_process_gets_ready_what_another_has_written_to() -> None:
    """The same pages are its own then, with the contents that they had."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    written = list(range(100, 300, 2))
    contents = [page % 256 for page in range(512)]
    assert not told["before"]
    assert told["learnt"] == written
    assert told["after"]
    assert told["wanted"] == [[], contents]
    assert told["ready"] == [written, contents]
