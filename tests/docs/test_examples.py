"""The programs of `examples/`, run as their first lines say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from ssh_stack import ChannelOpenRefused, PrivateKey, SFTPError, SFTPPermissionDenied, sync
from ssh_stack.sync import ClientOptionsKw
from tests.interop.local import LocalSshd

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def home(sshd: LocalSshd, tmp_path: Path) -> Path:
    """A home folder from which web1 and web2 lead to the machine's sshd, and gone to no server."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True, mode=0o700)
    (folder / ".ssh" / "config").write_text(
        "Host gone\n  HostName 127.0.0.1\n  Port 1\n"
        f"Host web1 web2\n  HostName 127.0.0.1\n  Port {sshd.port}\n  User {sshd.user}\n"
        f"  IdentityFile {sshd.key}\n  UserKnownHostsFile {sshd.known_hosts}\n"
    )
    return folder


def command(name: str, *arguments: object) -> list[str]:
    return [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, arguments)]


def environment(home: Path) -> dict[str, str]:
    values = {**os.environ, "HOME": str(home), "COLUMNS": "200"}
    values.pop("SSH_AUTH_SOCK", None)
    return values


def run(argv: Sequence[str], home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, env=environment(home), capture_output=True, text=True, check=False, timeout=60
    )


# ---------------------------------------------------------------- clients


def test_many_hosts_prints_a_row_for_each_host(home: Path) -> None:
    done = run(command("many_hosts.py", "web1", "web2", "--", "echo", "here it is"), home)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("here it is") == 2


def test_many_hosts_reports_the_host_that_fails(home: Path) -> None:
    done = run(command("many_hosts.py", "web1", "gone", "--", "echo", "here it is"), home)

    assert done.returncode == 1, done.stderr
    assert done.stdout.count("here it is") == 1
    [row] = [line for line in done.stdout.splitlines() if "gone" in line]
    assert "failed" in row


def test_dask_hosts_work_in_a_local_cluster(home: Path) -> None:
    argv = [sys.executable, str(EXAMPLES / "dask_hosts.py"), "web1", "gone", "web2"]
    done = run(argv, home)

    assert done.returncode == 1, done.stderr
    assert "gone: connect to host 127.0.0.1 port 1: " in done.stdout
    assert "2 hosts, mean load " in done.stdout, done.stdout + done.stderr
    assert "3 of 3 hosts" in done.stderr


def test_dask_reads_remote_files_in_a_local_cluster(home: Path, tmp_path: Path) -> None:
    for count in (2, 3):
        (tmp_path / f"{count}.log").write_text("line\n" * count)
    done = run(command("dask_files.py", f"sftp://web1{tmp_path}/*.log"), home)

    assert done.returncode == 0, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["2", "3", "5"]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "static").mkdir(parents=True)
    (folder / "index").write_text("first")
    (folder / "static" / "style").write_text("plain")
    return folder


def test_deploy_switches_to_the_new_release(home: Path, site: Path, tmp_path: Path) -> None:
    target = tmp_path / "a target"
    assert run(command("deploy.py", "web1", site, target), home).returncode == 0
    (site / "index").write_text("second")

    done = run(command("deploy.py", "web1", site, target, "--check", "grep second index"), home)

    assert done.returncode == 0, done.stdout + done.stderr
    assert (target / "current" / "index").read_text() == "second"
    assert (target / "current" / "static" / "style").read_text() == "plain"
    assert len(list((target / "releases").iterdir())) == 2


