"""Open the file that an upload writes: a new one, or what an earlier attempt has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ssh_sftp.attributes import Attributes
from ssh_sftp.client.protocol import Outcome
from ssh_sftp.client.requests import FileRequests
from ssh_sftp.client.storage import FileSource
from ssh_sftp.client.striping import Stripes
from ssh_sftp.errors import SFTPNoSuchFile, SFTPTransferError, outcome_error, status_error
from ssh_sftp.messages import Attrs, Close, Handle, LStat, Open, Remove, Request, Stat, Status
from ssh_sftp.names import basename, directory_of
from ssh_sftp.numbers import MAX_DEPTH, OpenFlags, StatusCode
from ssh_wire import lazy_attrs

__all__ = ["OnOpened", "PartOpening", "UploadOptions", "plain_mode", "with_hint"]

OnOpened: TypeAlias = Callable[["bytes | Exception"], None]
"""Takes the handle, or why there is none."""

_IN_PLACE: Final = "writing in place can be chosen: SFTPOptions(atomic=False), cp --in-place"
_REPLACE: Final = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.TRUNCATE
_NEW: Final = OpenFlags.WRITE | OpenFlags.CREATE | OpenFlags.EXCLUSIVE


@lazy_attrs.frozen(kw_only=True)
class UploadOptions:
    """The options of an upload.

    Attributes:
        atomic: write under a temporary name first.
        preserve: give the file the permissions and times of the local one.
        fsync: write it to stable storage before it gets its name; the server supports it.
        part_name: returns a new temporary path for a path.
        lasting_name: returns the temporary path that a path has for one version of the local
            file; None for an upload that does not resume.
        verify: compare the whole file before it gets its name.
        sparse: leave out what is zero because it is in a hole of the local file.
        stripes: the further sessions that write a large file too.
        max_depth: the most levels of directories in a tree.
        checks_small: check the size of small files too, which one acknowledgement covers.
    """

    atomic: bool
    preserve: bool
    fsync: bool
    part_name: Callable[[str], str]
    lasting_name: Callable[[str, str], str] | None = None
    verify: bool = False
    sparse: bool = False
    stripes: Stripes | None = None
    max_depth: int = MAX_DEPTH
    checks_small: bool = False


class PartOpening:
    """Open the file that one upload writes.

    Attributes:
        target: its path: the temporary one, or the final one of an upload in place.
        present: the attributes of what has the final name, if that is known.
        begun: how many bytes an earlier attempt has left in it.
        stopped: whether the upload has failed meanwhile.
    """

    __slots__ = (
        "_absent",
        "_done",
        "_mode",
        "_options",
        "_path",
        "_requests",
        "_size",
        "begun",
        "present",
        "stopped",
        "target",
    )

    def __init__(
        self, requests: FileRequests, path: str, options: UploadOptions, done: OnOpened
    ) -> None:
        self._requests = requests
        self._path = path
        self._options = options
        self._done = done
        self._absent = False
        self._mode: int | None = None
        self._size = 0
        self.target: str = path
        self.present: Attributes | None = None
        self.begun: int = 0
        self.stopped: bool = False

    def start(self, source: FileSource) -> None:
        """Look at what is there, and open a file for the content of `source`."""
        options, requests = self._options, self._requests
        self._mode = plain_mode(source.attributes)
        self._size = source.attributes.size or 0
        name = options.lasting_name
        if options.atomic:
            looking = LStat(id=requests.next_id, path=self._path)
            requests.ask(looking, self._on_present, Attrs)
            self.target = (
                options.part_name(self._path) if name is None else name(self._path, source.version)
            )
        if name is not None:
            requests.ask(self._look_at_part(), self._on_part, Attrs)
        else:
            self._open(_NEW if options.atomic else _REPLACE, reads=options.verify)

    def again(self) -> None:
        """Open it again, without the bytes that an earlier attempt has left."""
        self.begun = 0
        self._open(_REPLACE, reads=self._options.verify)

    def _look_at_part(self) -> Request:
        number = self._requests.next_id
        if self._options.atomic:
            return LStat(id=number, path=self.target)
        return Stat(id=number, path=self.target)

    def _on_present(self, outcome: Outcome) -> None:
        if isinstance(outcome, Attrs):
            self.present = outcome.attributes
            if outcome.attributes.is_dir:
                self._done(SFTPTransferError(self._path, "it is a directory"))
        elif isinstance(outcome, Status) and outcome.code == StatusCode.NO_SUCH_FILE:
            self._absent = True

    def _on_part(self, outcome: Outcome) -> None:
        """Open what an earlier attempt has left, or a new file."""
        if self.stopped:
            return
        if isinstance(outcome, Attrs):
            self._open_part(outcome.attributes)
        elif not isinstance(outcome, Status):
            self._done(outcome_error(outcome, self._path))
        elif self._options.atomic and outcome.code == StatusCode.NO_SUCH_FILE:
            self._open(_NEW, reads=self._options.verify)
        else:
            self.again()

    def _open_part(self, found: Attributes) -> None:
        if found.has_type and not found.is_file:
            self._done(SFTPTransferError(self.target, "it is not a regular file"))
        elif found.size and found.size <= self._size:
            self.begun = found.size
            self._open(OpenFlags.WRITE, reads=True)
        else:  # what is longer is not the beginning of this file
            self.again()

    def _open(self, flags: OpenFlags, *, reads: bool) -> None:
        opening = Open(
            id=self._requests.next_id,
            path=self.target,
            flags=(flags | OpenFlags.READ if reads else flags).value,
            attributes=Attributes(permissions=self._mode),
        )
        self._requests.ask(opening, self._on_open, Handle)

    def _on_open(self, outcome: Outcome) -> None:
        if isinstance(outcome, Handle):
            if self.stopped:
                self._close(outcome.handle)
            else:
                self._done(outcome.handle)
        elif self.stopped:
            return
        elif self.begun and isinstance(outcome, Status):
            self.again()  # it may not be read, so it cannot be compared
        else:
            self._done(self._why_not(outcome))

    def _close(self, handle: bytes) -> None:
        self._requests.ignore(Close(id=self._requests.next_id, handle=handle))
        if self._options.atomic and not self.begun:
            self._requests.ignore(Remove(id=self._requests.next_id, path=self.target))

    def _why_not(self, outcome: Outcome) -> Exception:
        above = directory_of(self._path)
        if not isinstance(outcome, Status):
            return outcome_error(outcome, self._path)
        if outcome.code == StatusCode.NO_SUCH_FILE and above:
            return SFTPNoSuchFile("the directory does not exist", above)
        if self._options.atomic and not self._absent:
            what = f"the temporary file {basename(self.target)} could not be made"
            return with_hint(outcome.code, outcome.text, what, self._path)
        return outcome_error(outcome, self._path)


def plain_mode(found: Attributes) -> int | None:
    """Return permission bits without set-user-ID, set-group-ID and sticky."""
    return None if found.mode is None else found.mode & 0o777


def with_hint(code: int, text: str, what: str, path: str) -> Exception:
    """Return a refusal with the hint that files can be written in place."""
    return status_error(code, f"{text or 'the request failed'} ({what}; {_IN_PLACE})", path)
