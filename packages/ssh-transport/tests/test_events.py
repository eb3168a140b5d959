from __future__ import annotations

from typing import get_args

import attrs
import pytest

from ssh_transport import events


def test_every_event_is_frozen_and_documented() -> None:
    for event in get_args(events.Event):
        assert attrs.has(event)
        assert event.__doc__
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(event.__new__(event), attrs.fields(event)[0].name, 1)


def test_all_lists_every_event() -> None:
    names = {event.__name__ for event in get_args(events.Event)} | {"Event"}
    assert set(events.__all__) == names
