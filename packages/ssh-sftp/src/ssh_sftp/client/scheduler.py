"""Transfer many files at once over one session.

A transfer is a set of jobs: files, and directories that add more jobs.  The scheduler starts jobs
while there is room, lets the running ones send and request blocks, and ends when none is left.  A
file that fails is recorded and the others go on, or it ends the transfer; partial files are
removed.  What concerns all files (a lost session, unsafe names in a listing, a cancellation) ends
the transfer in any case.

Nothing here waits: every step is a callback from `SFTPClientProtocol`.  A job that raises is
removed and ends the transfer, so that the caller always gets a result.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Final, Protocol, TypeAlias

from ssh_sftp.client.flow import Flow
from ssh_sftp.client.protocol import SFTPClientProtocol
from ssh_sftp.results import Skipped, TransferFailure, Transferred, TransferRefusal
from ssh_wire import ProtocolError, SSHError
from ssh_wire.guarded import guarded
from ssh_wire.text import printable

__all__ = ["Compute", "Found", "Job", "Progress", "Scheduler", "compute_now"]

Progress: TypeAlias = Callable[[int, int | None, str], None]
"""Told of a file's bytes so far, of all its bytes (None when unknown), and its path."""

Found: TypeAlias = Callable[[str, int | None], None]
"""Told of each file that is to be transferred, before it is: its path, and its size if known."""

Compute: TypeAlias = Callable[[Callable[[], bytes], Callable[["bytes | Exception"], None]], None]
"""Does some work, and calls the second function with its result, now or later."""

_DIRECTORIES: Final = 32
_BACKLOG: Final = 1_024


class Job(Protocol):
    """The transfer of one file or directory."""

    def start(self) -> None:
        """Send the first request."""

    def fill(self) -> None:
        """Request or send blocks while there is room."""

    def abort(self) -> None:
        """Stop: remove what is partial, then call `Scheduler.ended`."""

    def drop(self) -> None:
        """Release local files at once: the job has raised, and no step of it follows."""


class _Counts:
    """How much a transfer did.

    Attributes:
        files: how many files are complete.
        directories: how many directories are.
        bytes: how many bytes these files have.
        checked: how many of the files have the size that the server reports.
        resumed: how many of the bytes an earlier attempt had left.
        verified: how many of the files were compared.
    """

    __slots__ = ("bytes", "checked", "directories", "files", "resumed", "verified")

    def __init__(self) -> None:
        self.files = 0
        self.directories = 0
        self.bytes = 0
        self.checked = 0
        self.resumed = 0
        self.verified = 0


class _TransferLog:
    """What a transfer did, and did not do.

    Attributes:
        counts: how much it did.
        skipped: the files that were left out.
        refused: the optional steps that were refused.
        failed: the files that failed.
    """

    __slots__ = ("counts", "failed", "refused", "skipped")

    def __init__(self) -> None:
        self.counts = _Counts()
        self.skipped: list[Skipped] = []
        self.refused: list[TransferRefusal] = []
        self.failed: list[TransferFailure] = []

    @property
    def result(self) -> Transferred:
        """The counts and lists so far."""
        counts = self.counts
        return Transferred(
            counts.files,
            counts.directories,
            counts.bytes,
            tuple(self.skipped),
            counts.checked,
            tuple(self.refused),
            resumed=counts.resumed,
            verified=counts.verified,
        )


