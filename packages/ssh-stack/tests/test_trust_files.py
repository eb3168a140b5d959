from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from loopback_server import serving
from ssh_keys import (
    HostKeyStatus,
    KeyPolicy,
    KnownHosts,
    PrivateKey,
    RevocationList,
    load_private_key,
)
from ssh_keys.files import write_revoked_keys
from ssh_keys.strict_base64 import to_base64
from ssh_stack.errors import ConfigError, HostKeyChanged
from ssh_stack.trust_files import load_known_hosts, load_revoked_keys
from ssh_wire.primitives import string

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key
SHORT_RSA = string("ssh-rsa") + string(b"\1\0\1") + string(b"\0\x80" + bytes(126) + b"\1")


def line(host: str) -> str:
    return f"{host} {KEY.to_openssh()}\n"


def test_files_are_read_in_order_and_first_is_written(tmp_path: Path) -> None:
    for name in ("one", "two", "system"):
        (tmp_path / name).write_text(line(name))
    mine = [tmp_path / "one", tmp_path / "two", tmp_path / "missing"]
    known, file = load_known_hosts(mine, system=[tmp_path / "system", tmp_path / "none"])
    assert file == str(tmp_path / "one")
    assert [entry.source for entry in known.entries] == [
        str(tmp_path / name) for name in ("one", "two", "system")
    ]
    assert known.unread == ()


@pytest.mark.parametrize("source", [None, b"", KnownHosts(), [], "none", "/dev/null"])
def test_keys_are_not_written_without_file(source: object, tmp_path: Path) -> None:
    (tmp_path / "system").write_text(line("web1"))
    known, file = load_known_hosts(source, system=[tmp_path / "system"])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert file is None
    assert known.check(KEY, "web1") is HostKeyStatus.TRUSTED


def test_tilde_in_path_is_home_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "hosts").write_text(line("web1"))
    known, file = load_known_hosts("~/hosts")
    assert file == str(tmp_path / "hosts")
    assert known.check(KEY, "web1") is HostKeyStatus.TRUSTED


def test_unreadable_file_of_user_is_error(tmp_path: Path) -> None:
    for files in ([tmp_path], [tmp_path / "hosts", tmp_path]):
        with pytest.raises(ValueError, match="is a directory"):
            load_known_hosts(files)


def test_unreadable_file_of_system_is_named(tmp_path: Path) -> None:
    known, _ = load_known_hosts(b"", system=[tmp_path, tmp_path / "missing"])
    (problem,) = known.unread
    assert problem.source == str(tmp_path)
    assert problem.reason == "is a directory"


@pytest.mark.parametrize("policy", [KeyPolicy.DEFAULT, KeyPolicy.LEGACY])
def test_short_rsa_keys_are_read_with_legacy_algorithms(policy: KeyPolicy, tmp_path: Path) -> None:
    text = f"web1 ssh-rsa {to_base64(SHORT_RSA).decode()}\n"
    for name in ("mine", "system"):
        (tmp_path / name).write_text(text)
    for source, system in ((text.encode(), ()), ("mine", ()), (None, ("system",))):
        where = tmp_path / source if isinstance(source, str) else source
        files = [tmp_path / name for name in system]
        known, _ = load_known_hosts(where, system=files, policy=policy)
        assert bool(known.entries) is (policy is KeyPolicy.LEGACY)
        assert bool(known.unusable) is (policy is KeyPolicy.DEFAULT)


# ---------------------------------------------------------------- revoked keys


@pytest.mark.parametrize("form", ["KRL", "text"])
def test_revoked_keys_are_read_in_every_form(form: str, tmp_path: Path) -> None:
    revoked = RevocationList()
    revoked.revoke(KEY)
    if form == "KRL":
        write_revoked_keys(tmp_path / "revoked", revoked)
    else:
        (tmp_path / "revoked").write_text(f"# gone\n{KEY.to_openssh()}\n")
    content = (tmp_path / "revoked").read_bytes()
    sources: list[Path | bytes | RevocationList] = [tmp_path / "revoked", content, revoked]
    for source in sources:
        ((_, found),) = load_revoked_keys(source)
        assert found.revokes(KEY)
        assert not found.revokes(OTHER)
    assert len(load_revoked_keys([*sources, "none"])) == 3
    assert load_revoked_keys(None) == load_revoked_keys([]) == load_revoked_keys("none") == ()


@pytest.mark.parametrize(
    "content", [b"SSHKRL\n\0", b"SSHKRL\n\0cut", b"ssh-ed25519 AAAA", b"what is this", None]
)
def test_unreadable_revocation_list_trusts_no_host(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    if content is not None:
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"cannot be read .* so no host is trusted"):
            load_revoked_keys(content)
    with pytest.raises(ConfigError, match=r"cannot be read .* so no host is trusted") as caught:
        load_revoked_keys([path])
    assert caught.value.source == str(path)


async def test_server_with_short_key_is_added_once_and_then_known(tmp_path: Path) -> None:
    made = rsa.generate_private_key(65537, 1024)  # noqa: S505 (what old servers have)
    pem = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    short = load_private_key(pem, policy=KeyPolicy.LEGACY)
    file = tmp_path / "known_hosts"
    async with serving(host_keys=[short], algorithms="legacy") as here:
        for policy in ("accept-new", "accept-new", "strict"):
            options = {"algorithms": "legacy", "known_hosts": file, "host_key_policy": policy}
            async with here.connect(**options) as connection:
                assert connection.host_key == short.public_key
        assert len(file.read_text().splitlines()) == 1
    other = load_private_key(PrivateKey.generate("rsa", 2048).to_pem())
    async with serving(host_keys=[other], algorithms="legacy") as here:
        line_of_it = file.read_text().partition(" ")[2]
        file.write_text(f"[127.0.0.1]:{here.server.port} {line_of_it}")
        for profile in ("legacy", "default"):
            options = {"algorithms": profile, "known_hosts": file}
            with pytest.raises(HostKeyChanged, match="line 1 has"):
                await here.connect(**options, host_key_policy="accept-new").open()
