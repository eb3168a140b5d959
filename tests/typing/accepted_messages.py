"""Use of messages whose types both checkers must know, to the last field."""

from __future__ import annotations

from typing import assert_type

from ssh_wire.messages.connection import ExecRequest, WindowAdjust

adjust = WindowAdjust(recipient=1, increment=2)
assert_type(adjust.increment, int)
assert_type(adjust.encode(), bytes)
assert_type(WindowAdjust.decode(b""), WindowAdjust)
assert_type(ExecRequest.decode(b""), ExecRequest)
