from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_wire.dissect import dissect, render
from ssh_wire.messages import auth, connection, kex, sets, transport

EVERYTHING = sets.TRANSPORT | sets.AUTHENTICATION | sets.CONNECTION


def printed(payload: bytes, *, secrets: bool = False, full: bool = False) -> list[str]:
    return render(dissect(payload, EVERYTHING), secrets=secrets, full=full).split("\n")


def test_field_is_a_line_with_its_meaning() -> None:
    assert printed(transport.Disconnect(code=11, description="bye\x1b[2J").encode()) == [
        "Disconnect (1)  End the connection (RFC 4253 section 11.1)",
        "    code         11  (BY_APPLICATION)",
        '    description  "bye\\x1b[2J"',
        '    language     ""',
        "    extra        empty",
    ]


@pytest.mark.row("X02")
def test_secrets_are_masked_unless_asked_for() -> None:
    request = auth.PasswordRequest(user="u", service="s", password="hunter2").encode()

    assert "    password  … (secret)" in printed(request)
    assert '    password  "hunter2"' in printed(request, secrets=True)
    assert "hunter2" not in "".join(printed(request[:-1]))
    assert b"hunter".hex() not in "".join(printed(request[:-1]))
    assert b"hunter".hex() in "".join(printed(request[:-1], secrets=True, full=True))


def test_lists_are_counted_and_indented() -> None:
    info = transport.ExtInfo(
        extensions=(transport.Extension(name=b"server-sig-algs", value=b"a,b"),)
    )

    assert printed(info.encode())[1:] == [
        "    extensions  1 items",
        "        0  2 items",
        '            name   "server-sig-algs"',
        '            value  "a,b"',
    ]


def test_names_are_wrapped() -> None:
    names = tuple(f"name-{number:02}" for number in range(20))
    failure = auth.UserauthFailure(methods=names)

    lines = printed(failure.encode())

    assert lines[1].startswith("    methods          name-00, name-01")
    assert lines[1].endswith(",")
    assert lines[2].startswith(" " * 21 + "name-")
    assert "".join(lines[1:-1]).count("name-") == 20
    assert printed(auth.UserauthFailure(methods=()).encode())[1] == "    methods          empty"


def test_long_field_is_truncated_unless_full() -> None:
    data = connection.ChannelData(recipient=0, data=b"\0" * 40).encode()
    text = connection.ChannelData(recipient=0, data=b"a" * 40).encode()

    assert printed(data)[2] == f"    data       {'00' * 32}… (40 bytes)"
    assert printed(data, full=True)[2] == f"    data       {'00' * 40} (40 bytes)"
    assert printed(text)[2] == f'    data       "{"a" * 32}…"'
    banner = auth.UserauthBanner(message="x" * 2000).encode()
    assert printed(banner)[1] == f'    message   "{"x" * 1024}…"'
    assert printed(banner, full=True)[1] == f'    message   "{"x" * 2000}"'


def test_large_number_is_hex_with_its_bits() -> None:
    tree = dissect(kex.KexDHInit(e=1 << 100).encode(), sets.key_exchange("diffie-hellman-group14"))

    assert render(tree).split("\n")[1] == "    e  10000000000000000000000000 (13 bytes), 101 bits"


def test_undecoded_payload_is_printed_with_its_problem() -> None:
    assert printed(b"\x5d\0") == [
        "CHANNEL_WINDOW_ADJUST (93)",
        "    not decoded: WindowAdjust: the input ends inside the message number",
        "    payload  5d00 (2 bytes)",
    ]
    assert printed(b"") == [
        "nothing",
        "    not decoded: message: the input ends inside the message number",
    ]


@given(st.binary(max_size=100), st.booleans(), st.booleans())
def test_any_output_is_printable(payload: bytes, secrets: bool, full: bool) -> None:
    for number in (1, 50, 53, 80, 90, 98):
        for line in printed(bytes([number]) + payload, secrets=secrets, full=full):
            assert line.isprintable()
