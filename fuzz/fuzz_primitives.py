"""The data types that are functions, terminal modes, and text that is shown."""

from __future__ import annotations

from fuzz.target import Target, one_of
from ssh_wire import WireError, primitives
from ssh_wire.modes import decode_modes, encode_modes
from ssh_wire.text import printable, raw


def mpint(data: bytes) -> None:
    assert primitives.encode_mpint(primitives.decode_mpint(data, signed=True)) == data


def names(data: bytes) -> None:
    assert primitives.encode_names(primitives.decode_names(data)) == data


def strings(data: bytes) -> None:
    for read in (primitives.read_human_text, primitives.read_string, primitives.read_text):
        assert read(data, 0)[1] <= len(data)


def modes(data: bytes) -> None:
    found = decode_modes(data)
    assert decode_modes(encode_modes(found)) == found


def text(data: bytes) -> None:
    assert printable(data).isprintable()
    assert raw(data.decode("utf-8", "surrogateescape")) == data


TARGET = one_of(
    "primitives",
    [
        Target(
            name="mpint", function=mpint, seeds=[b"", b"\0\x80", b"\xed\xcc"], allowed=(WireError,)
        ),
        Target(name="name-list", function=names, seeds=[b"", b"a,b,c@d"], allowed=(WireError,)),
        Target(name="string", function=strings, seeds=[b"\0\0\0\2ab"], allowed=(WireError,)),
        Target(
            name="modes",
            function=modes,
            seeds=[encode_modes({53: 1, 128: 9})],
            allowed=(WireError,),
        ),
        Target(name="text", function=text, seeds=["grün\x1b[0m\u202e".encode()], allowed=()),
    ],
)
