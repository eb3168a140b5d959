from __future__ import annotations

import pytest

from ssh_sftp import SFTPProtocolError
from ssh_sftp.server.handles import Handles


@pytest.mark.row("F05")
def test_handles_are_given_once() -> None:
    handles: Handles[str] = Handles(b"f")
    first = handles.add("one")
    assert handles.find(first) == "one"
    assert first in handles
    assert handles.take(first) == "one"
    second = handles.add("two")

    assert second != first
    with pytest.raises(OSError, match="handle"):
        handles.find(first)
    with pytest.raises(OSError, match="handle"):
        handles.take(first)
    assert handles.take_all() == ["two"]
    assert len(handles) == 0


@pytest.mark.row("P83")
def test_handle_of_more_than_256_bytes_ends_the_session() -> None:
    handles: Handles[str] = Handles(b"f")
    with pytest.raises(OSError, match="handle"):
        handles.find(bytes(256))
    with pytest.raises(SFTPProtocolError):
        handles.find(bytes(257))
