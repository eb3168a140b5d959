from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp.client.text_stream import TextReading, TextWriting, check_text
from ssh_wire import UsageError

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1", "shift_jis"]
NEWLINES = [None, "", "\n", "\r", "\r\n"]
TEXT = st.text(alphabet=st.sampled_from("ab\n\r é中\U0001f600"), max_size=60)


class Source:
    """A file that gives a few bytes at a time."""

    def __init__(self, content: bytes, encoding: str, newline: str | None, block: int) -> None:
        self.content = content
        self.block = block
        self.at = 0
        self.text = TextReading(encoding, "replace", newline)

    def more(self) -> None:
        data = self.content[self.at : self.at + self.block]
        self.at += len(data)
        self.text.feed(data)

    def line(self, limit: int = -1) -> str:
        while (line := self.text.line(limit)) is None:
            self.more()
        return line

    def take(self, size: int) -> str:
        while (text := self.text.take(size)) is None:
            self.more()
        return text

    def seek(self, position: int) -> None:
        self.at = self.text.start(position)


def encoded(text: str, encoding: str) -> bytes:
    return text.encode(encoding, "replace")


@given(
    text=TEXT,
    encoding=st.sampled_from(ENCODINGS),
    newline=st.sampled_from(NEWLINES),
    block=st.integers(1, 20),
    steps=st.lists(st.tuples(st.booleans(), st.integers(0, 9)), max_size=20),
)
def test_text_is_read_as_the_built_in_open_reads_it(
    text: str,
    encoding: str,
    newline: str | None,
    block: int,
    steps: list[tuple[bool, int]],
) -> None:
    content = encoded(text, encoding)
    source = Source(content, encoding, newline, block)
    told = io.TextIOWrapper(io.BytesIO(content), encoding, "replace", newline)
    for lines, size in steps:
        if lines and size > 7:
            assert source.line() == told.readline()
        elif lines:
            assert source.line(size) == told.readline(size)
        else:
            assert source.take(size) == told.read(size)


@given(
    text=TEXT,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"]),
    newline=st.sampled_from(NEWLINES),
    block=st.integers(1, 20),
    sizes=st.lists(st.integers(0, 9), max_size=5),
)
def test_position_is_found_again(
    text: str, encoding: str, newline: str | None, block: int, sizes: list[int]
) -> None:
    source = Source(encoded(text, encoding), encoding, newline, block)
    for size in sizes:
        source.take(size)
    position = source.text.position()
    rest = source.take(1000)
    source.seek(position)

    assert source.take(1000) == rest


def test_positions_of_utf_8_are_offsets() -> None:
    source = Source("é\n中\r\nx".encode(), "utf-8", None, 3)
    found: list[tuple[str, int]] = []
    while line := source.line():
        found.append((line, source.text.position()))

    assert found == [("é\n", 3), ("中\n", 8), ("x", 9)]


def test_position_in_the_middle_of_undecoded_text_is_refused() -> None:
    source = Source(b"abcdef", "utf-8", None, 3)
    assert source.text.take(5) is None
    source.more()
    source.text.feed(b"ghi")
    source.take(1)
    with pytest.raises(UsageError):
        source.text.position()


@given(
    pieces=st.lists(TEXT, max_size=5),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    newline=st.sampled_from(NEWLINES),
)
def test_text_is_written_as_the_built_in_open_writes_it(
    pieces: list[str], encoding: str, newline: str | None
) -> None:
    target = io.BytesIO()
    told = io.TextIOWrapper(target, encoding, "strict", newline)
    writing = TextWriting(encoding, "strict", newline)
    written = b"".join(map(writing.encode, pieces))
    told.writelines(pieces)
    told.flush()

    assert written == target.getvalue()


def test_text_behind_other_text_has_no_mark() -> None:
    writing = TextWriting("utf-8-sig", "strict", None)
    assert writing.marks_start
    writing.continues()

    assert writing.encode("x") == b"x"


@pytest.mark.parametrize(
    ("encoding", "errors", "newline"),
    [("utf-9", "strict", None), ("utf-8", "lenient", None), ("utf-8", "strict", "\n\n")],
)
def test_unknown_encoding_handler_or_line_end_is_refused(
    encoding: str, errors: str, newline: str | None
) -> None:
    with pytest.raises(UsageError):
        check_text(encoding, errors, newline)
