from __future__ import annotations

import pytest

from ssh_auth import Accept, CompletedMethod, Partial, Permissions, ServerPolicy
from ssh_auth.server.progress import Progress
from ssh_keys import PrivateKey

NO_PTY = Permissions(pty=False)
BACKUP = Permissions(forced_command="backup")


def test_one_method_completes_a_policy_of_one(key: PrivateKey) -> None:
    progress = Progress(ServerPolicy())

    assert progress.complete("publickey", key.public_key, Accept(NO_PTY))
    assert (progress.credential, progress.permissions) == (key.public_key, NO_PTY)


@pytest.mark.row("A08")
def test_permissions_denied_by_any_method_stay_denied(key: PrivateKey) -> None:
    progress = Progress(ServerPolicy(sequences=(("publickey", "password"),)))

    assert not progress.complete("publickey", key.public_key, Accept(BACKUP))
    assert progress.remaining.methods == ("password",)
    assert progress.complete("password", None, Accept(NO_PTY))

    assert progress.completed == (
        CompletedMethod("publickey", key.public_key),
        CompletedMethod("password"),
    )
    assert progress.permissions == Permissions(pty=False, forced_command="backup")


@pytest.mark.row("A08")
def test_two_forced_commands_permit_nothing() -> None:
    progress = Progress(ServerPolicy(sequences=(("password", "password"),)))
    progress.complete("password", None, Accept(BACKUP))
    other = Accept(Permissions(forced_command="other"))

    assert not progress.permits(other)
    assert not progress.complete("password", None, other)
    assert [each.method for each in progress.completed] == ["password"]


def test_partial_result_demands_more_than_the_policy() -> None:
    progress = Progress(ServerPolicy(methods=("password",)))

    assert not progress.complete("password", None, Partial(("keyboard-interactive",)))

    assert progress.remaining.methods == ("keyboard-interactive",)
    assert progress.complete("keyboard-interactive", None, Accept())
