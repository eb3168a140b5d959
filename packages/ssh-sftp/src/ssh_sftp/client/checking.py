"""Compare the beginning of an open file on the server with a local one.

A transfer that resumes compares what an earlier attempt has left before it goes on; one that
verifies compares the whole file before it gets its name.  Where the server has check-file, hashes
are compared; else its bytes are read back and compared block by block.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

from ssh_sftp.client.check_file import HashCheck, HashOutcome, LocalBytes
from ssh_sftp.client.extents import Extents, samples, whole
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.scheduler import Scheduler
from ssh_sftp.errors import SFTPTransferError, outcome_error, status_error
from ssh_sftp.messages import Data, Read, Status
from ssh_sftp.numbers import StatusCode
from ssh_wire import lazy_attrs

__all__ = ["Check", "CheckDone", "CheckResult", "Compared", "Verdict"]

_HASHED: Final = 1024 * 1024
"""From how many bytes on a hash is asked for: less is read back as quickly."""


class Verdict(Enum):
    """What a comparison has found."""

    EQUAL = "equal"
    DIFFERENT = "different"


CheckResult: TypeAlias = Verdict | Exception
"""What was found, or why nothing was."""

CheckDone: TypeAlias = Callable[[CheckResult], None]
"""Takes the result, once."""


@lazy_attrs.frozen(kw_only=True)
class Compared:
    """What is compared.

    Attributes:
        path: the file on the server, for messages.
        handle: it, open for reading.
        local: the local file.
        size: how many bytes of both, from the first on.
        whole: every byte; else samples.
    """

    path: str
    handle: bytes
    local: LocalBytes
    size: int
    whole: bool


class Check:
    """One comparison."""

    def __init__(
        self, scheduler: Scheduler, requests: FileRequests, compared: Compared, done: CheckDone
    ) -> None:
        self._scheduler = scheduler
        self._requests = requests
        self._compared = compared
        self._done = done
        self._outstanding = 0
        self._result: CheckResult = Verdict.EQUAL
        self._stopped = False
        ranges = whole if compared.whole else samples
        self._extents = Extents(ranges(compared.size))
        self._hashes: HashCheck | None = None
        self._hashes_asked = compared.size < _HASHED or not scheduler.has_check_file

    def fill(self) -> None:
        """Read back while there is room; calls `done` at the end."""
        if not self._hashes_asked:
            self._hashes_asked = True
            self._ask_for_hashes()
        if self._hashes is not None:
            return
        protocol, flow = self._scheduler.protocol, self._scheduler.flow
        while flow.has_room and not self._extents.exhausted and self._goes_on:
            offset, length = self._extents.take(protocol.read_block)
            flow.take(length, protocol.now)
            self._read(offset, length)
        self._maybe_end()

    def stop(self) -> None:
        """Compare no more, and do not call `done`: replies that are still to come are counted."""
        self._stopped = True
        if self._hashes is not None:
            self._hashes.stopped = True

    def _ask_for_hashes(self) -> None:
        compared = self._compared
        self._hashes = HashCheck(
            self._scheduler, self._requests, compared.handle, compared.local, self._on_hashes
        )
        self._hashes.start(compared.size)

    def _on_hashes(self, outcome: HashOutcome) -> None:
        self._hashes = None
        if outcome is None:
            self.fill()
        elif isinstance(outcome, Exception):
            self._end(outcome)
        else:
            self._end(Verdict.EQUAL if outcome else Verdict.DIFFERENT)

    def _end(self, result: CheckResult) -> None:
        self._stopped = True
        self._done(result)

    @property
    def _goes_on(self) -> bool:
        return self._result is Verdict.EQUAL and not self._stopped

    def _read(self, offset: int, length: int) -> None:
        def on_block(outcome: Outcome) -> None:
            self._outstanding -= 1
            self._take(outcome, offset, length)
            self._maybe_end()

        self._outstanding += 1
        number = self._requests.next_id
        request = Read(id=number, handle=self._compared.handle, offset=offset, length=length)
        self._requests.ask(request, on_block, Data)

    def _take(self, outcome: Outcome, offset: int, length: int) -> None:
        scheduler = self._scheduler
        size = min(len(outcome.data), length) if isinstance(outcome, Data) else 0
        again = isinstance(outcome, Data) and 0 < size < length and self._goes_on
        scheduler.flow.give(size if again else length, scheduler.protocol.now)
        scheduler.touch()
        if not self._goes_on:
            return
        try:
            self._result = self._compare(outcome, offset)
        except (OSError, SFTPTransferError) as error:
            self._result = error
        if again and self._goes_on:
            self._read(offset + size, length - size)
        elif again:
            scheduler.flow.give(length - size, scheduler.protocol.now)

    def _compare(self, outcome: Outcome, offset: int) -> CheckResult:
        if isinstance(outcome, Data):
            data = outcome.data
            equal = len(data) > 0 and self._compared.local.read(len(data), offset) == data
            return Verdict.EQUAL if equal else Verdict.DIFFERENT
        if isinstance(outcome, Status):
            if outcome.code == StatusCode.EOF:
                return Verdict.DIFFERENT
            return status_error(outcome.code, outcome.text, self._compared.path)
        return outcome_error(outcome, self._compared.path)

    def _maybe_end(self) -> None:
        if self._stopped or self._outstanding:
            return
        if self._extents.exhausted or self._result is not Verdict.EQUAL:
            self._end(self._result)
