"""What Ansible makes of the ways in which our client fails."""

from __future__ import annotations

import pytest

from tests.interop.dropin.playbooks import UNREACHABLE
from tests.interop.dropin.rig import Rig


@pytest.mark.parametrize("name", UNREACHABLE)
def test_failure_of_our_client_is_unreachable_host_to_ansible(name: str, rig: Rig) -> None:
    UNREACHABLE[name](rig)
