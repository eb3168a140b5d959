"""How git learns which options the program in the place of ssh has."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.interop.dropin.rig import Place, Rig, need
from tests.interop.dropin.transfers import make_repository
from tests.interop.local import LocalSshd


def recording(rig: Rig, name: str) -> tuple[Path, Path]:
    """A program that is not named ssh, so that git has to ask; and the calls that it records."""
    program, calls = rig.program.with_name(name), rig.folder / "calls"
    program.write_text(f'#!/bin/sh\necho "$@" >>{calls}\nexec {rig.command} "$@"\n')
    program.chmod(0o755)
    return program, calls


def test_git_asks_program_of_other_name_and_takes_it_for_openssh(
    rig: Rig, local_sshd: LocalSshd
) -> None:
    """Another dialect has no `-p`: git would refuse a URL with a port."""
    need("git")
    place = Place.of(local_sshd)
    rig.config.write_text(place.block("target").replace(f"Port {place.port}", "Port 1"))
    program, calls = recording(rig, "connect-there")
    repository, clone = make_repository(rig.folder / "repository", 5), rig.folder / "clone"
    url = f"ssh://target:{place.port}{repository}"

    rig.run("git", "clone", "-q", url, clone, env={"GIT_SSH": str(program)})

    asked, called = calls.read_text().splitlines()
    assert asked.startswith("-G ")
    assert f"-p {place.port} target" in called
    assert "SendEnv=GIT_PROTOCOL" in called
    assert (clone / "d00" / "f0000").exists()


def test_git_asks_command_of_other_name_and_takes_it_for_openssh(
    rig: Rig, local_sshd: LocalSshd
) -> None:
    need("git")
    port = Place.of(local_sshd).port
    program, calls = recording(rig, "connect-there")
    repository, clone = make_repository(rig.folder / "repository", 5), rig.folder / "clone"
    command = shlex.join([str(program), "-o", "BatchMode=yes"])

    rig.run(
        *("git", "clone", "-q", f"ssh://target:{port}{repository}", clone),
        env={"GIT_SSH_COMMAND": command},
    )

    asked, called = calls.read_text().splitlines()
    assert asked.startswith("-o BatchMode=yes -G ")
    assert f"-p {port} target" in called


def test_git_takes_program_named_ssh_without_asking(rig: Rig) -> None:
    need("git")
    repository, clone = make_repository(rig.folder / "repository", 5), rig.folder / "clone"
    program, calls = recording(rig, "ssh")

    rig.run("git", "clone", "-q", f"target:{repository}", clone, env={"GIT_SSH": str(program)})

    assert [line for line in calls.read_text().splitlines() if "-G" in line.split()] == []
