from __future__ import annotations

import runpy
import sys

import pytest

from ssh_agent import __main__


def test_module_is_the_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(__main__.main)
    monkeypatch.setattr(sys, "argv", ["ssh-agent", "--help"])
    monkeypatch.delitem(sys.modules, "ssh_agent.__main__")

    with pytest.raises(SystemExit) as ended:
        runpy.run_module("ssh_agent", run_name="__main__")

    assert ended.value.code == 0
    assert "usage: ssh-agent" in capsys.readouterr().out
