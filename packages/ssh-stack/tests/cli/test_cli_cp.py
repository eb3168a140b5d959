"""`ssh-stack cp` against the machine's own sshd."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ssh_stack.cli.locations import Location, parse_location
from ssh_wire import UsageError

if TYPE_CHECKING:
    from conftest import Cli, Sshd


SECONDS = 30


def tree(root: Path) -> dict[str, str]:
    """Every file below with the hash of what it holds."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def source(tmp_path: Path) -> Path:
    root = tmp_path / "source"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "big").write_bytes(os.urandom(3_000_000))
    for number in range(20):
        (root / "deep" / f"file {number}").write_text(str(number))
    (root / "deep" / "er" / "naïve").write_bytes(b"")
    return root


def test_file_is_copied_to_host_and_back_unchanged(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    up, down = tmp_path / "up", tmp_path / "down"
    done = cli.run("cp", *sshd.login, str(source / "big"), f"{sshd.host}:{up}")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    done = cli.run("cp", *sshd.login, f"sftp://{sshd.host}:{sshd.port}/{up}", str(down))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert down.read_bytes() == (source / "big").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["down", "home", "source", "up"]


def test_tree_is_copied_into_existing_directory_and_back_to_new_one(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    """A tree goes into a directory that is there, and becomes one that is not."""
    there = tmp_path / "there"
    there.mkdir()
    assert cli.run("cp", "-r", *sshd.login, str(source), f"{sshd.host}:{there}").returncode == 0
    assert tree(there / "source") == tree(source)
    assert (there / "source" / "empty").is_dir()
    back = tmp_path / "back"
    words = ["--recursive", *sshd.login, f"{sshd.host}:{there}/source", str(back)]
    assert cli.run("cp", *words).returncode == 0
    assert tree(back) == tree(source)


def test_preserve_option_keeps_permissions_and_times(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    (source / "big").chmod(0o640)
    os.utime(source / "big", (1_000_000_000, 1_100_000_000))
    target = tmp_path / "kept"
    words = ["-p", *sshd.login, f"{sshd.host}:{source}/big", str(target)]
    assert cli.run("cp", *words).returncode == 0
    found = target.stat()
    assert (found.st_mode & 0o777, int(found.st_mtime)) == (0o640, 1_100_000_000)


def test_several_sources_need_directory_as_destination(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    words = [*sshd.login, f"{sshd.host}:{source}/deep/file?1*", f"{sshd.host}:{source}/big"]
    assert cli.run("cp", *words, str(into)).returncode == 0
    assert sorted(tree(into)) == sorted(["big", "file 1", *(f"file {n}" for n in range(10, 20))])
    done = cli.run("cp", *words, str(tmp_path / "not there"))
    assert done.returncode == 1
    assert b"not a directory" in done.stderr


def test_tree_is_copied_from_host_to_host(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    (source / "link").symlink_to("big")
    words = ["-r", *sshd.login, f"{sshd.host}:{source}", f"{sshd.host}:{target}"]
    done = cli.run("cp", "--json", *words)
    assert done.returncode == 0
    result = json.loads(done.stdout)
    assert (result["files"], result["bytes"]) == (22, 3_000_030)
    assert [each["path"] for each in result["skipped"]] == [f"{source}/link"]
    assert tree(target) == {k: v for k, v in tree(source).items() if k != "link"}

    words = ["-r", "--follow-links", *sshd.login, f"{sshd.host}:{source}", f"{sshd.host}:{target}"]
    assert cli.run("cp", *words).returncode == 0
    assert tree(target / "source") == tree(source)


def test_file_is_copied_from_host_to_host_with_no_local_file(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    words = [*sshd.login, f"{sshd.host}:{source}/big", f"{sshd.host}:{tmp_path}/copy"]
    missing = {"TMPDIR": str(tmp_path / "missing")}
    done = cli.run("cp", "-p", *words, env=missing)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "copy").read_bytes() == (source / "big").read_bytes()
    assert (tmp_path / "copy").stat().st_mtime == int((source / "big").stat().st_mtime)


def test_file_that_fails_is_reported_and_rest_is_copied(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    remote = [f"{sshd.host}:{source}/{name}" for name in ("none", "deep", "non*", "big")]
    done = cli.run("cp", *sshd.login, *remote, str(into))
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert [line.partition(": ")[2].rpartition(": ")[2] for line in lines] == [
        "No such file",
        "it is a directory",
        "nothing matches",
    ]
    assert list(tree(into)) == ["big"]


def test_missing_local_file_is_reported_with_status_1(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    done = cli.run("cp", *sshd.login, str(tmp_path / "none"), f"{sshd.host}:{tmp_path}/x")
    assert done.returncode == 1
    assert done.stderr.decode() == f"ssh-stack: {tmp_path}/none: No such file or directory\n"


def test_symbolic_link_in_tree_is_left_out_with_warning(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    (source / "link").symlink_to("big")
    words = [*sshd.login, f"{sshd.host}:{source}", str(tmp_path / "a")]
    done = cli.run("cp", "-r", *words)
    assert done.returncode == 0
    assert b"link: left out: it is a symbolic link" in done.stderr
    assert cli.run("cp", "-rq", *words).stderr == b""


def test_copy_of_tree_continues_when_file_fails(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    down, up = tmp_path / "down", tmp_path / "up"
    for into in (down, up):
        (into / "source" / "big").mkdir(parents=True)  # in the way of the file
    got = cli.run("cp", "-r", *sshd.login, f"{sshd.host}:{source}", str(down))
    put = cli.run("cp", "-r", *sshd.login, str(source), f"{sshd.host}:{up}")

    assert (got.returncode, put.returncode) == (1, 1)
    assert got.stderr.decode() == f"ssh-stack: {down}/source/big: Is a directory\n"
    assert put.stderr.decode() == f"ssh-stack: {up}/source/big: it is a directory\n"
    rest = {name: digest for name, digest in tree(source).items() if name != "big"}
    assert tree(down / "source") == tree(up / "source") == rest


def test_in_place_option_writes_to_existing_file(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"before")
    before = target.stat().st_ino
    words = [*sshd.login, str(source / "big"), f"{sshd.host}:{target}"]
    assert cli.run("cp", "--in-place", *words).returncode == 0
    assert target.stat().st_ino == before
    assert target.read_bytes() == (source / "big").read_bytes()
    assert cli.run("cp", *words).returncode == 0
    assert target.stat().st_ino != before


def test_progress_and_summary_are_printed_on_terminal(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    words = [*sshd.login, f"{sshd.host}:{source}/big", str(tmp_path / "x")]
    with cli.terminal("cp", *words) as terminal:
        terminal.expect("3.0/3.0 MB")
        terminal.expect("1 file, 3.0 MB, [0-9.]+ s")
        assert terminal.wait() == 0
    words = ["-r", *sshd.login, f"{sshd.host}:{source}", str(tmp_path / "y")]
    with cli.terminal("cp", *words) as terminal:
        terminal.expect("22/22 files 3.0/3.0 MB")
        terminal.expect("22 files, 3.0 MB, [0-9.]+ s")
        assert terminal.wait() == 0
    with cli.terminal("cp", "-q", *words) as terminal:
        assert terminal.wait() == 0
        assert terminal.seen == b""


class Pane:
    """A program in tmux, in a window of 50 columns, and what can be seen of it."""

    def __init__(self, folder: Path, command: str, environment: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux"), "-f", "/dev/null"]
        size = ["new-session", "-d", "-x", "50", "-y", "12"]
        run = f"trap : INT; {command}; echo status $?; exec cat"
        subprocess.run([*self._tmux, *size, "sh", "-c", run], check=True, env=environment)

    def lines(self) -> list[str]:
        done = subprocess.run(
            [*self._tmux, "capture-pane", "-p"], check=True, capture_output=True, text=True
        )
        return done.stdout.rstrip("\n").split("\n")

    def until(self, pattern: str) -> list[str]:
        end = time.monotonic() + SECONDS
        while not re.search(pattern, "\n".join(lines := self.lines())):
            assert time.monotonic() < end, lines
        return lines

    def press(self, key: str) -> None:
        subprocess.run([*self._tmux, "send-keys", key], check=True)

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], check=False)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not on this machine")
def test_progress_in_50_columns_leaves_nothing_behind(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    for name in ("huge", "a long name of a file that does not fit into the line by far"):
        with (source / name).open("wb") as file:
            file.truncate(1 << 36)
    command = cli.command("cp", "-r", *sshd.login, f"{sshd.host}:{source}", str(tmp_path / "x"))
    pane = Pane(tmp_path, shlex.join(command), cli.environment(TERM="screen"))
    try:
        lines = pane.until(r"/24 files [\s\S]*/137\.4 GB\s[\s\S]*/68\.7 GB")
        assert len(lines) == 2, lines
        assert re.match(r"\d+/24 files \d+\.\d/137\.4 GB \d+\.\d .B/s ", lines[0]), lines
        assert re.match(r".* \d+\.\d/68\.7 GB$", lines[1]), lines
        assert all(len(line) <= 50 for line in lines)
        pane.press("C-c")
        assert pane.until("status") == ["status 130"]
    finally:
        pane.close()
    assert not list((tmp_path / "x").rglob("*.part-*"))


def test_copy_leaves_no_partial_file_when_server_dies(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    into = tmp_path / "into"
    into.mkdir()
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(1 << 33)
    with cli.terminal("cp", *sshd.login, f"{sshd.host}:{big}", str(into)) as terminal:
        terminal.expect(r"[0-9.]+/8\.6 GB")
        sshd.kill_sessions()
        terminal.expect("ssh-stack: ")
        assert terminal.wait() == 255
    assert "big" not in [path.name for path in into.iterdir()]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("file", Location("file")),
        ("./a:b", Location("./a:b")),
        ("/a:b", Location("/a:b")),
        (":a", Location(":a")),
        ("host:", Location(".", "host")),
        ("host:~/x", Location("x", "host")),
        ("host:~", Location(".", "host")),
        ("me@host:/x:y", Location("/x:y", "host", "me")),
        ("a@b@host:x", Location("x", "host", "a@b")),
        ("[::1]:x", Location("x", "::1")),
        ("me@[fe80::1]:x", Location("x", "fe80::1", "me")),
        ("sftp://host", Location(".", "host")),
        ("sftp://me@host:2222/a%20b", Location("a b", "host", "me", 2222)),
        ("scp://host//etc", Location("/etc", "host")),
    ],
)
def test_location_is_parsed_into_path_host_user_and_port(text: str, place: Location) -> None:
    assert parse_location(text) == place


@pytest.mark.parametrize("text", ["@host:x", "me@:x", "sftp:///x", "sftp://host:x/y"])
def test_invalid_location_raises_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        parse_location(text)


def test_json_says_what_was_copied_and_what_was_not(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    (source / "link").symlink_to("big")
    into = tmp_path / "into"
    into.mkdir()
    words = ["-r", "--json", *sshd.login, str(source), str(tmp_path / "none")]
    done = cli.run("cp", *words, f"{sshd.host}:{into}")
    assert done.returncode == 1
    found = json.loads(done.stdout)
    assert (found["files"], found["bytes"]) == (22, 3_000_030)
    assert found["skipped"] == [{"path": f"{source}/link", "reason": "it is a symbolic link"}]
    (failed,) = found["failed"]
    assert failed["path"] == f"{tmp_path}/none"
    assert "No such file" in failed["error"]


def test_link_of_tree_is_followed_where_it_is_asked_for(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    (source / "link").symlink_to("big")
    (source / "deep" / "er" / "folder").symlink_to("../../empty")
    for there, back in ((f"{sshd.host}:{source}", "down"), (str(source), "up")):
        target = str(tmp_path / back)
        words = ["-r", "--follow-links", *sshd.login, there]
        words.append(target if back == "down" else f"{sshd.host}:{target}")
        done = cli.run("cp", *words)
        assert (done.returncode, done.stderr) == (0, b"")
        assert (tmp_path / back / "link").read_bytes() == (source / "big").read_bytes()
        assert not (tmp_path / back / "link").is_symlink()
        assert (tmp_path / back / "deep" / "er" / "folder").is_dir()


def test_link_that_leads_to_its_own_directory_is_an_error_and_ends(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").touch()
    (tmp_path / "tree" / "loop").symlink_to(".")
    words = ["-r", "--follow-links", *sshd.login, f"{sshd.host}:{tmp_path}/tree"]
    done = cli.run("cp", *words, str(tmp_path / "copy"))
    assert done.returncode == 1
    assert b"links lead on and on" in done.stderr
    assert (tmp_path / "copy" / "loop" / "file").exists()


def test_several_sources_make_the_remote_directory(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "new"
    words = [*sshd.login, str(source / "big"), str(source / "deep" / "file 1")]
    assert cli.run("cp", *words, f"{sshd.host}:{target}").returncode == 0
    assert sorted(tree(target)) == ["big", "file 1"]


def test_path_of_other_home_is_expanded_by_the_server(
    cli: Cli, sshd: Sshd, tmp_path: Path
) -> None:
    name = f"ssh-stack-{tmp_path.name}"
    there = Path(f"~{sshd.user}").expanduser() / name
    there.write_bytes(b"x")
    try:
        words = [*sshd.login, f"{sshd.host}:~{sshd.user}/{name}", str(tmp_path / "got")]
        assert cli.run("cp", *words).returncode == 0
    finally:
        there.unlink()
    assert (tmp_path / "got").read_bytes() == b"x"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="ssh is not on this machine")
def test_program_in_the_place_of_ssh_is_called_as_scp_does(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/words\nexec ssh "$@"\n')
    program.chmod(0o755)
    words = ["-S", str(program), *sshd.login, f"{sshd.host}:{source}/big", str(tmp_path / "got")]
    assert cli.run("cp", *words).returncode == 0
    assert (tmp_path / "got").read_bytes() == (source / "big").read_bytes()
    called = (tmp_path / "words").read_text().split()
    assert called[:3] == ["-x", "-oPermitLocalCommand=no", "-oClearAllForwardings=yes"]
    assert called[-6:] == ["-l", sshd.user, "-s", "--", "127.0.0.1", "sftp"]


def test_rate_is_bounded(cli: Cli, sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(os.urandom(400_000))
    begun = time.monotonic()
    words = ["-l", "800", *sshd.login, f"{sshd.host}:{tmp_path}/file", str(tmp_path / "got")]
    assert cli.run("cp", *words).returncode == 0
    assert time.monotonic() - begun > 3.4  # 400 kB at 102 kB/s, less the last piece
    assert (tmp_path / "got").read_bytes() == (tmp_path / "file").read_bytes()


def test_server_of_this_machine_takes_the_place_of_a_host(
    cli: Cli, source: Path, tmp_path: Path
) -> None:
    server = f"{shlex.quote(sys.executable)} -m ssh_sftp.server"
    done = cli.run("cp", "-D", server, f"any:{source}/big", str(tmp_path / "got"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert (tmp_path / "got").read_bytes() == (source / "big").read_bytes()


def test_copy_from_host_to_host_without_this_one_is_left_to_its_scp(
    cli: Cli, sshd: Sshd, source: Path, tmp_path: Path
) -> None:
    """What the host's own scp prints is printed here: it does not know the other host."""
    target = f"nobody@127.0.0.1:{tmp_path}/copy"
    done = cli.run("cp", "-R", *sshd.login, f"{sshd.host}:{source}/big", target)
    assert done.returncode == 1
    lines = done.stderr.decode().splitlines()
    assert "scp on that host ended with status" in lines[-1]
    assert len(lines) > 1
    done = cli.run("cp", "-R", "-D", "server", f"{sshd.host}:{source}/big", target)
    assert done.returncode == 255
    assert b"No such file" in done.stderr
