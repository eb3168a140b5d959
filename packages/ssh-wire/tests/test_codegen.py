from __future__ import annotations

import linecache
import traceback

import pytest

from ssh_wire import Message, Truncated, UInt32, codec, codegen, message
from ssh_wire.messages import connection as m


def test_code_is_straight_and_shares_struct_calls() -> None:
    encode, decode = (codegen.source(m.ChannelOpen, verb) for verb in ("encode", "decode"))

    assert "pack_III(self.sender, self.window, self.max_packet)" in encode
    assert "v1, v2, v3, = unpack_III(data, e0)" in decode


def test_traceback_has_the_line_that_refused() -> None:
    with pytest.raises(Truncated) as caught:
        m.WindowAdjust.decode(b"\x5d\0")

    last = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert last.filename == "<decode of ssh_wire.messages.connection.WindowAdjust>"
    assert last.line is not None
    assert last.line.startswith("if 9 > size: raise Truncated")
    assert linecache.getline(last.filename, 1).startswith("def decode")


def test_function_of_codec_is_not_compiled_before_it_is_used_often() -> None:
    @message(250)
    class Unused(Message):
        number: UInt32

    encode, encode_parts = Unused.encode, Unused.encode_parts
    Unused(number=1).encode()
    assert Unused.encode is encode

    assert len({Unused(number=1).encode() for _ in range(codec.FEW)}) == 1
    assert Unused.encode is not encode
    assert Unused.encode_parts is encode_parts


def test_method_that_was_kept_compiles_once() -> None:
    @message(250)
    class Kept(Message):
        number: UInt32

    encode, decode = Kept(number=1).encode, Kept.decode
    for _ in range(codec.FEW + 1):
        encode()
    compiled = Kept.encode

    assert decode(encode()) == Kept(number=1)
    assert Kept.encode is compiled
