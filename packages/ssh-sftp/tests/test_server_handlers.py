from __future__ import annotations

from ssh_sftp import messages as m
from ssh_sftp.server.handlers import TABLE


def test_every_request_has_an_answer() -> None:
    assert set(m.REQUESTS) == set(TABLE)


def test_requests_that_read_do_not_change_anything() -> None:
    harmless = {request for request, (_, changes) in TABLE.items() if not changes}

    assert harmless == {
        m.Open,
        m.Close,
        m.Read,
        m.FStat,
        m.FStatVFS,
        m.OpenDir,
        m.ReadDir,
        m.Stat,
        m.LStat,
        m.RealPath,
        m.ReadLink,
        m.ExpandPath,
        m.HomeDirectory,
        m.StatVFS,
        m.LimitsRequest,
        m.UsersGroupsByID,
        m.CheckFile,
        m.CheckFileHandle,
        m.CheckFileName,
    }