class Scheduler:
    """Run the jobs of one transfer.

    Attributes:
        protocol: the session that the transfer runs over.
        flow: how many bytes are, and may be, outstanding.
        progress: called with each file's bytes, or None.
        has_check_file: whether the server is asked for hashes.
        compute: does what takes long, in a thread where there are threads.
        on_found: called with each file of a tree before it is transferred, or None.
        stop: whether it ends with the first file that fails.

    Args:
        protocol: the session that the transfer runs over.
        flow: how many bytes are, and may be, outstanding.
        on_done: called once at the end, with the error that ended the transfer, or None.
        files_in_flight: the most files that are open at once.
        progress: called with each file's bytes, or None.
        stop: end with the first file that fails.
    """

    def __init__(
        self,
        protocol: SFTPClientProtocol,
        flow: Flow,
        on_done: Callable[[Exception | None], None],
        *,
        files_in_flight: int = 128,
        progress: Progress | None = None,
        stop: bool = True,
    ) -> None:
        self.protocol = protocol
        self.flow = flow
        self.progress = progress
        self.has_check_file: bool = False
        self.compute: Compute = compute_now
        self.on_found: Found | None = None
        self._on_done = on_done
        self._most_files = max(1, min(files_in_flight, protocol.limits.max_handles or 128))
        self.stop = stop
        self._files: deque[Job] = deque()
        self._directories: list[Job] = []
        self._active_files: dict[Job, None] = {}
        self._active_directories: dict[Job, None] = {}
        self._error: Exception | None = None
        self._touched = False
        self._over = False
        self._log = _TransferLog()

    # ------------------------------------------------------------------ for jobs

    @property
    def backlogged(self) -> bool:
        """Return whether enough files wait that listing more would only use memory."""
        return len(self._files) >= _BACKLOG

    def add_file(self, job: Job) -> None:
        """Queue a file."""
        self._files.append(job)
        self.touch()

    def add_directory(self, job: Job) -> None:
        """Queue a directory; deeper ones go first, so that few are open at once."""
        self._directories.append(job)
        self.touch()

    def found(self, path: str, size: int | None) -> None:
        """Call `on_found` with a file that will be transferred."""
        if self.on_found is not None:
            with guarded(self.fail):
                self.on_found(printable(path), size)

    def report(self, done: int, total: int | None, path: str) -> None:
        """Call `progress` with the bytes of a file."""
        if self.progress is not None:
            with guarded(self.fail):
                self.progress(done, total, printable(path))

    def skip(self, path: str, reason: str) -> None:
        """Record a file that is left out."""
        self._log.skipped.append(Skipped(path, reason))

    def refused(self, path: str, what: str, cause: Exception) -> None:
        """Record an optional step that was refused."""
        self._log.refused.append(TransferRefusal(path, what, cause))

    def failed(self, path: str, error: Exception) -> None:
        """Record a file that failed; end the transfer if the error concerns all, or by `stop`."""
        concerns_all = isinstance(error, ProtocolError) or self.protocol.error is not None
        if self.stop or concerns_all:
            self.fail(error)
        elif self._error is None:
            self._log.failed.append(TransferFailure(path, error))
            self.touch()

    def touch(self) -> None:
        """Run `pump` at the end of this wake-up."""
        if not self._touched:
            self._touched = True
            self.protocol.wake(self.pump)

    def completed(
        self,
        job: Job,
        size: int | None,
        *,
        checked: bool = False,
        resumed: int = 0,
        verified: bool = False,
    ) -> None:
        """Record that a job succeeded.

        Args:
            job: it.
            size: the bytes of a file; None for a directory.
            checked: whether the size that the server reports was compared.
            resumed: how many of the bytes an earlier attempt had left.
            verified: whether the content was compared.
        """
        counts = self._log.counts
        if size is None:
            counts.directories += 1
        else:
            counts.files += 1
            counts.bytes += size
        counts.checked += checked
        counts.resumed += resumed
        counts.verified += verified
        self.ended(job)

    def ended(self, job: Job) -> None:
        """Record that a job has no outstanding requests any more."""
        self._active_files.pop(job, None)
        self._active_directories.pop(job, None)
        self.touch()

    def broken(self, job: Job, error: Exception) -> None:
        """End the transfer after a job has raised: no step of that job follows."""
        self.ended(job)
        with suppress(Exception):  # an error is recorded already
            job.drop()
        self.fail(error)

    def fail(self, error: Exception) -> None:
        """End the transfer with `error`, unless it already ends."""
        if self._error is None:
            self._error = error
            waiting = [*self._files, *self._directories]
            self._files.clear()
            self._directories.clear()
            for job in [*waiting, *self._active_files, *self._active_directories]:
                self._step(job, job.abort)
        self.touch()

    # ------------------------------------------------------------------ for the owner

    @property
    def result(self) -> Transferred:
        """What was transferred."""
        return self._log.result

    @property
    def failures(self) -> tuple[TransferFailure, ...]:
        """The files that failed."""
        return tuple(self._log.failed)

    def cancel(self) -> None:
        """Cancel the transfer: partial files are removed, and `on_done` follows."""
        self.fail(SSHError("the transfer was cancelled"))

    def lost(self, error: Exception) -> None:
        """End the transfer with the session; some jobs have no outstanding request to fail."""
        self.fail(error)
        self.pump()

    def pump(self) -> None:
        """Start and continue jobs while there is room."""
        self._touched = False
        if self._over:
            return
        if self._error is None:
            self._fill()
            self._start()
        if not (
            self._active_files or self._active_directories or self._files or self._directories
        ):
            self._over = True
            self._on_done(self._error)

    def _fill(self) -> None:
        for job in [*self._active_files]:
            if not self.flow.has_room or not self.protocol.writable or self._error is not None:
                break
            self._step(job, job.fill)
        for job in [*self._active_directories]:
            if self._error is not None:
                break
            self._step(job, job.fill)

    def _start(self) -> None:
        while (
            self._files
            and len(self._active_files) < self._most_files
            and self.flow.has_room
            and self.protocol.writable
            and self._error is None
        ):
            job = self._files.popleft()
            self._active_files[job] = None
            self._step(job, job.start)
        while (
            self._directories
            and len(self._active_directories) < _DIRECTORIES
            and not self.backlogged
            and self._error is None
        ):
            job = self._directories.pop()
            self._active_directories[job] = None
            self._step(job, job.start)

    def _step(self, job: Job, step: Callable[[], None]) -> None:
        try:  # a `guarded` would cost as much as most steps: there are hundreds for each file
            step()
        except Exception as error:  # noqa: BLE001 (every error of a job is reported)
            self.broken(job, error)


def compute_now(work: Callable[[], bytes], done: Callable[[bytes | Exception], None]) -> None:
    """Do some work at once."""
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 (whoever waits for it is told)
        done(error)
    else:
        done(result)
