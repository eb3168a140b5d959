from __future__ import annotations

from typing import Any, cast

import attrs

from ssh_sftp import messages as m
from ssh_sftp.extensions import EXTENSIONS


def test_every_known_extension_has_a_message_of_its_name() -> None:
    named = {
        field.default
        for request in m.REQUESTS
        for field in attrs.fields(cast("Any", request))
        if field.name == "name" and not field.init
    }
    assert set(EXTENSIONS) == named
