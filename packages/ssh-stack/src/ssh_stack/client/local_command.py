"""A command that is run here once the user is logged in (LocalCommand, ssh_config(5))."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import ChainMap
from typing import TYPE_CHECKING, Final, cast

from ssh_stack.client.plan_tokens import plan_tokens
from ssh_stack.local.process import LocalProcess, Program
from ssh_stack.local.shell_command import expand_command, shell_arguments
from ssh_stack.usage_errors import ConfigError
from ssh_wire import UsageError
from ssh_wire.text import printable

if TYPE_CHECKING:
    from ssh_stack.client.plan import ConnectionPlan

__all__ = ["LocalCommand"]

_LOG: Final = logging.getLogger("ssh_stack")
_NO_DEVICE: Final = {"T": "NONE"}
"""The network device of a tunnel, of which there is none."""


class LocalCommand:
    """The command of one connection; all about it that can be wrong is found before connecting.

    Args:
        plan: has the command, and what its tokens stand for.

    Raises:
        ConfigError: it has an unknown token, or a name that cannot be part of a command.
    """

    def __init__(self, plan: ConnectionPlan) -> None:
        self._command = plan.session.local_command or ""
        tokens = ChainMap(_NO_DEVICE, cast("dict[str, str]", plan_tokens(plan)))
        try:
            self._arguments = shell_arguments(expand_command(self._command, tokens))
        except UsageError as error:
            problem = f"LocalCommand {printable(self._command, 1024)!r}: {error}"
            raise ConfigError(problem) from None

    async def run(self) -> None:
        """Run it with the standard streams of this process, and wait for its end.

        How it ends does not matter, as for `ssh`.
        """
        try:
            program = Program(arguments=self._arguments, session=False)
            process = LocalProcess(program, (None, None, None))
        except (OSError, ValueError) as error:
            _LOG.warning("LocalCommand %r cannot be run: %s", printable(self._command), error)
            return
        try:
            await asyncio.shield(process.ended)
        except BaseException:
            process.signal(signal.SIGKILL)
            await process.ended
            raise
        finally:
            process.reap()
