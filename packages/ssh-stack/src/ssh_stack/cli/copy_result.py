"""What a call of cp did, for its status, its last line, and --json."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TYPE_CHECKING, Any

from ssh_sftp import SFTPError, SFTPTransferErrors
from ssh_wire import lazy_attrs

if TYPE_CHECKING:
    from ssh_sftp import SyncStep, TransferFailure, Transferred

__all__ = ["CopyResult", "outcome_of", "refusal_text"]


@lazy_attrs.define(kw_only=True)
class CopyResult:
    """What was copied, and what was not.

    Attributes:
        files: how many files were copied.
        bytes: how many bytes they have together.
        failed: what was not copied, each with the reason.
        skipped: what was left out, each with the reason.
        plan: with --sync, the steps of it.
        deleted: with --sync, what was deleted.
    """

    files: int = 0
    bytes: int = 0
    failed: list[tuple[str, str]] = lazy_attrs.field(factory=list[tuple[str, str]])
    skipped: list[tuple[str, str]] = lazy_attrs.field(factory=list[tuple[str, str]])

    plan: tuple[SyncStep, ...] | None = None
    deleted: tuple[str, ...] = ()

    def as_object(self) -> dict[str, Any]:
        """Return what --json prints."""
        steps = self.plan
        synced: dict[str, Any] = {}
        if steps is not None:
            plan = [
                {"action": each.action, "path": each.path, "reason": each.reason} for each in steps
            ]
            synced = {"plan": plan, "deleted": list(self.deleted)}
        return {
            "files": self.files,
            "bytes": self.bytes,
            "failed": [{"path": path, "error": error} for path, error in self.failed],
            "skipped": [{"path": path, "reason": reason} for path, reason in self.skipped],
            **synced,
        }


async def outcome_of(
    work: Awaitable[Transferred],
) -> tuple[Transferred, Sequence[TransferFailure]]:
    """Return what a transfer did, and what it did not do."""
    try:
        return await work, ()
    except SFTPTransferErrors as error:
        return error.done, error.errors


def refusal_text(error: Exception) -> str:
    """Return the text of a refusal, without its path."""
    if isinstance(error, SFTPError):
        return error.text
    return (isinstance(error, OSError) and error.strerror) or str(error)
