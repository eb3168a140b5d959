from __future__ import annotations

from ssh_keys import kinds, registry


def test_six_families_serve_ten_kinds() -> None:
    assert len(kinds.KINDS) == 10
    assert len({registry.family(kind) for kind in kinds.KINDS}) == 6


def test_four_families_are_known_to_other_programs() -> None:
    known = registry.portable_families()
    assert len(set(known)) == 4
    for kind in kinds.KINDS:
        family = registry.portable_family(kind)
        assert family is None or family in known
        assert (family is None) == ("sk-" in kind or "mldsa" in kind)
    assert registry.portable_family("ssh-dss") is None
