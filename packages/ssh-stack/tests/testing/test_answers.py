"""Commands are answered as a test wants, and nothing else is run."""

from __future__ import annotations

import pytest

from ssh_connection.aio import Session
from ssh_stack import ExitSignal, UsageError
from ssh_stack.testing import Answer, Answers, connected


async def test_answer_has_both_streams_and_the_status() -> None:
    answers = Answers()
    answers.answer("backup", Answer(stdout=b"out", stderr=b"problem", status=3))
    async with connected(session=answers) as pair:
        done = await pair.client.run("backup")

    assert (done.stdout, done.stderr, done.exit_status) == (b"out", b"problem", 3)


async def test_answer_ends_with_a_signal() -> None:
    answers = Answers()
    answers.answer("backup", Answer(status=ExitSignal("KILL")))
    async with connected(session=answers) as pair:
        done = await pair.client.run("backup")

    assert (done.exit_status, done.exit_signal) == (None, ExitSignal("KILL"))


async def test_function_answers_a_command() -> None:
    async def count(session: Session) -> int:
        await session.write(b"%d" % len(await session.stdin.read()))
        return 0

    answers = Answers()
    answers.answer("wc -c", count)
    async with connected(session=answers) as pair:
        assert (await pair.client.run("wc -c", input=b"12345")).stdout == b"5"


async def test_command_without_an_answer_ends_with_127() -> None:
    answers = Answers()
    async with connected(session=answers) as pair:
        done = await pair.client.run("rm -rf x", text=True)
        async with pair.client.start() as shell:
            shell.stdin.write_eof()
            assert await shell.wait() == 127

    assert (done.exit_status, done.stdout) == (127, "")
    assert done.stderr == "rm -rf x: the test has no answer for it\n"
    assert answers.commands == ["rm -rf x", ""]


async def test_answer_for_others_leaves_those_that_have_one() -> None:
    answers = Answers()
    answers.answer_others(Answer(stdout=b"other"))
    answers.answer("own", Answer(stdout=b"own"))
    async with connected(session=answers) as pair:
        given = [(await pair.client.run(each)).stdout for each in ("own", "else")]

    assert given == [b"own", b"other"]


async def test_later_answer_is_given_from_then_on() -> None:
    answers = Answers()
    answers.answer("date", Answer(stdout=b"first"))
    async with connected(session=answers) as pair:
        assert (await pair.client.run("date")).stdout == b"first"
        answers.answer("date", Answer(stdout=b"second"))
        assert (await pair.client.run("date")).stdout == b"second"


def test_answer_that_is_not_one_is_refused() -> None:
    with pytest.raises(UsageError, match="not 'text'"):
        Answers().answer("uptime", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
