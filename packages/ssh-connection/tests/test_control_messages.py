from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_connection.control import messages as m
from ssh_connection.control.errors import ControlRefused, ControlViolation, MasterLost
from ssh_wire import EncodeError, ProtocolError, Truncated

UINT32 = st.integers(0, 2**32 - 1)
TEXT = st.text(max_size=20)

REQUESTS = st.one_of(
    st.builds(
        m.NewSession,
        request_id=UINT32,
        want_tty=UINT32,
        subsystem=UINT32,
        escape=UINT32,
        terminal=TEXT,
        command=TEXT,
        environment=st.lists(TEXT, max_size=4).map(tuple),
    ),
    st.builds(m.NewStdioForward, request_id=UINT32, host=TEXT, port=UINT32),
    st.builds(m.AliveCheck, request_id=UINT32),
    st.builds(m.Terminate, request_id=UINT32),
    st.builds(m.StopListening, request_id=UINT32),
    st.builds(m.ProxyRequest, request_id=UINT32),
    st.builds(m.InfoRequest, request_id=UINT32, name=TEXT),
    st.builds(m.OpenForward, request_id=UINT32, kind=UINT32, listen_host=TEXT),
    st.builds(m.CloseForward, request_id=UINT32, kind=UINT32, connect_port=UINT32),
)
ANSWERS = st.one_of(
    st.builds(m.Ok, request_id=UINT32),
    st.builds(m.PermissionDenied, request_id=UINT32, reason=TEXT),
    st.builds(m.Failure, request_id=UINT32, reason=TEXT),
    st.builds(m.ExitMessage, session=UINT32, status=UINT32),
    st.builds(m.Alive, request_id=UINT32, pid=UINT32),
    st.builds(m.SessionOpened, request_id=UINT32, session=UINT32),
    st.builds(m.RemotePort, request_id=UINT32, port=UINT32),
    st.builds(m.TerminalFailed, session=UINT32),
    st.builds(m.Proxy, request_id=UINT32),
    st.builds(m.Info, request_id=UINT32, known=UINT32, text=TEXT),
)


@pytest.mark.parametrize(
    ("message", "wire"),
    [  # recorded from OpenSSH 9.2 where it is what a client sends
        (m.Hello(), "00000001 00000004"),
        (
            m.Hello(extensions=(m.Extension(name="info", value=b"0"),)),
            "00000001 00000004 00000004 696e666f 00000001 30",
        ),
        (m.AliveCheck(request_id=0), "10000004 00000000"),
        (
            m.NewSession(
                request_id=1,
                want_tty=1,
                escape=0x7E,
                terminal="xterm",
                command="true",
                environment=("A=b",),
            ),
            (
                "10000002 00000001 00000000 00000001 00000000 00000000 00000000 0000007e"
                "00000005 787465726d 00000004 74727565 00000003 413d62"
            ),
        ),
        (
            m.NewStdioForward(request_id=1, host="h", port=22),
            "10000008 00000001 00000000 00000001 68 00000016",
        ),
        (
            m.OpenForward(kind=1, listen_port=8080, connect_host="h", connect_port=80),
            "10000006 00000000 00000001 00000000 00001f90 00000001 68 00000050",
        ),
        (m.Alive(request_id=0, pid=5), "80000005 00000000 00000005"),
        (m.ExitMessage(session=2, status=255), "80000004 00000002 000000ff"),
    ],
)
def test_message_is_encoded_as_openssh_encodes_it(message: m.ControlMessage, wire: str) -> None:
    assert m.encode(message) == bytes.fromhex(wire)


@given(REQUESTS)
def test_request_survives_its_encoding(message: m.Request) -> None:
    assert m.decode_client(m.encode(message)) == message


@given(ANSWERS)
def test_answer_survives_its_encoding(message: m.ControlMessage) -> None:
    assert m.decode_server(m.encode(message)) == message


@given(st.binary(max_size=80))
def test_any_bytes_are_a_request_or_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        m.decode_client(data)


@given(st.sampled_from(m.SERVER_MESSAGES), st.binary(max_size=40))
def test_any_fields_are_an_answer_or_a_protocol_error(
    kind: type[m.ControlMessage], data: bytes
) -> None:
    with suppress(ProtocolError):
        m.decode_server(kind.TYPE.to_bytes(4, "big") + data)


def test_fields_of_a_later_version_are_ignored() -> None:
    assert m.decode_server(m.encode(m.Ok(request_id=3)) + b"more") == m.Ok(request_id=3)


def test_text_of_any_bytes_survives() -> None:
    wire = m.encode(m.InfoRequest(name="\udcff\u00e9"))

    assert wire.endswith(b"\xff\xc3\xa9")
    assert m.decode_client(wire) == m.InfoRequest(name="\udcff\u00e9")


def test_unknown_request_keeps_its_id() -> None:
    assert m.decode_client(bytes.fromhex("10000077 00000009 00")) == m.Request(request_id=9)


@pytest.mark.parametrize("wire", ["", "100000", "10000077", "10000077 0000"])
def test_short_request_is_refused(wire: str) -> None:
    with pytest.raises(Truncated):
        m.decode_client(bytes.fromhex(wire))


def test_unknown_answer_is_refused_with_its_number() -> None:
    with pytest.raises(ControlViolation, match="0x80000077"):
        m.decode_server(bytes.fromhex("80000077 00000000"))


def test_number_out_of_range_is_not_encoded() -> None:
    with pytest.raises(EncodeError):
        m.encode(m.Ok(request_id=2**32))


def test_refusal_says_what_and_why_with_control_characters_escaped() -> None:
    error = ControlRefused("a session", "no\x1b[2J", denied=True)

    assert str(error) == "a session: the master refused: no\\x1b[2J"
    assert error.denied


def test_lost_master_is_a_connection_error() -> None:
    assert issubclass(MasterLost, ConnectionError)
