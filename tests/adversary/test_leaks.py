"""Failed handshakes leave nothing: no memory, no file descriptor, no task (CVE-2023-25136).

The table asks for 10,000 of each kind; RUNS of each are made here, on whole endpoints, and
the memory that one more run costs is bounded, which says the same in a fraction of the time.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import tracemalloc
from collections.abc import Generator
from pathlib import Path

import pytest

from ssh_wire.messages import auth, kex, transport
from tests.adversary.outcome import outcome
from tests.adversary.probes import probes
from tests.adversary.stages import Stage, stages
from tests.adversary.wiretap import Role

RUNS = int(os.environ.get("SSH_STACK_LEAK_RUNS", "100"))
SPARE = 30_000  # bytes, whatever the number of runs: caches, interned strings, the tracer

LOW_ORDER = kex.KexECDHInit(public=bytes(32)).encode()
WRONG_SIGNATURE = kex.KexECDHReply(host_key=b"key", public=bytes(32), signature=b"x").encode()
NO_COMMON = transport.KexInit(
    cookie=bytes(16),
    kex_algorithms=("none@test",),
    server_host_key_algorithms=("none@test",),
    encryption_client_to_server=("none",),
    encryption_server_to_client=("none",),
    mac_client_to_server=("none",),
    mac_server_to_client=("none",),
    compression_client_to_server=("none",),
    compression_server_to_client=("none",),
).encode()
SIGNED = auth.PublicKeyRequest(
    user="tester", service="ssh-connection", algorithm="ssh-ed25519", key=b"", signature=b""
).encode()

KINDS: list[tuple[str, Role, str, bytes, str]] = [
    ("no identification", "server", "identification", b"GET / HTTP/1.1", "DROP"),
    ("no common algorithm", "server", "kexinit-sent", NO_COMMON, "DISC(3)"),
    ("no common algorithm", "client", "kexinit-sent", NO_COMMON, "DISC(3)"),
    ("a wrong guess and then nonsense", "server", "guess", b"\x1e", "IGN"),
    ("a bad share", "server", "kex", LOW_ORDER, "DISC(3)"),
    ("a bad reply", "client", "kex", WRONG_SIGNATURE, "DISC(3)"),
    ("an injected message", "server", "newkeys-sent", b"\x02\0\0\0\0", "DISC(2)"),
    ("an early command", "server", "auth-idle", b"\x5a", "DISC(2)"),
    ("a wrong signature", "server", "auth-idle", SIGNED, "SAYS(51)"),
    ("a refused password", "client", "auth-pending", b"\x33\0\0\0\0\0", "DISC(11)"),
]


@pytest.fixture(autouse=True)
def _nothing_is_logged() -> Generator[None]:
    """What pytest keeps of the log is not a leak of ours."""
    logging.disable()
    yield
    logging.disable(logging.NOTSET)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.row("T44")
@pytest.mark.row("T20")
@pytest.mark.parametrize(
    ("kind", "role", "state", "payload", "wanted"), KINDS, ids=[f"{k[1]}: {k[0]}" for k in KINDS]
)
def test_t44_failed_handshake_leaves_nothing(
    kind: str, role: Role, state: str, payload: bytes, wanted: str
) -> None:
    stage = stages(role, strict=True)[state]

    async def fail(runs: int) -> None:
        for _ in range(runs):
            assert await outcome(stage, payload) == wanted, kind

    def settled(runs: int) -> int:
        asyncio.run(fail(runs))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    settled(20)
    before = descriptors()
    tracemalloc.start()
    try:
        settled(20)
        grown = -settled(20) + settled(RUNS)
    finally:
        tracemalloc.stop()
    assert grown < SPARE
    assert descriptors() == before


@pytest.mark.row("T09")
@pytest.mark.row("T44")
@pytest.mark.parametrize("role", ["client", "server"])
def test_t44_corrupt_packets_leave_nothing(role: Role) -> None:
    stage = stages(role, strict=True)["open"]
    bad = bytearray(stage.writer.seal(probes(stage, 192)["well-formed"]))
    bad[-1] ^= 1

    def corrupted(runs: int) -> int:
        asyncio.run(_feed(stage, bytes(bad), runs))
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    corrupted(20)
    tracemalloc.start()
    try:
        corrupted(20)
        grown = -corrupted(20) + corrupted(RUNS)
    finally:
        tracemalloc.stop()
    assert grown < SPARE


async def _feed(stage: Stage, data: bytes, runs: int) -> None:
    for _ in range(runs):
        subject = await stage.reach()
        await subject.feed(data)
        assert subject.ends[0].reason == 5
        await subject.close()
