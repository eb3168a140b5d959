from __future__ import annotations

from typing import Any, cast

import attrs

from ssh_sftp import messages as m
from ssh_sftp.extensions import EXTENSIONS


def test_every_request_of_an_extension_has_the_constant_that_it_declares() -> None:
    for request in m.REQUESTS:
        if issubclass(request, m.ExtensionRequest):
            name = attrs.fields(cast("Any", request)).name.default
            assert request.EXTENSION in {name, "check-file"}
            assert EXTENSIONS[request.EXTENSION] == request.VERSION


def test_extensions_are_those_of_openssh_and_check_file() -> None:
    assert EXTENSIONS == {
        "posix-rename@openssh.com": b"1",
        "statvfs@openssh.com": b"2",
        "fstatvfs@openssh.com": b"2",
        "hardlink@openssh.com": b"1",
        "fsync@openssh.com": b"1",
        "lsetstat@openssh.com": b"1",
        "limits@openssh.com": b"1",
        "expand-path@openssh.com": b"1",
        "copy-data": b"1",
        "home-directory": b"1",
        "users-groups-by-id@openssh.com": b"1",
        "check-file": b"",
    }
