from __future__ import annotations

import hmac

import pytest

from ssh_agent.server.lock import AgentLock


@pytest.mark.row("G07")
def test_delay_grows_by_a_tenth_of_a_second_and_not_beyond_ten() -> None:
    lock = AgentLock(bytes)
    assert lock.lock(b"sesame")
    now, delays = 0.0, list[float]()

    for _ in range(200):
        assert not lock.unlock(b"wrong", now)
        delays.append(lock.delayed_until - now)
        now = lock.delayed_until

    assert delays[:3] == pytest.approx([0.1, 0.2, 0.3])
    assert delays[99:] == pytest.approx([10.0] * 101)


def test_right_passphrase_unlocks_and_forgets_the_failures() -> None:
    lock = AgentLock(bytes)
    lock.lock(b"sesame")
    lock.unlock(b"wrong", 0.0)

    assert lock.unlock(b"sesame", 1.0)
    assert not lock.locked
    lock.lock(b"other")
    lock.unlock(b"wrong", 2.0)

    assert lock.delayed_until == pytest.approx(2.1)


def test_lock_that_is_locked_keeps_its_passphrase() -> None:
    lock = AgentLock(bytes)
    lock.lock(b"first")

    assert not lock.lock(b"second")
    assert not lock.unlock(b"second", 0.0)
    assert lock.unlock(b"first", 1.0)


def test_empty_passphrase_neither_locks_nor_unlocks() -> None:
    lock = AgentLock(bytes)

    assert not lock.lock(b"")
    assert not lock.unlock(b"", 0.0)
    lock.lock(b"sesame")
    assert not lock.unlock(b"", 0.0)
    assert lock.delayed_until == 0


@pytest.mark.row("G07")
def test_passphrases_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def compare(first: bytes, second: bytes) -> bool:
        compared.append(len(first))
        return first == second

    monkeypatch.setattr(hmac, "compare_digest", compare)
    lock = AgentLock(bytes)
    lock.lock(b"sesame")
    lock.unlock(b"s", 0.0)
    lock.unlock(b"sesame", 1.0)

    assert compared == [32, 32]
