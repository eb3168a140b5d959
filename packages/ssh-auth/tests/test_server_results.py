from __future__ import annotations

import pytest

from ssh_auth import Accept, ChangePassword, Partial, Reject
from ssh_auth.server.methods import FACTORS
from ssh_auth.server.results import validation_error


class Truthy:
    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = object.__hash__


@pytest.mark.parametrize("result", [Accept(), Reject(), Partial(("password",))])
def test_accept_reject_and_partial_are_valid_results(result: object) -> None:
    assert validation_error(result, FACTORS) == ""


@pytest.mark.row("A14")
@pytest.mark.parametrize(
    "result",
    [
        None,
        1,
        True,
        "False",
        object(),
        Truthy(),
        Accept,
        (Accept(),),
        Accept("all"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        Accept(fido=None),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        ChangePassword(),  # which is an answer to a password alone
        Partial(()),
        Partial(("none",)),
        Partial(("gssapi",)),
        Partial(([],)),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        Partial("password"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        type("Accept", (Accept,), {})(),  # a subclass, which a type checker refuses
    ],
)
def test_other_values_are_not_results(result: object) -> None:
    assert validation_error(result, FACTORS)
