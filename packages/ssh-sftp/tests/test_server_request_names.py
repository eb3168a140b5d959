from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ssh_sftp import messages as m
from ssh_sftp.extensions import EXTENSIONS
from ssh_sftp.server.request_names import REQUEST_NAMES, check_request_names, extension_names
from ssh_wire import UsageError

SERVER = Path("/usr/lib/openssh/sftp-server")


def test_every_request_but_unknown_extensions_has_a_name_of_its_own() -> None:
    assert {*REQUEST_NAMES, m.Extended} == set(m.REQUESTS)
    shared = {m.CheckFile, m.CheckFileHandle, m.CheckFileName}
    names = [name for request, name in REQUEST_NAMES.items() if request not in shared]
    assert len({*names, "check-file"}) == len(names) + 1


def test_every_extension_that_is_announced_has_the_name_of_its_request() -> None:
    assert {name.partition("@")[0] for name in EXTENSIONS} <= set(REQUEST_NAMES.values())


@pytest.mark.usefixtures("openssh")
def test_names_are_those_of_sftp_server_in_its_order() -> None:
    listed = subprocess.run(
        [SERVER, "-Q", "requests"], capture_output=True, text=True, check=True, timeout=30
    ).stdout.split()
    ours = [name for name in REQUEST_NAMES.values() if name in listed]
    assert ours == [name for name in listed if name in ours]
    assert set(ours) == set(listed)


def test_name_that_no_server_knows_is_refused() -> None:
    assert check_request_names(["remove", "copy-data"]) == {"remove", "copy-data"}
    with pytest.raises(UsageError, match="'removal' is not an SFTP request"):
        check_request_names(["remove", "removal"])


def test_extensions_of_denied_requests_are_not_announced() -> None:
    denied = frozenset({"posix-rename", "remove"})
    assert extension_names(["posix-rename@openssh.com", "home-directory"], denied) == [
        "home-directory"
    ]
