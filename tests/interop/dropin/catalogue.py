"""Every job, by the name that the table of `python -m benchmarks.dropin` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.interop.dropin.mosh import MOSH
from tests.interop.dropin.playbooks import PLAYBOOKS
from tests.interop.dropin.proxies import PROXIES
from tests.interop.dropin.rig import Job
from tests.interop.dropin.shuttle import SHUTTLE
from tests.interop.dropin.transfers import TRANSFERS

__all__ = ["JOBS"]

JOBS: Final[Mapping[str, Job]] = {**TRANSFERS, **PLAYBOOKS, **SHUTTLE, **MOSH, **PROXIES}
