from __future__ import annotations

import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes
from ssh_wire import BadValue, EncodeError, Truncated, WireError

UINT32 = st.integers(0, 2**32 - 1)


@st.composite
def attributes(draw: st.DrawFn) -> Attributes:
    ids = draw(st.none() | st.tuples(UINT32, UINT32)) or (None, None)
    times = draw(st.none() | st.tuples(UINT32, UINT32)) or (None, None)
    return Attributes(
        size=draw(st.none() | st.integers(0, 2**64 - 1)),
        uid=ids[0],
        gid=ids[1],
        permissions=draw(st.none() | UINT32),
        atime=times[0],
        mtime=times[1],
        extended=draw(
            st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=9)), max_size=3).map(
                tuple
            )
        ),
    )


@given(attributes())
def test_attributes_are_decoded_as_they_were_encoded(value: Attributes) -> None:
    data = value.encode()

    assert Attributes.read(data, 0) == (value, len(data))


@pytest.mark.row("F03")
@given(attributes())
def test_every_proper_prefix_is_refused(value: Attributes) -> None:
    data = value.encode()
    for size in range(len(data)):
        with pytest.raises(WireError):
            Attributes.read(data[:size], 0)


@given(st.binary(max_size=60))
def test_any_bytes_decode_or_raise(data: bytes) -> None:
    try:
        value, end = Attributes.read(data, 0)
    except WireError:
        return
    assert value.encode() == data[:end]


@pytest.mark.row("F12")
def test_unknown_flags_are_refused() -> None:
    with pytest.raises(BadValue, match="0x10"):
        Attributes.read(b"\0\0\0\x10", 0)


@pytest.mark.row("F12")
def test_count_of_extensions_beyond_the_bytes_is_refused() -> None:
    with pytest.raises(Truncated):
        Attributes.read(b"\x80\0\0\0\xff\xff\xff\xff", 0)


@pytest.mark.parametrize(
    "value",
    [Attributes(uid=1), Attributes(mtime=1), Attributes(size=-1), Attributes(permissions=2**32)],
)
def test_values_that_cannot_be_encoded_raise(value: Attributes) -> None:
    with pytest.raises(EncodeError):
        value.encode()


def test_types_follow_from_the_permissions() -> None:
    assert Attributes(permissions=stat.S_IFDIR | 0o755).is_dir
    assert Attributes(permissions=stat.S_IFREG | 0o4755).is_file
    assert Attributes(permissions=stat.S_IFREG | 0o4755).mode == 0o4755
    assert Attributes(permissions=stat.S_IFLNK).is_symlink
    assert Attributes().mode is None
    assert not Attributes().is_file
