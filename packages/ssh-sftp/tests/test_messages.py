from __future__ import annotations

from typing import Any, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import Attributes
from ssh_sftp import messages as m
from ssh_wire import Message, Record, WireError
from ssh_wire.types import Wire

ALL = [
    getattr(m, name)
    for name in m.__all__
    if isinstance(getattr(m, name), type) and getattr(m, name) not in {m.Request, m.Reply}
]
ENDLESS = {m.Extended, m.ExtendedReply, m.CheckFileReply}
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "text": st.binary(max_size=20).map(lambda raw: raw.decode("utf-8", "surrogateescape")),
    "view": st.binary(max_size=20),
    "rest": st.binary(max_size=20),
}
ITEMS = {
    "extensions": st.builds(m.ExtensionPair, name=KINDS["text"], data=st.binary(max_size=9)),
    "entries": st.builds(m.NameEntry, filename=KINDS["text"], longname=KINDS["text"]),
}


def values(cls: type[Record]) -> st.SearchStrategy[Any]:
    hints = get_type_hints(cls, include_extras=True)
    fields: dict[str, st.SearchStrategy[Any]] = {}
    for field in attrs.fields(cls):  # type: ignore[arg-type]
        hint = hints[field.name]
        if not field.init:
            continue
        if field.name in ITEMS:
            fields[field.name] = st.lists(ITEMS[field.name], max_size=3).map(tuple)
        elif hint is Attributes:
            fields[field.name] = st.just(Attributes(size=3, permissions=0o644))
        elif hint is bytes:
            fields[field.name] = st.binary(max_size=20)
        else:
            (wire,) = [n for n in hint.__metadata__ if isinstance(n, Wire)]
            fields[field.name] = KINDS[wire.kind]
    return st.builds(cls, **fields)


@pytest.mark.parametrize("cls", ALL)
@given(data=st.data())
def test_messages_are_decoded_as_they_were_encoded(cls: type[Record], data: st.DataObject) -> None:
    value = data.draw(values(cls))

    assert cls.decode(value.encode()) == value
    assert b"".join(bytes(part) for part in value.encode_parts()) == value.encode()


@pytest.mark.row("F03")
@pytest.mark.parametrize("cls", [c for c in ALL if c not in {m.Init, m.Version}])
@given(data=st.data())
def test_every_proper_prefix_is_refused(cls: type[Record], data: st.DataObject) -> None:
    encoded = data.draw(values(cls)).encode()
    rest = cls in ENDLESS
    for size in range(len(encoded)):
        try:
            found = cls.decode(encoded[:size])
        except WireError:
            continue
        assert rest
        assert found != cls.decode(encoded)


@pytest.mark.row("F03")
@pytest.mark.parametrize("cls", [c for c in ALL if c not in ENDLESS])
@given(data=st.data())
def test_trailing_bytes_are_refused(cls: type[Record], data: st.DataObject) -> None:
    with pytest.raises(WireError):
        cls.decode(data.draw(values(cls)).encode() + b"\0")


@given(data=st.binary(max_size=80), number=st.sampled_from([*range(1, 21), *range(101, 106)]))
def test_any_bytes_decode_or_raise(data: bytes, number: int) -> None:
    for message_set in (m.REQUESTS, m.REPLIES):
        try:
            found: Message = message_set.decode(bytes([number]) + data)
        except WireError:
            continue
        except Exception as error:  # noqa: BLE001 (the set's own refusal)
            assert type(error).__name__ == "UnknownMessage"  # noqa: PT017
            continue
        assert found.encode() == bytes([number]) + data


@pytest.mark.row("F14")
def test_odd_number_of_extension_strings_is_refused() -> None:
    good = m.Version(version=3, extensions=(m.ExtensionPair(name="a", data=b"1"),)).encode()

    with pytest.raises(WireError):
        m.Version.decode(good + b"\0\0\0\x01b")


@pytest.mark.row("F14")
def test_many_extensions_are_taken() -> None:
    pairs = tuple(m.ExtensionPair(name=f"x{n}", data=b"") for n in range(10_000))

    assert (
        len(m.Version.decode(m.Version(version=3, extensions=pairs).encode()).extensions) == 10_000
    )


@pytest.mark.row("F10")
@pytest.mark.parametrize("count", [2**32 - 1, 1000])
def test_count_of_names_beyond_the_bytes_is_refused(count: int) -> None:
    with pytest.raises(WireError):
        m.Name.decode(b"\x68\0\0\0\1" + count.to_bytes(4, "big") + b"\0" * 12)


@pytest.mark.row("P87")
def test_symlink_sends_the_target_first() -> None:
    encoded = m.SymLink(id=1, target="target", link="link").encode()

    assert encoded.index(b"target") < encoded.index(b"link")
