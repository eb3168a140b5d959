from __future__ import annotations

import gc
import os
import socket
import sys

import pytest

from ssh_transport.aio import inherited

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")


class Thing:
    def __init__(self, descriptor: int = -1) -> None:
        self.descriptor = descriptor
        self.disowned = 0

    def disown(self) -> None:
        self.disowned += 1
        inherited.cut_off(self.descriptor)


@pytest.mark.row("R20")
def test_descriptor_that_is_cut_off_leads_nowhere_and_its_other_owner_keeps_it() -> None:
    ours, peer = socket.socketpair()
    duplicate = os.dup(ours.fileno())  # as a fork has one

    inherited.cut_off(duplicate)

    assert os.read(duplicate, 1) == b""
    with pytest.raises(BrokenPipeError):
        os.write(duplicate, b"x")
    os.close(duplicate)
    ours.sendall(b"still here")
    assert peer.recv(100) == b"still here"
    ours.close()
    peer.close()


def test_descriptor_that_is_closed_is_not_opened_by_cutting_it_off() -> None:
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (their number is enough)

    inherited.cut_off(-1)

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 (the same)


@pytest.mark.row("R20")
def test_fork_disowns_what_there_is_and_keeps_nothing_alive() -> None:
    thing, dropped = Thing(), Thing()
    inherited.disown_after_fork(thing)
    inherited.disown_after_fork(dropped)
    del dropped
    gc.collect()

    inherited._disown_all()

    assert thing.disowned == 1


def test_fork_in_a_hand_over_keeps_what_there_is_and_a_later_one_does_not() -> None:
    thing = Thing()
    inherited.disown_after_fork(thing)

    with inherited.hand_over():
        inherited._disown_all()
    assert thing.disowned == 0

    inherited._disown_all()
    assert thing.disowned == 1
