"""Many files at once over one session: what runs, what waits, and how it ends.

A transfer is a set of jobs: files, and directories that yield more of them.  The
scheduler starts jobs while there is room, lets the running ones fill the line, and ends
when none is left.  The first failure ends the others; what they had begun is undone.
Nothing here waits: every step is a callback from `Requests`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Protocol, TypeAlias

import attrs

from ssh_sftp.flow import Flow
from ssh_sftp.requests import Requests
from ssh_wire import SSHError
from ssh_wire.text import printable

__all__ = ["Job", "Progress", "Scheduler", "Skipped", "Transferred"]

Progress: TypeAlias = Callable[[int, int | None, str], None]
"""Told of a file's bytes so far, of all its bytes (None when unknown), and its path."""

_DIRECTORIES: Final = 32
_BACKLOG: Final = 1_024


@attrs.frozen
class Skipped:
    """A file that a transfer left out.

    Attributes:
        path: the file, on the side that has it.
        reason: why, for people.
    """

    path: str
    reason: str


@attrs.frozen
class Transferred:
    """What a transfer did.

    Attributes:
        files: how many files were transferred.
        directories: how many directories were gone through.
        bytes: how many bytes they have together.
        skipped: what was left out.
    """

    files: int
    directories: int
    bytes: int
    skipped: tuple[Skipped, ...]


class Job(Protocol):
    """A file or a directory on its way."""

    def start(self) -> None:
        """Send the first request."""

    def fill(self) -> None:
        """Ask for, or send, as much as there is room for."""

    def abort(self) -> None:
        """Give up: undo what was begun, then report `Scheduler.ended`."""


class Scheduler:
    """The jobs of one transfer.

    Attributes:
        requests: the session that the transfer runs over.
        flow: how many bytes are, and may be, under way.
        progress: told of each file's bytes, or None.
    """

    def __init__(
        self,
        requests: Requests,
        flow: Flow,
        on_done: Callable[[Exception | None], None],
        *,
        files_in_flight: int = 128,
        progress: Progress | None = None,
    ) -> None:
        self.requests = requests
        self.flow = flow
        self.progress = progress
        self._on_done = on_done
        self._most_files = max(1, min(files_in_flight, requests.limits.max_handles or 128))
        self._files: deque[Job] = deque()
        self._directories: list[Job] = []
        self._active_files: dict[Job, None] = {}
        self._active_directories: dict[Job, None] = {}
        self._error: Exception | None = None
        self._touched = False
        self._over = False
        self._counts = [0, 0, 0]
        self._skipped: list[Skipped] = []

    # ------------------------------------------------------------------ for jobs

    @property
    def backlogged(self) -> bool:
        """Whether so many files wait that listing more would only use memory."""
        return len(self._files) >= _BACKLOG

    def add_file(self, job: Job) -> None:
        """Queue a file."""
        self._files.append(job)
        self.touch()

    def add_directory(self, job: Job) -> None:
        """Queue a directory; deeper ones go first, so that few are open at once."""
        self._directories.append(job)
        self.touch()

    def skip(self, path: str, reason: str) -> None:
        """Note a file that is left out."""
        self._skipped.append(Skipped(path, reason))

    def report(self, done: int, total: int | None, path: str) -> None:
        """Tell the progress of a file."""
        if self.progress is not None:
            try:
                self.progress(done, total, printable(path))
            except Exception as error:  # noqa: BLE001 (the owner's callback; told to the owner)
                self.fail(error)

    def touch(self) -> None:
        """Go on at the end of this wake-up."""
        if not self._touched:
            self._touched = True
            self.requests.wake(self.pump)

    def completed(self, job: Job, size: int | None) -> None:
        """Learn that a job succeeded; a file says its size, a directory None."""
        self._counts[1 if size is None else 0] += 1
        self._counts[2] += size or 0
        self.ended(job)

    def ended(self, job: Job) -> None:
        """Learn that a job has nothing outstanding any more."""
        self._active_files.pop(job, None)
        self._active_directories.pop(job, None)
        self.touch()

    def fail(self, error: Exception) -> None:
        """End the transfer with `error`, unless it is ending already."""
        if self._error is None:
            self._error = error
            waiting = [*self._files, *self._directories]
            self._files.clear()
            self._directories.clear()
            for job in [*waiting, *self._active_files, *self._active_directories]:
                job.abort()
        self.touch()

    # ------------------------------------------------------------------ for the owner

    @property
    def result(self) -> Transferred:
        """What was done."""
        files, directories, size = self._counts
        return Transferred(files, directories, size, tuple(self._skipped))

    def cancel(self) -> None:
        """End the transfer: what is begun is undone, and `on_done` follows."""
        self.fail(SSHError("the transfer was cancelled"))

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
            if not self.flow.has_room or not self.requests.writable:
                break
            job.fill()
        for job in [*self._active_directories]:
            job.fill()

    def _start(self) -> None:
        while (
            self._files
            and len(self._active_files) < self._most_files
            and self.flow.has_room
            and self.requests.writable
            and self._error is None
        ):
            job = self._files.popleft()
            self._active_files[job] = None
            job.start()
        while (
            self._directories
            and len(self._active_directories) < _DIRECTORIES
            and not self.backlogged
            and self._error is None
        ):
            job = self._directories.pop()
            self._active_directories[job] = None
            job.start()
