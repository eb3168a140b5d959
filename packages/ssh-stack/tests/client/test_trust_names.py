"""Which name is looked up, what no policy lets pass, and what is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ssh_keys import (
    Certificate,
    CertificateSpec,
    Credential,
    KnownHosts,
    PrivateKey,
    RevocationList,
    issue,
)
from ssh_keys.files import remove_known_host
from ssh_stack.client.options import HostKeyPolicy
from ssh_stack.client.trust import Trust, load_known_hosts
from ssh_stack.errors import (
    HostCertificateRefused,
    HostKeyChanged,
    HostKeyRevoked,
    HostKeyTooShort,
    HostKeyUnknown,
)

KEY = PrivateKey.generate("ed25519").public_key
OTHER = PrivateKey.generate("ed25519").public_key
CA = PrivateKey.generate("ed25519")
AUTHORITY = f"@cert-authority web* {CA.public_key.to_openssh()}\n"


def trust(known: str, policy: HostKeyPolicy = "strict", file: Path | None = None) -> Trust:
    return Trust("web1", 22, KnownHosts.parse(known), policy, file)


def certificate(*principals: str) -> Certificate:
    spec = CertificateSpec(role="host", key_id="test", principals=principals, valid_before=2**63)
    return issue(CA, KEY, spec=spec, random=os.urandom)


def on_port(known: str, policy: HostKeyPolicy = "strict", file: Path | None = None) -> Trust:
    return Trust("web1", 2222, KnownHosts.parse(known, "hosts"), policy, file)


async def test_entry_without_port_counts_when_no_entry_has_port(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    judge = on_port(f"web1 {KEY.to_openssh()}", "accept-new", file)
    assert await judge.verify(KEY)
    assert not file.exists()  # ssh remembers nothing there either
    assert judge.preferred_algorithms == ("ssh-ed25519",)


async def test_entry_with_port_decides_alone() -> None:
    known = f"web1 {KEY.to_openssh()}\n[web1]:2222 {OTHER.to_openssh()}\n"
    with pytest.raises(HostKeyChanged, match="hosts, line 2"):
        await on_port(known, "accept-new").verify(KEY)
    unusable = f"web1 {KEY.to_openssh()}\n[web1]:2222 ssh-dss AAAA\n"
    with pytest.raises(HostKeyChanged, match="hosts, line 2"):
        await on_port(unusable, "accept-new").verify(KEY)


async def test_another_key_without_port_leaves_port_unknown(tmp_path: Path) -> None:
    known = f"web1 {OTHER.to_openssh()}"
    with pytest.raises(HostKeyUnknown):
        await on_port(known).verify(KEY)
    file = tmp_path / "known_hosts"
    assert await on_port(known, "accept-new", file).verify(KEY)
    assert file.read_text() == f"[web1]:2222 {KEY.to_openssh()}\n"


async def test_key_revoked_without_port_is_refused_on_port() -> None:
    with pytest.raises(HostKeyRevoked):
        await on_port(f"@revoked web1 {KEY.to_openssh()}", "accept-new").verify(KEY)
    trusted = f"[web1]:2222 {KEY.to_openssh()}\n@revoked web1 {KEY.to_openssh()}\n"
    with pytest.raises(HostKeyRevoked):
        await on_port(trusted).verify(KEY)


async def test_authority_revoked_without_port_is_refused_on_port() -> None:
    ca = CA.public_key.to_openssh()
    judge = on_port(f"@cert-authority [web1]:* {ca}\n@revoked web1 {ca}\n")
    with pytest.raises(HostKeyRevoked):
        await judge.verify_certificate(certificate("web1"))


async def test_authority_without_port_counts_when_no_authority_has_port() -> None:
    ca = f"@cert-authority web1 {CA.public_key.to_openssh()}\n"
    assert await on_port(ca).verify_certificate(certificate("web1"))
    other = f"{ca}@cert-authority [web1]:* {OTHER.to_openssh()}\n"
    assert not await on_port(other).verify_certificate(certificate("web1"))
    with pytest.raises(HostCertificateRefused):
        await on_port(ca).verify_certificate(certificate("web2"))
    revoked = f"{ca}@revoked web1 {CA.public_key.to_openssh()}\n"
    with pytest.raises(HostKeyRevoked):
        await on_port(revoked).verify_certificate(certificate("web1"))


async def test_alias_replaces_name_and_port() -> None:
    judge = on_port(f"inner {KEY.to_openssh()}\nweb1 {OTHER.to_openssh()}\n")
    judge.alias = "inner"
    assert await judge.verify(KEY)
    with pytest.raises(HostKeyChanged, match="host key of inner has changed"):
        await judge.verify(OTHER)
    by_authority = on_port(f"@cert-authority inner {CA.public_key.to_openssh()}\n")
    by_authority.alias = "inner"
    assert await by_authority.verify_certificate(certificate("inner"))


async def test_accepted_key_is_added_under_alias(tmp_path: Path) -> None:
    file = tmp_path / "known_hosts"
    judge = on_port("", "accept-new", file)
    judge.alias = "inner"
    assert await judge.verify(KEY)
    assert file.read_text() == f"inner {KEY.to_openssh()}\n"


# ---------------------------------------------------------------- lists of revoked keys


def revoking(*keys: Credential) -> tuple[tuple[str, RevocationList], ...]:
    revoked = RevocationList()
    for key in keys:
        revoked.revoke(key)
    return (("revoked_keys", revoked),)


@pytest.mark.parametrize("policy", ["strict", "accept-new", "off"])
async def test_key_in_revocation_list_is_refused_by_every_policy(policy: HostKeyPolicy) -> None:
    judge = trust(f"web1 {KEY.to_openssh()}", policy)
    judge.revoked = revoking(KEY)
    with pytest.raises(HostKeyRevoked, match=r"revoked: .* \(by revoked_keys\)"):
        await judge.verify(KEY)


async def test_certificate_authority_or_certified_key_in_revocation_list_is_refused() -> None:
    presented = certificate("web1")
    for key in (KEY, CA.public_key, presented):
        judge = trust(AUTHORITY)
        judge.revoked = revoking(key)
        with pytest.raises(HostKeyRevoked):
            await judge.verify_certificate(presented)
    judge = trust(AUTHORITY)
    judge.revoked = revoking(OTHER)
    assert await judge.verify_certificate(presented)


async def test_short_rsa_key_is_refused() -> None:
    rsa = PrivateKey.generate("rsa", 2048).public_key
    judge = trust(f"web1 {rsa.to_openssh()}", "off")
    judge.required_rsa_size = 2048
    assert await judge.verify(rsa)
    judge.required_rsa_size = 3072
    with pytest.raises(HostKeyTooShort, match="has 2048 bits, and 3072 are required"):
        await judge.verify(rsa)


# ---------------------------------------------------------------- what is told


async def test_error_of_unknown_key_names_ways_to_accept_it(tmp_path: Path) -> None:
    with pytest.raises(HostKeyUnknown) as caught:
        await trust("", file=tmp_path / "hosts").verify(KEY)
    text = str(caught.value)
    assert KEY.fingerprint() in text
    assert 'host_key_policy="accept-new"' in text
    assert "`ssh-stack ssh` once" in text
    assert f"a line in {tmp_path}/hosts" in text
    assert caught.value.line == f"web1 {KEY.to_openssh()}"
    assert caught.value.__notes__ == [f"the line for known_hosts: {caught.value.line}"]
    assert "\n" not in text


@pytest.mark.parametrize(
    "known", ["web1 {}", "*,!web2 {}", "web1 ssh-dss AAAA", "web1 ssh-ed25519", "web1"]
)
async def test_error_of_changed_key_names_old_key_and_command_to_remove_it(
    known: str, tmp_path: Path
) -> None:
    file = tmp_path / "my hosts"
    file.write_text(f"# mine\n{known.format(OTHER.to_openssh())}\n")
    with pytest.raises(HostKeyChanged) as caught:
        await Trust("web1", 22, load_known_hosts(file)[0], "accept-new").verify(KEY)
    text = str(caught.value)
    assert text.startswith("WARNING: the host key of web1 has changed")
    assert f"{file}, line 2 has " in text
    assert "\n" not in text
    # a pattern is about other hosts too, and ssh-keygen keeps a line without a key
    removable = known in {"web1 {}", "web1 ssh-dss AAAA"}
    assert (f"ssh-stack keygen -R web1 -f '{file}'" in text) is removable
    assert ("correct that line" in text) is not removable
    assert bool(remove_known_host(file, "web1")) is (removable or "*" in known)


async def test_added_key_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "ssh_stack")
    file = tmp_path / "known_hosts"
    assert await on_port("", "accept-new", file).verify(KEY)
    (record,) = caplog.records
    assert record.getMessage() == (
        f"Permanently added '[web1]:2222' (ssh-ed25519) to the list of known hosts ({file})"
    )


@pytest.mark.parametrize("host", ["web1", "web*1"])
async def test_key_that_cannot_be_added_is_accepted_and_logged(
    host: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path if host == "web1" else tmp_path / "hosts"
    assert await Trust(host, 22, KnownHosts(), "accept-new", file).verify(KEY)
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"cannot be added to {file}" in record.getMessage()


async def test_new_key_is_refused_while_known_hosts_file_is_unreadable(
    tmp_path: Path,
) -> None:
    known, _ = load_known_hosts(f"web1 {KEY.to_openssh()}".encode(), system=[tmp_path])
    assert await Trust("web1", 22, known, "accept-new").verify(KEY)
    with pytest.raises(
        HostKeyUnknown, match=r"cannot be read: .*is a directory; correct that file first"
    ):
        await Trust("web2", 22, known, "accept-new").verify(KEY)
