from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import messages as m
from ssh_sftp.numbers import StatusCode
from ssh_sftp.server.ordering import MOST_WAITING, Line, Place
from ssh_sftp.server.statuses import status

HANDLES = st.sampled_from([b"a", b"b", b"c"])
REQUESTS = st.one_of(
    HANDLES.map(lambda handle: m.Read(id=0, handle=handle, offset=0, length=1)),
    HANDLES.map(lambda handle: m.Write(id=0, handle=handle, offset=0, data=b"x")),
    HANDLES.map(lambda handle: m.Close(id=0, handle=handle)),
    st.tuples(HANDLES, HANDLES).map(lambda two: m.CopyData(id=0, source=two[0], target=two[1])),
    st.just(m.Remove(id=0, path="f")),
    st.just(m.Extended(id=0, name="odd")),
)
DONE = status(0, StatusCode.OK)


def handles(request: m.Request | None) -> set[bytes]:
    if isinstance(request, m.CopyData):
        return {request.source, request.target}
    return {request.handle} if isinstance(request, m.Read | m.Write | m.Close) else set()


def may_run_together(one: m.Request | None, other: m.Request | None) -> bool:
    if not handles(one) or not handles(other):
        return False
    if isinstance(one, m.Read) and isinstance(other, m.Read):
        return True
    return not handles(one) & handles(other)


@given(requests=st.lists(REQUESTS, max_size=12), data=st.data())
def test_requests_that_could_touch_one_file_run_in_order_and_replies_do_too(
    requests: list[m.Request], data: st.DataObject
) -> None:
    line = Line()
    places = [line.add(request) for request in requests]
    running: list[Place] = []
    replied: list[Place] = []
    while line:
        running += line.startable()
        for place in running:
            before = places[: places.index(place)]
            assert all(
                may_run_together(place.request, each.request)
                for each in before
                if each.answer is None
            )
        for index, place in enumerate(places):  # and none waits without a reason
            if not place.running:
                assert any(
                    each.answer is None and not may_run_together(place.request, each.request)
                    for each in places[:index]
                )
        done = data.draw(st.sampled_from(running))
        running.remove(done)
        done.answer = DONE
        replied += line.answered()
    assert replied == places


@given(requests=st.lists(REQUESTS, max_size=12))
def test_requests_that_are_done_at_once_hold_nothing_up(requests: list[m.Request]) -> None:
    line = Line()
    places = [line.add(request) for request in requests]
    for place in line.startable():
        place.answer = DONE
    assert [*line.answered()] == places


def test_malformed_request_has_its_reply_in_its_place() -> None:
    line = Line()
    first = line.add(m.Remove(id=1, path="f"))
    malformed = line.add(None, status(2, StatusCode.BAD_MESSAGE))

    assert [*line.startable()] == [first]
    assert [*line.answered()] == []
    first.answer = DONE
    assert [*line.answered()] == [first, malformed]


def test_line_is_full_at_its_limit() -> None:
    line = Line()
    for _ in range(MOST_WAITING):
        assert not line.full
        line.add(m.Remove(id=1, path="f"))
    assert line.full
    line.clear()
    assert len(line) == 0
