"""A security context in memory, whose tokens and integrity codes tests can read."""

from __future__ import annotations

from ssh_auth import GSSAPIFailed


class Context:
    """Is complete after so many tokens of the peer; its codes are the data with a mark."""

    def __init__(self, rounds: int = 1, peer: str = "me@EXAMPLE", *, last: bool = False) -> None:
        self.taken: list[bytes | None] = []
        self.peer: str = peer
        self._rounds = rounds
        self._last = last  # whether there is a token to send when it is complete

    @property
    def complete(self) -> bool:
        return len(self.taken) > self._rounds

    async def step(self, token: bytes | None) -> bytes:
        if token == b"wrong":
            problem = "the token\x1b is wrong"
            raise GSSAPIFailed(problem)
        self.taken.append(token)
        return b"token" if self._last or not self.complete else b""

    def get_mic(self, data: bytes) -> bytes:
        return b"mic of " + data

    def verify_mic(self, data: bytes, mic: bytes) -> None:
        if mic != self.get_mic(data):
            problem = "the integrity code is wrong"
            raise GSSAPIFailed(problem)
