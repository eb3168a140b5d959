from __future__ import annotations

from typing import Any, cast

import attrs

from ssh_sftp import messages as m
from ssh_sftp.extensions import EXTENSIONS, OF_OTHER_SERVERS


def test_every_known_extension_has_a_message_of_its_name() -> None:
    named = {
        field.default
        for request in m.REQUESTS
        for field in attrs.fields(cast("Any", request))
        if field.name == "name" and not field.init
    }
    assert set(EXTENSIONS) == named


def test_extensions_of_other_servers_are_requests_that_this_server_does_not_know() -> None:
    for request in (m.CopyData, m.UsersGroupsByID):
        name = attrs.fields(cast("Any", request)).name.default
        assert name in OF_OTHER_SERVERS
        assert request not in list(m.REQUESTS)
    assert not set(OF_OTHER_SERVERS) & set(EXTENSIONS)
