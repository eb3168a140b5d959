from __future__ import annotations

from ssh_sftp.client.storage import MemorySink


def test_memory_takes_blocks_in_any_order() -> None:
    sink = MemorySink()
    told: list[int] = []

    def written(size: int, _error: Exception | None) -> None:
        told.append(size)

    sink.write(memoryview(b"cd"), 2, written)
    sink.write(memoryview(b"ab"), 0, written)
    assert sink.data == b"abcd"
    assert told == [2, 2]
    sink.discard()

    assert sink.data == b""
