"""Compare by hashes that the server computes: its extension check-file.

The draft is draft-ietf-secsh-filexfer-extensions-00, section 3.  Files are hashed in pieces, so
that a server is never silent for long.  Only SHA-2 is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol, TypeAlias

from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.errors import SFTPProtocolError, outcome_error
from ssh_sftp.messages import CheckFileHandle, ExtendedReply, Status
from ssh_wire import WireError
from ssh_wire.primitives import read_string

__all__ = [
    "HASHES",
    "HashCheck",
    "HashOutcome",
    "LocalBytes",
    "OnHashes",
    "has_check_file",
    "hash_of",
]

HashOutcome: TypeAlias = bool | Exception | None
"""Whether the hashes are equal; None where the server gives none."""

OnHashes: TypeAlias = Callable[[HashOutcome], None]
"""Takes the outcome, once."""

_NAME: Final = "check-file"
_PIECE: Final = 256 * 1024 * 1024
_READ: Final = 1024 * 1024
HASHES: Final = ("sha256", "sha512", "sha384", "sha224")


def has_check_file(extensions: Mapping[str, bytes], software: str) -> bool:
    """Return whether to ask a server for hashes; one that refuses is asked once for each file.

    Args:
        extensions: what the server announces.
        software: its identification string.  ProFTPD answers, and announces the extension in
            later versions of SFTP only.
    """
    return _NAME in extensions or "mod_sftp" in software


class LocalBytes(Protocol):
    """A local file, open for reading."""

    def read(self, length: int, offset: int) -> bytes:
        """Return `length` bytes from an offset, fewer only at the end."""
        ...


class HashCheck:
    """Compare the first bytes of an open file on the server with those of a local one.

    Attributes:
        stopped: whether the outcome is not wanted any more.

    Args:
        scheduler: the transfer.
        requests: the requests of the file.
        handle: the file on the server, open for reading.
        local: the local file.
        done: takes the outcome.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        requests: FileRequests,
        handle: bytes,
        local: LocalBytes,
        done: OnHashes,
    ) -> None:
        self._scheduler = scheduler
        self._requests = requests
        self._handle = handle
        self._local = local
        self._done = done
        self._size = 0
        self.stopped: bool = False

    def start(self, size: int) -> None:
        """Compare so many bytes."""
        self._size = size
        self._ask(0)

    def _ask(self, offset: int) -> None:
        if offset == self._size:
            self._end(equal=True)
            return
        length = min(_PIECE, self._size - offset)
        request = CheckFileHandle(
            id=self._requests.next_id,
            handle=self._handle,
            algorithms=",".join(HASHES),
            offset=offset,
            length=length,
            block_size=0,  # one hash of the whole range
        )
        self._requests.ask(request, partial(self._on_hash, offset, length), ExtendedReply)

    def _on_hash(self, offset: int, length: int, outcome: Outcome) -> None:
        if isinstance(outcome, Status):
            self._end(equal=None)  # it announces the extension and refuses it
        elif not isinstance(outcome, ExtendedReply):
            self._end(equal=outcome_error(outcome, None))
        elif not self.stopped:
            algorithm, digest = hash_of(outcome.details)
            self._requests.compute(
                self._scheduler.compute,
                partial(_local_hash, self._local, algorithm, offset, length),
                partial(self._on_computed, offset + length, digest),
            )

    def _on_computed(self, reached: int, digest: bytes, computed: bytes | Exception) -> None:
        self._scheduler.touch()
        if isinstance(computed, Exception):
            self._end(equal=computed)
        elif computed != digest:
            self._end(equal=False)
        elif not self.stopped:
            self._ask(reached)

    def _end(self, *, equal: HashOutcome) -> None:
        if not self.stopped:
            self.stopped = True
            self._done(equal)


def hash_of(details: bytes) -> tuple[str, bytes]:
    """Return the algorithm and the hash of a reply.

    Raises:
        SFTPProtocolError: it has none of the requested algorithms, or a hash of another length.
    """
    try:
        name, position = read_string(details, 0)
        if name == _NAME.encode():  # the draft has it, ProFTPD has not
            name, position = read_string(details, position)
    except WireError as error:
        problem = f"a reply to {_NAME} that is cut short"
        raise SFTPProtocolError(problem) from error
    algorithm, digest = name.decode("ascii", "replace"), bytes(details[position:])
    if algorithm not in HASHES or len(digest) != hashlib.new(algorithm).digest_size:
        problem = f"a reply to {_NAME} with {len(digest)} bytes of an algorithm not asked for"
        raise SFTPProtocolError(problem)
    return algorithm, digest


def _local_hash(local: LocalBytes, algorithm: str, offset: int, length: int) -> bytes:
    hashed = hashlib.new(algorithm)
    end = offset + length
    while offset < end:
        data = local.read(min(_READ, end - offset), offset)
        if not data:
            break
        hashed.update(data)
        offset += len(data)
    return hashed.digest()
