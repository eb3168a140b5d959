"""Text of the peer that a person will read.

RFC 4252 section 5.4 and RFC 4256 section 3.3: "control character filtering ... SHOULD be
used to avoid attacks by including terminal control characters", and line ends are kept.
"""

from __future__ import annotations

from ssh_wire.text import printable

__all__ = ["shown"]


def shown(text: str) -> str:
    """Return the text with its lines kept and everything else that controls escaped."""
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(printable(line, limit=len(line)) for line in lines)
