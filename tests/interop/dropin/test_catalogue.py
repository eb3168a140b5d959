"""Other programs with our client in the place of ssh."""

from __future__ import annotations

import pytest

from tests.interop.dropin.catalogue import JOBS
from tests.interop.dropin.rig import Rig


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", JOBS)
def test_job_of_other_program_succeeds_through_our_client(name: str, rig: Rig) -> None:
    JOBS[name](rig)
