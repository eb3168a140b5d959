"""The machine's own sshd, at which pages and examples run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.interop import local
from tests.interop.local import LocalSshd

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Generator[LocalSshd]:
    if reason := local.unavailable():
        if os.environ.get("SSH_STACK_REQUIRE_PEERS") == "1":
            pytest.fail(f"required, but missing: {reason}", pytrace=False)
        pytest.skip(reason)
    with local.serve(tmp_path_factory.mktemp("sshd")) as server:
        yield server
