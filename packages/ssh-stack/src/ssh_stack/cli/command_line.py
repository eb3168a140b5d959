"""The command line of the escape `C` (ssh(1), ESCAPE CHARACTERS): forwards while connected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from ssh_stack.cli.prompts import TerminalPrompter
from ssh_stack.config.forward_specs import ForwardSpec, parse_forward, parse_remote_forward
from ssh_wire import SSHError, UsageError, lazy_attrs

if TYPE_CHECKING:
    from ssh_stack.cli.forwards import Forwards
    from ssh_stack.cli.report import Report

__all__ = ["Command", "parse_command", "read_command"]

_PROMPT: Final = "\r\nssh> "
_SIDES: Final[dict[str, Literal["local", "remote"]]] = {
    "L": "local",
    "R": "remote",
    "D": "local",
}
HELP: Final = """\
Commands:
      -L[bind_address:]port:host:hostport    Request local forward
      -R[bind_address:]port:host:hostport    Request remote forward
      -D[bind_address:]port                  Request dynamic forward
      -KL[bind_address:]port                 Cancel local forward
      -KR[bind_address:]port                 Cancel remote forward
      -KD[bind_address:]port                 Cancel dynamic forward"""


@lazy_attrs.frozen
class Command:
    """One command: open a forward, or cancel it."""

    side: Literal["local", "remote"]
    """Who listens."""
    spec: ForwardSpec
    """The forward; of one to cancel only where it listens counts."""
    cancel: bool
    """Whether it is to be cancelled."""


def parse_command(text: str) -> Command | None:
    """Read a command; None where the help is asked for, or nothing.

    Raises:
        UsageError: it is another command.
    """
    text = text.strip().removeprefix("-")
    if not text or text[0] in "hH?":
        return None
    cancel = text.startswith("K")
    text = text.removeprefix("K")
    letter, given = text[:1], text[1:].strip()
    side = _SIDES.get(letter)
    if side is None:
        problem = "invalid command; ? lists the commands"
        raise UsageError(problem)
    # to cancel takes where it listens, which reads like a dynamic forward: OpenSSH does so too
    return Command(side, _spec(given, side, dynamic=cancel or letter == "D"), cancel)


def _spec(given: str, side: Literal["local", "remote"], *, dynamic: bool) -> ForwardSpec:
    if dynamic or side == "local":
        return parse_forward(given, dynamic=dynamic, remote=side == "remote")
    return parse_remote_forward(given)


async def read_command(forwards: Forwards, report: Report) -> None:
    """Ask for a command at the terminal, and do it."""
    asker = TerminalPrompter.if_available()
    text = None if asker is None else await asker.line(_PROMPT)
    if text is None or not text.strip():
        return
    try:
        command = parse_command(text)
        if command is None:
            report.show(HELP)
        elif not command.cancel:
            await forwards.open(command.side, command.spec)
            report.show("Forwarding port.")
        elif await forwards.cancel(command.side, command.spec):
            report.show("Canceled forwarding.")
        else:
            report.show("Unknown port forwarding.")
    except (SSHError, OSError) as error:
        report.warn(str(error))