def test_deploy_goes_back_when_the_check_fails(home: Path, site: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    assert run(command("deploy.py", "web1", site, target), home).returncode == 0
    (site / "index").write_text("broken")

    done = run(command("deploy.py", "web1", site, target, "--check", "grep first index"), home)

    assert done.returncode == 1
    assert "in use again" in done.stdout
    assert (target / "current" / "index").read_text() == "first"


def test_follow_log_goes_on_after_a_lost_connection(home: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("one\ntwo\n")
    follower = subprocess.Popen(
        command("follow_log.py", "web1", log),
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with follower:
        try:
            assert follower.stdout is not None
            assert [follower.stdout.readline() for _ in range(2)] == ["one\n", "two\n"]
            cut_connection_of(log)
            with log.open("a") as file:
                file.write("three\n")
            assert follower.stdout.readline() == "three\n"
        finally:
            follower.terminate()


def cut_connection_of(log: Path) -> None:
    """End the sshd process behind the `tail` that follows a file, as a lost line would."""
    [tail] = subprocess.run(
        ["pgrep", "-f", f"^tail .*{log}$"], capture_output=True, text=True, check=True
    ).stdout.split()
    parent = tail
    while "sshd" not in Path(f"/proc/{parent}/comm").read_text():
        parent = Path(f"/proc/{parent}/stat").read_text().rpartition(")")[2].split()[1]
    os.kill(int(parent), 9)


# ---------------------------------------------------------------- servers


@contextmanager
def served(argv: Sequence[str], home: Path) -> Generator[int]:
    """Start a server and give its port."""
    process = subprocess.Popen(argv, env=environment(home), stdout=subprocess.PIPE, text=True)
    with process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with host_key, and user_key that authorized_keys lists."""
    for name in ("host_key", "user_key"):
        key = PrivateKey.generate("ed25519")
        (tmp_path / name).write_bytes(key.to_openssh())
        (tmp_path / name).chmod(0o600)
        (tmp_path / f"{name}.pub").write_text(key.public_key.to_openssh() + "\n")
    (tmp_path / "authorized_keys").write_text((tmp_path / "user_key.pub").read_text())
    return tmp_path


def client(keys: Path, port: int) -> ClientOptionsKw:
    known = f"[127.0.0.1]:{port} {(keys / 'host_key.pub').read_text()}".encode()
    return ClientOptionsKw(keys=keys / "user_key", known_hosts=known, config=None, agent=None)


def test_bastion_forwards_to_what_is_allowed_alone(
    home: Path, keys: Path, sshd: LocalSshd
) -> None:
    argv = command(
        *("bastion.py", "--listen", "127.0.0.1:0", "--host-key", keys / "host_key"),
        *("--authorized-keys", keys / "authorized_keys", "--allow", f"127.0.0.1:{sshd.port}"),
    )
    with (
        served(argv, home) as port,
        sync.connect("127.0.0.1", port, **client(keys, port)) as bastion,
    ):
        with sync.connect(
            *("127.0.0.1", sshd.port),
            username=sshd.user,
            keys=sshd.key,
            known_hosts=sshd.known_hosts,
            jump=bastion,
            config=None,
            agent=None,
        ) as conn:
            assert conn.run("echo inside", text=True).stdout == "inside\n"
        with pytest.raises(ChannelOpenRefused):
            bastion.open_tcp("127.0.0.1", port)


def test_drop_box_takes_files_and_shows_none(home: Path, keys: Path, tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    (tmp_path / "report").write_text("42")
    argv = command(
        *("drop_box.py", "--listen", "127.0.0.1:0", "--host-key", keys / "host_key"),
        *("--authorized-keys", keys / "authorized_keys", box),
    )
    with (
        served(argv, home) as port,
        sync.connect("127.0.0.1", port, **client(keys, port)) as conn,
        conn.sftp() as sftp,
    ):
        sftp.put(tmp_path / "report", "report")
        assert (box / "report").read_text() == "42"

        (tmp_path / "report").write_text("43")
        with pytest.raises(SFTPError):
            sftp.put(tmp_path / "report", "report")
        with pytest.raises(SFTPPermissionDenied):
            sftp.listdir("/")
        with pytest.raises(SFTPPermissionDenied):
            sftp.read_bytes("report")
        assert (box / "report").read_text() == "42"


def test_drop_box_takes_files_of_openssh(home: Path, keys: Path, tmp_path: Path) -> None:
    box = tmp_path / "box"
    box.mkdir()
    (tmp_path / "report").write_text("42")
    argv = command(
        *("drop_box.py", "--listen", "127.0.0.1:0", "--host-key", keys / "host_key"),
        *("--authorized-keys", keys / "authorized_keys", box),
    )
    with served(argv, home) as port:
        sftp = ["sftp", "-F", "none", "-P", str(port), "-i", str(keys / "user_key"), "-b", "-"]
        sftp += [
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            f"UserKnownHostsFile={home}/known",
        ]
        done = subprocess.run(
            [*sftp, "127.0.0.1"],
            input=f"put {tmp_path}/report\n-ls\n-get report {tmp_path}/back\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert done.returncode == 0, done.stderr
    assert (box / "report").read_text() == "42"
    assert not (tmp_path / "back").exists()


def test_private_channel_is_served_to_its_own_client_alone(home: Path, keys: Path) -> None:
    argv = command("private_channel.py", "serve", keys / "host_key", keys / "authorized_keys")
    with served(argv, home) as port:
        known = keys / "known_hosts"
        known.write_text(f"[127.0.0.1]:{port} {(keys / 'host_key.pub').read_text()}")
        asked = command(
            *("private_channel.py", "sum", port, keys / "user_key", known, 40, 1, 1),
        )
        done = run(asked, home)
        refused = subprocess.run(
            [
                *("ssh", "-F", "none", "-p", str(port), "-i", str(keys / "user_key")),
                *("-o", f"UserKnownHostsFile={known}", "me@127.0.0.1", "true"),
            ],
            capture_output=True,
            check=False,
            timeout=60,
        )

    assert (done.returncode, done.stdout) == (0, "42 bytes\n"), done.stderr
    assert refused.returncode == 255  # a session is a channel type that it does not serve


# ---------------------------------------------------------------- a test


def test_test_of_a_backup_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # by its module: an environment may be older than the entry point
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    argv += ["-p", "ssh_stack.testing.plugin"]
    (tmp_path / "pytest.ini").write_text("[pytest]\n")  # not that of this project
    copy = tmp_path / "test_backup.py"
    copy.write_text((EXAMPLES / "test_backup.py").read_text())
    done = run([*argv, str(copy)], tmp_path)

    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout
