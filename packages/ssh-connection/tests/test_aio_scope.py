"""Things that are opened, used and closed."""

from __future__ import annotations

from typing import Any

import pytest

from ssh_connection.aio.scope import Scope, usage_of


class Thing:
    def __init__(self) -> None:
        self.closed = 0

    async def close(self) -> None:
        self.closed += 1


async def make() -> Thing:
    return Thing()


async def test_scope_closes_what_it_opened_once() -> None:
    scope = Scope(make)
    async with scope as thing:
        assert thing.closed == 0
    assert thing.closed == 1
    await scope.__aexit__(None, None, None)
    assert thing.closed == 1


async def test_scope_closes_when_its_body_raises() -> None:
    things: list[Thing] = []

    async def use() -> None:
        async with Scope(make) as thing:
            things.append(thing)
            problem = "mine"
            raise ValueError(problem)

    with pytest.raises(ValueError, match="mine"):
        await use()
    assert things[0].closed == 1


async def test_scope_that_is_opened_by_hand_is_closed_by_hand() -> None:
    thing = await Scope(make).open()
    assert thing.closed == 0


async def test_awaited_scope_gives_the_thing_and_leaves_closing_to_the_caller() -> None:
    thing = await Scope(make)
    assert thing.closed == 0


async def test_scope_that_was_not_opened_says_how_to_open_it() -> None:
    scope: Any = Scope(make)
    with pytest.raises(AttributeError, match="'closed': it is not open yet; use `async with … as"):
        scope.closed  # noqa: B018 (it is looked up)
    with pytest.raises(AttributeError, match=r"has no attribute '_private'$"):
        scope._private  # noqa: B018 (it is looked up)
    with pytest.raises(TypeError, match="`with` cannot wait: use `async with"):
        scope.__enter__()
    assert hasattr(Scope, "__exit__")  # Python looks for both


async def test_scope_of_a_kind_of_its_own_names_its_own_statement() -> None:
    class Named(Scope[Thing], usage="async with serve(…) as server"):
        pass

    class Heir(Named):
        pass

    for kind in (Named, Heir):
        assert usage_of(kind(make)) == "async with serve(…) as server"
    assert usage_of(Scope(make)) == "async with … as name"
    Scope(make).__exit__(None, None, None)  # it is there, and does nothing


async def test_scope_that_was_never_entered_closes_nothing() -> None:
    things: list[Thing] = []

    async def note() -> Thing:
        things.append(Thing())
        return things[0]

    await Scope(note).__aexit__(None, None, None)

    assert things == []


class Fails(Thing):
    async def close(self) -> None:
        problem = "closing failed"
        raise OSError(problem)


async def make_failing() -> Fails:
    return Fails()


async def test_error_in_the_scope_of_what_cannot_be_closed_is_kept() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        async with Scope(make_failing):
            raise ZeroDivisionError
    assert caught.value.__notes__ == ["closing failed too: closing failed"]

    with pytest.raises(OSError, match="closing failed"):
        async with Scope(make_failing):
            pass
