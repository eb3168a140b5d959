from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def test_example_of_readme_runs_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    fences = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(fences) == 1
    exec(compile(fences[0], str(README), "exec"), {})  # noqa: S102 (that is the test)
    assert capsys.readouterr().out.splitlines() == [
        *["mlkem768x25519-sha256 aes256-gcm@openssh.com"] * 2,
        "b'2a message of user authentication'",
        "that is all False",
        "that is all True",
    ]
