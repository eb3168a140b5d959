"""Misuse of messages that both type checkers must refuse.

Each marked line is an error in both: a checker that no longer finds it reports
the mark as unused.
"""

from __future__ import annotations

from ssh_wire.messages.connection import ChannelClose, WindowAdjust

WindowAdjust(recipient="1", increment=2)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
WindowAdjust(recipient=1)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
WindowAdjust(1, 2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

adjust = WindowAdjust(recipient=1, increment=2)
adjust.increment = 3  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]

text: str = adjust.encode()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
close: ChannelClose = WindowAdjust.decode(b"")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
