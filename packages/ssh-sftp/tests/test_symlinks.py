from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import messages as m
from ssh_sftp.symlinks import ORDERS, SymLinkOrder, order_of, paths_of, symlink_request

TARGET, LINK = SymLinkOrder.TARGET_FIRST, SymLinkOrder.LINK_FIRST
EXTENSION = "symlink-order@rjk.greenend.org.uk"


@pytest.mark.parametrize(
    ("software", "order"),
    [
        ("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3", TARGET),
        ("SSH-2.0-OpenSSH_for_Windows_9.5", TARGET),
        ("OpenSSH_10.0", TARGET),
        ("ssh_stack_0.1", TARGET),
        ("AsyncSSH_2.21.0", LINK),
        ("paramiko_3.5.1", TARGET),
        ("mod_sftp/1.2.1", TARGET),
        ("mod_sftp", TARGET),
        ("SSH-2.0-APACHE-SSHD-2.15.0", TARGET),
        ("Go", TARGET),
        ("GoAnywhere7.8.0", None),
        ("libssh2_1.11.1", TARGET),
        ("libssh_0.11.1", LINK),
        ("libssh-0.5.2", LINK),
        ("ssh2js1.16.0", LINK),
        ("JSCH_0.2.21", TARGET),
        ("Renci.SshNet.SshClient.2024.2.0", TARGET),
        ("WinSCP-release-6.3.5", LINK),
        ("WinSCP_release_5.21", LINK),
        ("Twisted_24.11.0", LINK),
        ("Erlang/5.2.9", LINK),
        ("dropbear_2024.86", TARGET),
        ("SSH-1.99-OpenSSH_3.9p1", TARGET),
        ("not-OpenSSH", None),
        ("Server-Like-AsyncSSH", None),
        ("SSH-2.0-", None),
        ("", None),
    ],
)
def test_order_depends_on_the_beginning_of_the_softwareversion(
    software: str, order: SymLinkOrder | None
) -> None:
    assert order_of(software) is order


def test_each_row_of_the_orders_has_its_source_and_fits_itself_first() -> None:
    for row in ORDERS:
        name = re.sub(r"\[(.)[^]]*\]|\$", r"\1", row.software)
        first = next(each for each in ORDERS if re.match(each.software, name, re.IGNORECASE))
        assert first is row
        assert row.source


@pytest.mark.parametrize("software", ["", "OpenSSH_9.2", "AsyncSSH_2.0"])
@pytest.mark.parametrize("order", SymLinkOrder)
def test_announced_order_counts_before_that_of_the_server_name(
    software: str, order: SymLinkOrder
) -> None:
    assert order_of(software, {EXTENSION: order.value.encode()}) is order


def test_announced_order_that_does_not_exist_is_ignored() -> None:
    assert order_of("OpenSSH_9.2", {EXTENSION: b"no-order"}) is TARGET
    assert order_of("", {EXTENSION: b""}) is None


@given(target=st.text(), link=st.text(), order=st.sampled_from(SymLinkOrder))
def test_paths_are_read_as_meant_by_a_server_of_the_same_order(
    target: str, link: str, order: SymLinkOrder
) -> None:
    request = symlink_request(7, target, link, order)
    assert request.id == 7
    assert paths_of(request, order) == (target, link)
    other = LINK if order is TARGET else TARGET
    assert paths_of(request, other) == (link, target)


def test_bytes_of_both_orders_are_those_of_openssh_and_of_the_draft() -> None:
    target, link = b"\0\0\0\1t", b"\0\0\0\4link"
    head = bytes([20]) + (9).to_bytes(4, "big")
    assert symlink_request(9, "t", "link", TARGET).encode() == head + target + link
    assert symlink_request(9, "t", "link", LINK).encode() == head + link + target


def test_client_of_unknown_order_is_read_as_openssh() -> None:
    assert paths_of(m.SymLink(id=1, target="t", link="l"), None) == ("t", "l")
