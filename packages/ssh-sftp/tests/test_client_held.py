from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.client.held import Held


@given(
    data=st.binary(max_size=30).map(lambda each: each.replace(b"\x01", b"\n")),
    start=st.integers(0, 5),
    position=st.integers(0, 40),
    limit=st.integers(-1, 40),
)
def test_lines_and_bytes_are_those_of_the_held_range(
    data: bytes, start: int, position: int, limit: int
) -> None:
    held = Held()
    held.replace(data, start)
    rest = data[position - start :] if position >= start else b""
    assert held.bytes_at(position) == rest
    assert held.bytes_at(position, max(limit, 0)) == rest[: max(limit, 0)]

    line = held.line_at(position, limit)

    expected = io.BytesIO(rest).readline(limit)
    whole = expected.endswith(b"\n") or len(expected) == limit
    assert line == (expected if whole else None)


def test_nothing_is_held_after_clear() -> None:
    held = Held()
    held.replace(b"line\n", 0)
    held.clear()

    assert held.bytes_at(0) == b""
    assert held.line_at(0, -1) is None
