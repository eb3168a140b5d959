"""`ssh-stack ssh` on a terminal: shells, sizes, prompts, the escape, and its state afterwards."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
from pathlib import Path
from typing import TYPE_CHECKING

from ssh_stack.cli.terminal import local_pty

if TYPE_CHECKING:
    from conftest import Cli, Sshd


def resize(terminal: int, rows: int, columns: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_shell_has_terminal_and_its_exit_status_is_returned(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", *sshd.login, sshd.host) as terminal:
        terminal.type("echo on $(tty) $((40 + 2))\n")
        terminal.expect(r"on /dev/pts/\d+ 42\r\n")
        terminal.type("exit 9\n")
        terminal.expect("Connection to 127.0.0.1 closed.")
        assert terminal.wait() == 9
        assert terminal.restored


def test_command_has_terminal_only_when_requested(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", *sshd.login, sshd.host, "test -t 0 || echo none") as terminal:
        terminal.expect("none\r\n")
        assert terminal.wait() == 0
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, "stty -a; stty size") as terminal:
        terminal.expect("intr = \\^C;")
        terminal.expect(r"24 200\r\n")
        assert terminal.wait() == 0


def test_modes_of_local_terminal_are_sent_with_request(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, "read -r _; stty -a") as terminal:
        mode = termios.tcgetattr(terminal.slave)
        mode[6][termios.VINTR] = b"\x07"
        termios.tcsetattr(terminal.slave, termios.TCSANOW, mode)
        terminal.before = mode
        terminal.type("\n")
        terminal.expect("intr = ")
        assert terminal.wait() == 0
        assert terminal.restored


def test_window_change_is_sent_to_remote_terminal(cli: Cli, sshd: Sshd) -> None:
    command = "sleep 1000 & trap 'stty size; kill $!; exit 4' WINCH; echo ready; wait"
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, command) as terminal:
        terminal.expect("ready\r\n")
        resize(terminal.master, 33, 111)
        terminal.process.send_signal(signal.SIGWINCH)
        terminal.expect("33 111\r\n")
        assert terminal.wait() == 4


def test_interrupt_key_is_sent_to_remote_terminal(cli: Cli, sshd: Sshd) -> None:
    command = "trap 'echo caught; exit 3' INT; echo ready; while :; do read -r _; done"
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, command) as terminal:
        terminal.expect("ready\r\n")
        terminal.type("\x03")
        terminal.expect("caught\r\n")
        assert terminal.wait() == 3
        assert terminal.restored


def test_escape_sequence_disconnects(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, "echo ready; cat") as terminal:
        terminal.expect("ready\r\n")
        terminal.type("a~.\r")
        terminal.expect(r"a~\.")
        terminal.type("~.")
        terminal.expect("Connection to 127.0.0.1 closed.")
        assert terminal.wait() == 255
        assert terminal.restored


def test_terminal_is_restored_when_server_is_killed(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, "echo ready; cat") as terminal:
        terminal.expect("ready\r\n")
        sshd.kill_sessions()
        terminal.expect(r"ssh-stack: connection to 127.0.0.1 port \d+: [^\r]*\r\n")
        assert terminal.wait() == 255
        assert terminal.restored


def test_terminal_is_restored_when_program_is_terminated(cli: Cli, sshd: Sshd) -> None:
    with cli.terminal("ssh", "-t", *sshd.login, sshd.host, "echo ready; cat") as terminal:
        terminal.expect("ready\r\n")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.wait() == 143
        assert terminal.restored


def test_unknown_host_key_is_asked_about_at_terminal(cli: Cli, sshd: Sshd) -> None:
    """Yes is remembered, no is not, and the fingerprint says yes too."""
    known = cli.home / "known"
    words = ["-F", "none", "-p", str(sshd.port), "-o", f"UserKnownHostsFile={known}"]
    words += ["-i", str(sshd.key), sshd.host, "echo in"]
    with cli.terminal("ssh", *words) as terminal:
        terminal.expect("The authenticity of host .* can't be established")
        fingerprint = terminal.expect(r"SHA256:[\w+/]+")
        terminal.expect(r"\(yes/no/\[fingerprint\]\)\? ")
        terminal.type("maybe\n")
        terminal.expect("Please type 'yes', 'no' or the fingerprint: ")
        terminal.type("no\n")
        terminal.expect("ssh-stack: no host key is known")
        assert terminal.wait() == 255
    assert not known.exists()
    with cli.terminal("ssh", *words) as terminal:
        terminal.expect(r"\[fingerprint\]\)\? ")
        terminal.type(f"{fingerprint}\n")
        terminal.expect("in\r\n")
        assert terminal.wait() == 0
    assert known.read_text() == sshd.known_hosts.read_text().rsplit(" ", 1)[0] + "\n"
    assert cli.run("ssh", *words).stdout == b"in\n"


def test_passphrase_of_key_is_asked_for_at_terminal(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    key = tmp_path / "locked"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", str(key)]
    subprocess.run(command, check=True, timeout=60)
    authorized = sshd.key.with_name("authorized_keys")
    before = authorized.read_text()
    authorized.write_text(before + key.with_suffix(".pub").read_text())
    try:
        with cli.terminal("ssh", *sshd.trust, "-i", str(key), sshd.host, "echo in") as terminal:
            for answer in ("wrong", "open sesame"):
                terminal.expect(f"Enter passphrase for key '{key}': ")
                terminal.type(f"{answer}\n")
            terminal.expect("in\r\n")
            assert terminal.wait() == 0
            assert terminal.restored
        # without a terminal it is not asked for, and the next credential is tried
        assert cli.run("ssh", *sshd.trust, "-i", str(key), sshd.host, "true").returncode == 255
    finally:
        authorized.write_text(before)


def test_pty_request_without_local_terminal_has_no_size_and_modes() -> None:
    reading, writing = os.pipe()
    pty = local_pty(reading)
    os.close(reading)
    os.close(writing)
    assert (pty.columns, pty.rows, dict(pty.modes)) == (0, 0, {})


def test_pty_request_describes_local_terminal() -> None:
    master, slave = os.openpty()
    resize(master, 24, 80)
    pty = local_pty(slave)
    os.close(master)
    os.close(slave)
    assert (pty.columns, pty.rows) == (80, 24)
    modes = dict(pty.modes)
    assert modes[1] == 3  # VINTR is ^C
    assert modes[53] == 1  # ECHO
    assert modes[129] > 0  # the speed
