"""A command that dies with its channel, at servers that deliver no signals.

Servers close the standard input of a command with its channel, whatever else they do.  The
command is started beside a watcher that reads it: at its end the command's process group gets
TERM, and after the grace KILL.  Signals, exit status and both outputs are the command's own,
which has no standard input.  It takes a POSIX shell on the other side.
"""

from __future__ import annotations

import math
import shlex
from typing import Final

__all__ = ["tied_to_stdin"]

# $1 is the command line, $2 the grace.  sh becomes the user's shell with the command, so its
# process has the number of $$; where it does not lead a process group it gets one, by setsid(1),
# or it alone is ended.  Its input is given to the watcher as descriptor 3: what is run behind &
# has none of its own.  The watcher ignores the signals of its group from its beginning.
_WATCHED: Final = (
    'g=$$; if kill -s 0 -- "-$$" 2>/dev/null; then g="-$$"; fi; exec 3<&0; '
    "trap '' HUP INT PIPE TERM; (while IFS= read -r x; do :; done; "
    'if kill -s 0 "$$"; then kill -s TERM -- "$g"; sleep "$2"; kill -s KILL -- "$g"; fi) '
    "<&3 3<&- >/dev/null 2>&1 & trap - HUP INT PIPE TERM; "
    'exec "${SHELL:-/bin/sh}" -c "$1" </dev/null 3<&-'
)
_GROUPED: Final = (
    'if kill -s 0 -- "-$$" 2>/dev/null; then s=; else s=$(command -v setsid); fi; '
    'exec ${s:+"$s"} sh -c "$3" sh "$1" "$2"'
)


def tied_to_stdin(command: str, grace: float) -> str:
    """Return the command line that runs a command until its standard input ends.

    Args:
        command: the command line, for the user's shell.
        grace: seconds between TERM and KILL.
    """
    arguments = (command, str(math.ceil(grace)), _WATCHED)
    return shlex.join(("exec", "sh", "-c", _GROUPED, "sh", *arguments))
