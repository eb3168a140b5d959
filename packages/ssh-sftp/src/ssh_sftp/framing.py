"""Cut a byte stream into SFTP packets: a uint32 length, then that many bytes (section 3)."""

from __future__ import annotations

from collections.abc import Callable

from ssh_sftp.errors import SFTPProtocolError
from ssh_sftp.numbers import MAX_PACKET
from ssh_wire.length_prefix import LengthPrefixedReader

__all__ = ["PacketReader"]


class PacketReader(LengthPrefixedReader):
    """Deliver the payload of each complete packet."""

    def __init__(self, handler: Callable[[memoryview], None], limit: int = MAX_PACKET) -> None:
        super().__init__(handler, limit)

    @property
    def inside_packet(self) -> bool:
        """Return whether a packet has begun and not ended."""
        return self.inside_frame

    def refused(self, length: int) -> SFTPProtocolError:
        """Return the error for a packet that is empty or longer than the limit."""
        return SFTPProtocolError(f"a packet of {length} bytes is out of bounds")
