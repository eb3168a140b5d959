from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_every_python_fence_runs() -> None:
    fences = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(fences) == 2
    for fence in fences:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", fence],
            capture_output=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr


def test_importing_is_light() -> None:
    code = "import sys, ssh_sftp; sys.exit('asyncio' in sys.modules or 'socket' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
