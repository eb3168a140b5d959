"""Keys of every family that an agent takes, certificates, and strategies for constraints."""

from __future__ import annotations

from functools import cache
from typing import Final

from hypothesis import strategies as st

from ssh_agent.constraints import Constraints
from ssh_agent.destinations import DestinationConstraint, DestinationKey, Hop
from ssh_keys import Certificate, CertificateSpec, PrivateKey, PublicKey, issue
from ssh_wire.primitives import read_string, string

KINDS: Final = {
    "ed25519": ("ed25519", None),
    "ecdsa": ("ecdsa", 256),
    "ecdsa384": ("ecdsa", 384),
    "ecdsa521": ("ecdsa", 521),
    "rsa": ("rsa", 2048),
    "ed448": ("ed448", None),
    "mldsa": ("ssh-mldsa44-ed25519@openssh.com", None),
}


def _security_key(kind: str, plain: PublicKey) -> PrivateKey:
    fields = string(kind) + plain.blob[read_string(plain.blob, 0)[1] :] + string("ssh:")
    return PrivateKey.read_fields(fields + b"\x01" + string(b"handle") + string(b""))[0]


def _keys() -> dict[str, PrivateKey]:
    keys = {name: PrivateKey.generate(kind, bits) for name, (kind, bits) in KINDS.items()}
    keys["sk-ed25519"] = _security_key("sk-ssh-ed25519@openssh.com", keys["ed25519"].public_key)
    keys["sk-ecdsa"] = _security_key(
        "sk-ecdsa-sha2-nistp256@openssh.com", keys["ecdsa"].public_key
    )
    return keys


KEYS: Final = _keys()
AUTHORITY: Final = PrivateKey.generate("ed25519")


@cache
def certificate(name: str) -> Certificate:
    """Return a user's certificate of a key."""
    spec = CertificateSpec(role="user", key_id=name, principals=("me",))
    return issue(AUTHORITY, KEYS[name].public_key, spec=spec, random=bytes)


_TEXTS: Final = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


def hops() -> st.SearchStrategy[Hop]:
    """Return hops with a host and a key."""
    public = st.sampled_from([key.public_key for key in KEYS.values()])
    keys = st.lists(st.builds(DestinationKey, public, st.booleans()), min_size=1, max_size=3)
    return st.builds(Hop, _TEXTS.filter(bool), keys.map(tuple))


@st.composite
def destination_constraints(draw: st.DrawFn) -> DestinationConstraint:
    """Return a valid destination constraint."""
    target = draw(hops())
    origin = draw(st.just(Hop()) | hops())
    return DestinationConstraint(Hop(target.host, target.keys, draw(_TEXTS)), origin)


@st.composite
def constraints(draw: st.DrawFn, *, for_token: bool = False) -> Constraints:
    """Return valid constraints of an identity, or of a token."""
    certificates = tuple(
        draw(st.lists(st.sampled_from([certificate("rsa"), certificate("ed25519")]), max_size=2))
        if for_token
        else ()
    )
    return Constraints(
        lifetime=draw(st.none() | st.integers(0, 2**32 - 1)),
        confirm=draw(st.booleans()),
        destinations=tuple(draw(st.lists(destination_constraints(), max_size=3))),
        provider="" if for_token else draw(_TEXTS),
        certificates=certificates,
        certificates_only=bool(certificates) and draw(st.booleans()),
    )
