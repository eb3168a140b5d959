from __future__ import annotations

import attrs
import pytest

from ssh_keys import CertificateSpec
from ssh_keys.certificates.certificate_spec import FOREVER, PERMISSIONS
from ssh_wire import UsageError

SPEC = CertificateSpec(role="host", key_id="web", principals=("web1",))


def test_spec_has_no_limits_and_no_permissions_by_default() -> None:
    SPEC.check()
    assert (SPEC.serial, SPEC.valid_after, SPEC.valid_before) == (0, 0, FOREVER)
    assert SPEC.critical_options == {}
    assert SPEC.extensions == {}
    assert SPEC.algorithm is None


def test_spec_without_principals_or_with_too_many_is_refused() -> None:
    with pytest.raises(UsageError, match="1 to 256 principals"):
        attrs.evolve(SPEC, principals=()).check()
    attrs.evolve(SPEC, principals=("x",) * 256).check()
    with pytest.raises(UsageError, match="1 to 256 principals"):
        attrs.evolve(SPEC, principals=("x",) * 257).check()


def test_spec_without_principals_is_accepted_where_it_is_unlimited() -> None:
    attrs.evolve(SPEC, principals=(), unlimited=True).check()
    with pytest.raises(UsageError, match="is not unlimited"):
        attrs.evolve(SPEC, unlimited=True).check()


@pytest.mark.parametrize(("after", "before"), [(5, 5), (6, 5), (FOREVER, FOREVER)])
def test_spec_that_is_never_valid_is_refused(after: int, before: int) -> None:
    with pytest.raises(UsageError, match="would expire"):
        attrs.evolve(SPEC, valid_after=after, valid_before=before).check()
    attrs.evolve(SPEC, valid_after=before - 1, valid_before=before).check()


def test_permissions_are_those_of_ssh_keygen() -> None:
    assert sorted(PERMISSIONS) == [
        "permit-X11-forwarding",
        "permit-agent-forwarding",
        "permit-port-forwarding",
        "permit-pty",
        "permit-user-rc",
    ]
    assert set(PERMISSIONS.values()) == {b""}
