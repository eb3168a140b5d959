"""What servers for tests are told, and what their clients have to be told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ssh_stack.server.options import OptionalServerOptionsKw

if TYPE_CHECKING:
    from ssh_keys import PrivateKey
    from ssh_stack.server.authorization import Authorization
    from ssh_stack.server.options import HostKeySource

__all__ = ["LoginKw", "ServingKw"]


class ServingKw(OptionalServerOptionsKw, total=False):
    """The options of `serve`, none of them required: keys are made where none are given."""

    host_keys: Sequence[HostKeySource] | HostKeySource
    auth: Authorization | Sequence[Authorization]


class LoginKw(TypedDict):
    """Options with which `connect`, asynchronous and blocking, logs in at a server for tests.

    They name everything that `connect` would look for otherwise: no file of the user who runs
    the tests is read, and no agent is asked.
    """

    username: str
    keys: PrivateKey | Path
    known_hosts: bytes | Path
    config: None
    agent: None
