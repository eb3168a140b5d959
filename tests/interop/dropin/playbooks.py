"""Ansible's default connection plugin with a client in the place of ssh.

It calls `ssh` several times for a task, with the arguments of ControlPersist, and `sftp` for
files where pipelining is off.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ssh_keys import PrivateKey
from tests.interop.dropin.rig import Job, Missing, Rig

if TYPE_CHECKING:
    from tests.interop.peers import Completed

__all__ = ["PLAYBOOKS", "UNREACHABLE", "ping_with"]

_BIN: Final = Path(sys.executable).parent
_SETTINGS: Final = {
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_RETRY_FILES_ENABLED": "0",
    "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
    "PYTHONWARNINGS": "ignore",
}
_PLAYBOOK: Final = """\
- hosts: target
  gather_facts: false
  tasks:
    - name: file
      file: {path: "{{ there }}", state: directory, mode: "0755"}
    - name: copy
      copy: {src: "{{ here }}/text", dest: "{{ there }}/copied", mode: "0640"}
    - name: template
      template: {src: "{{ here }}/greeting.j2", dest: "{{ there }}/greeting"}
    - name: command
      command: {cmd: "cat {{ there }}/greeting"}
      register: printed
    - name: fetch
      fetch: {src: "{{ there }}/copied", dest: "{{ here }}/fetched", flat: true}
"""
_UNREACHABLE: Final = 4  # the exit status
_SUMMARY: Final = "ok=5    changed=5    unreachable=0    failed=0"


def ping(rig: Rig) -> None:
    """`ansible -m ping`: a program that is copied there and run."""
    ping_with(rig, {})


def ping_with(rig: Rig, settings: Mapping[str, str]) -> None:
    """Do that with settings of Ansible."""
    done = _ansible(rig, settings, "ansible", "target", "-m", "ping")
    assert b'"ping": "pong"' in done, done


def ping_piped(rig: Rig) -> None:
    """The same, where the program goes through the standard input of a command."""
    ping_with(rig, {"ANSIBLE_SSH_TRANSFER_METHOD": "piped"})


def play(rig: Rig) -> None:
    """A playbook of five tasks, as Ansible runs it by default: files go by sftp."""
    _play(rig, {})


def play_with_pipelining(rig: Rig) -> None:
    """The same with pipelining: the module is the standard input of Python."""
    _play(rig, {"ANSIBLE_PIPELINING": "1"})


def reach_a_host_that_is_gone(rig: Rig) -> None:
    """Nothing listens there: Ansible takes status 255 for that, and no other status."""
    rig.config.write_text("Host target\n  HostName 127.0.0.1\n  Port 1\n")
    done = _attempt(rig, "ansible", "target", "-m", "ping")
    assert done.returncode == _UNREACHABLE, done
    assert b"target | UNREACHABLE!" in done.stdout, done
    assert b"Connection refused" in done.stdout, done


def reach_a_host_with_another_key(rig: Rig) -> None:
    """The host key is not the one of known_hosts."""
    text = rig.config.read_text()
    [known] = re.findall(r"UserKnownHostsFile (.*)", text)[:1]
    name = Path(known).read_text().split()[0]
    other = rig.folder / "known_hosts"
    public = PrivateKey.generate("ed25519").public_key.to_openssh()
    other.write_text(f"{name} {public}\n")
    rig.config.write_text(text.replace(known, str(other)))
    done = _attempt(rig, "ansible", "target", "-m", "ping")
    assert done.returncode == _UNREACHABLE, done
    assert b"Host key verification failed" in done.stdout, done


def _play(rig: Rig, settings: Mapping[str, str]) -> None:
    (rig.folder / "playbook.yml").write_text(_PLAYBOOK)
    (rig.folder / "text").write_bytes(bytes(range(256)) * 4000)
    (rig.folder / "greeting.j2").write_text("Hello from {{ inventory_hostname }}, {{ 6 * 7 }}\n")
    where = json.dumps({"here": str(rig.folder), "there": str(rig.folder / "there")})
    printed = _ansible(rig, settings, "ansible-playbook", "playbook.yml", "-e", where)
    assert _SUMMARY in printed.decode(), printed
    copied = rig.folder / "there" / "copied"
    assert copied.read_bytes() == (rig.folder / "text").read_bytes()
    assert copied.stat().st_mode & 0o777 == 0o640
    assert (rig.folder / "fetched").read_bytes() == (rig.folder / "text").read_bytes()
    assert (rig.folder / "there" / "greeting").read_text() == "Hello from target, 42\n"


def _ansible(rig: Rig, settings: Mapping[str, str], program: str, *words: str) -> bytes:
    """Run one of Ansible's programs, which succeeds; return what it printed."""
    with _surroundings(rig, settings) as environment:
        return rig.run(_program(program), "-i", "inventory", *words, env=environment).stdout


def _attempt(rig: Rig, program: str, *words: str) -> Completed:
    with _surroundings(rig, {}) as environment:
        return rig.attempt(_program(program), "-i", "inventory", *words, env=environment)


def _program(name: str) -> Path:
    path = _BIN / name
    if not path.exists():
        problem = f"{name} is not installed beside {sys.executable}"
        raise Missing(problem)
    return path


@contextmanager
def _surroundings(rig: Rig, settings: Mapping[str, str]) -> Generator[Mapping[str, str]]:
    """Write an inventory; give the environment that leads Ansible to the rig's client."""
    (rig.folder / "inventory").write_text("target\n")
    (rig.folder / "ansible.cfg").write_text("")  # the one that counts: not the user's
    with _masters(rig) as folder:
        yield {
            **_SETTINGS,
            "ANSIBLE_HOME": str(rig.folder / "ansible"),
            "ANSIBLE_REMOTE_TEMP": str(rig.folder / "ansible-there"),
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder),
            "ANSIBLE_SSH_EXECUTABLE": str(rig.program),
            # the program sftp would call the machine's own ssh
            "ANSIBLE_SFTP_EXTRA_ARGS": f"-S {rig.program}",
            **settings,
        }


@contextmanager
def _masters(rig: Rig) -> Generator[Path]:
    """A folder for the sockets of masters, which would live on; leaving the block ends them."""
    folder = Path(tempfile.mkdtemp(prefix="cp-"))  # short: the path of a socket has a limit
    try:
        yield folder
    finally:
        for socket in folder.iterdir():
            rig.attempt(rig.program, "-O", "exit", "-o", f"ControlPath={socket}", "target")
        shutil.rmtree(folder)


PLAYBOOKS: Final[Mapping[str, Job]] = {
    "Ansible: ping": ping,
    "Ansible: ping, files by ssh": ping_piped,
    "Ansible: five tasks": play,
    "Ansible: five tasks, pipelining": play_with_pipelining,
}
UNREACHABLE: Final[Mapping[str, Job]] = {
    "gone": reach_a_host_that_is_gone,
    "another key": reach_a_host_with_another_key,
}
"""Not part of the comparison: no work is done."""
