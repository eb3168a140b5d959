"""Each rule of `identity_permitted` in OpenSSH's ssh-agent.c; test_agent_program compares both."""

from __future__ import annotations

import pytest

from agent_dialogue import TODAY, bind
from ssh_agent import DestinationConstraint, DestinationKey, Hop
from ssh_agent.server.bindings import SessionBindings
from ssh_agent.server.route import Route
from ssh_keys import Certificate, CertificateSpec, KeyPolicy, PrivateKey, issue

HOSTS = {name: PrivateKey.generate("ed25519") for name in "abcx"}
CA = PrivateKey.generate("ed25519")


def hop(name: str, user: str = "", *, ca: bool = False) -> Hop:
    key = CA if ca else HOSTS[name]
    return Hop(name, (DestinationKey(key.public_key, is_ca=ca),), user)


def constraint(text: str) -> DestinationConstraint:
    """Read "b", "a>b" or "a>me@b", as ssh-add does."""
    origin, _, target = text.rpartition(">")
    user, _, host = target.rpartition("@")
    return DestinationConstraint(hop(host, user), hop(origin) if origin else Hop())


CHAIN = tuple(map(constraint, ("a", "a>b", "b>c")))


def sessions(way: str) -> SessionBindings:
    """Read "ab>" as forwarded over a and b, and "ab" as forwarded over a, to log in to b."""
    bindings = SessionBindings()
    names = way.removesuffix(">")
    for number, name in enumerate(names):
        forwarding = number < len(names) - 1 or way.endswith(">")
        request = bind(HOSTS[name], b"%d" % number, forwarding=forwarding)
        assert bindings.bind(request, policy=KeyPolicy.DEFAULT)
    return bindings


def permits(
    way: str | SessionBindings, *constraints: DestinationConstraint, user: bytes | None = None
) -> bool:
    found = sessions(way) if isinstance(way, str) else way
    return bool(Route(found, lambda: TODAY).permits(constraints, user))


def test_identity_without_constraints_is_permitted_everywhere() -> None:
    assert all(permits(way) for way in ("", "a", "x>", "abc"))


@pytest.mark.parametrize(
    ("way", "permitted"),
    [
        ("", True),
        ("a", True),
        ("a>", True),
        ("ab", True),
        ("ab>", True),
        ("abc", True),
        ("abc>", False),  # it may log in to c, and not from there on
        ("b", False),
        ("x", False),
        ("x>", False),
        ("ac", False),
        ("ba>", False),
        ("abx", False),
        ("aa", False),
    ],
)
@pytest.mark.row("G10")
def test_list_has_the_identity_where_the_chain_allows_every_hop(way: str, permitted: bool) -> None:
    assert permits(way, *CHAIN) is permitted


@pytest.mark.parametrize(
    ("way", "permitted"),
    [("a", True), ("ab", True), ("abc", True), ("a>", False), ("ab>", False), ("x", False)],
)
@pytest.mark.row("G10")
def test_login_is_signed_in_the_last_session_alone(way: str, permitted: bool) -> None:
    assert permits(way, *CHAIN, user=b"me") is permitted


def test_permission_names_the_host_of_the_constraint() -> None:
    found = Route(sessions("ab"), lambda: TODAY).permits(CHAIN, b"me")

    assert found.host == "b"


@pytest.mark.parametrize(
    ("pattern", "user", "permitted"),
    [
        ("me", b"me", True),
        ("me", b"you", False),
        ("m*", b"me", True),
        ("?", b"me", False),
        ("*", b"", True),
        ("me", b"", False),
    ],
)
def test_user_matches_the_pattern_of_the_last_hop(
    pattern: str, user: bytes, permitted: bool
) -> None:
    assert permits("a", constraint(f"{pattern}@a"), user=user) is permitted


def test_user_is_not_compared_where_nothing_is_signed_or_at_an_earlier_hop() -> None:
    assert permits("a", constraint("me@a"))
    assert permits("ab", constraint("me@a"), constraint("a>b"), user=b"you")


@pytest.mark.row("G05")
def test_user_pattern_of_many_stars_is_matched_in_little_time() -> None:
    assert not permits("a", constraint("*" * 255 + "x@a"), user=b"y" * 10_000)


@pytest.mark.row("G10")
def test_connection_on_which_binding_failed_is_not_a_local_one() -> None:
    bindings = SessionBindings()
    forged = bind(HOSTS["b"], host_key=HOSTS["a"].public_key)
    assert not bindings.bind(forged, policy=KeyPolicy.DEFAULT)

    assert not permits(bindings, *CHAIN)
    assert permits(bindings)


def certify(principal: str, spec: CertificateSpec | None = None) -> Certificate:
    wanted = spec or CertificateSpec(role="host", key_id="host", principals=(principal,))
    return issue(CA, HOSTS["a"].public_key, spec=wanted, random=bytes)


def bound_to(certificate: Certificate, *, forwarding: bool = False) -> SessionBindings:
    bindings = SessionBindings()
    request = bind(HOSTS["a"], host_key=certificate, forwarding=forwarding)
    assert bindings.bind(request, policy=KeyPolicy.DEFAULT)
    return bindings


@pytest.mark.parametrize(
    ("certificate", "permitted"),
    [
        (certify("a"), True),
        (certify("?"), True),
        (certify("b"), False),
        (certify("", CertificateSpec(role="user", key_id="x", principals=("a",))), False),
        (
            certify(
                "", CertificateSpec(role="host", key_id="x", principals=("a",), valid_before=TODAY)
            ),
            False,
        ),
    ],
)
def test_certified_host_is_known_by_its_authority(
    certificate: Certificate, permitted: bool
) -> None:
    target = DestinationConstraint(hop("a", ca=True))

    assert permits(bound_to(certificate), target) is permitted


def test_certificate_of_another_authority_is_not_one_of_a_known_host() -> None:
    other = PrivateKey.generate("ed25519")
    spec = CertificateSpec(role="host", key_id="host", principals=("a",))
    certificate = issue(other, HOSTS["a"].public_key, spec=spec, random=bytes)

    assert not permits(bound_to(certificate), DestinationConstraint(hop("a", ca=True)))
    plain = Hop("a", (DestinationKey(other.public_key),))  # the authority's key, as a host's
    assert not permits(bound_to(certificate), DestinationConstraint(plain))


def test_certified_host_is_not_known_by_its_plain_key_nor_a_plain_key_by_an_authority() -> None:
    assert not permits(bound_to(certify("a")), constraint("a"))
    by_authority = Hop("a", (DestinationKey(HOSTS["a"].public_key, is_ca=True),))
    assert not permits("a", DestinationConstraint(by_authority))


def test_origin_with_a_host_or_with_keys_is_not_the_machine_of_the_agent() -> None:
    keys = (DestinationKey(HOSTS["x"].public_key),)
    for origin in (Hop("x"), Hop("", keys), Hop("x", keys)):
        assert not permits("a", DestinationConstraint(hop("a"), origin))


def test_certified_host_is_an_origin() -> None:
    bindings = bound_to(certify("a"), forwarding=True)
    bindings.bind(bind(HOSTS["b"], b"next"), policy=KeyPolicy.DEFAULT)
    first = DestinationConstraint(hop("a", ca=True))
    second = DestinationConstraint(hop("b"), hop("a", ca=True))

    assert permits(bindings, first, second, user=b"me")
    assert not permits(bindings, first, constraint("a>b"), user=b"me")
