"""Questions about keys, and what the library tells in the words of ssh."""

from __future__ import annotations

import io
import logging

import pytest

from ssh_keys import PrivateKey
from ssh_keys.randomart import randomart
from ssh_stack.cli.host_key_warnings import report_log_records
from ssh_stack.cli.prompts import TerminalPrompter
from ssh_stack.cli.report import Report
from ssh_stack.client.show_host_key import show_host_key

KEY = PrivateKey.generate("ed25519").public_key


class Asker:
    """A user who gives one answer to every question."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.questions: list[str] = []

    async def ask(self, question: str, *, echo: bool) -> str | None:
        assert echo
        self.questions.append(question)
        return self.answer

    async def tell(self, text: str) -> None:
        pytest.fail(f"told {text}")


async def test_host_key_is_asked_about_with_configured_hash() -> None:
    asker = Asker(KEY.fingerprint("md5"))
    prompter = TerminalPrompter(asker)
    assert not await prompter.confirm_host_key("web1", 22, KEY)  # not the one that was shown
    prompter.fingerprint_hash = "md5"

    assert await prompter.confirm_host_key("web1", 22, KEY)
    assert f"key fingerprint is {KEY.fingerprint('md5')}.\n" in asker.questions[-1]


@pytest.mark.parametrize("visual", [True, False])
async def test_host_key_is_asked_about_with_picture_where_it_is_wanted(visual: bool) -> None:
    asker = Asker("yes")
    prompter = TerminalPrompter(asker)
    prompter.visual_host_key = visual

    assert await prompter.confirm_host_key("web1", 2222, KEY)
    assert (f"{randomart(KEY)}\n" in asker.questions[0]) is visual


@pytest.mark.parametrize(
    ("answer", "added"),
    [("yes", True), (" YES ", True), ("y", True), ("no", False), ("", False), (None, False)],
)
async def test_key_goes_to_agent_where_the_answer_is_yes(answer: str | None, added: bool) -> None:
    asker = Asker(answer)

    assert await TerminalPrompter(asker).confirm_key_addition("/home/me/key\x1b") is added
    assert asker.questions == ["Add key /home/me/key\\x1b to agent? (yes/no) "]


@pytest.mark.parametrize("quiet", [True, False])
def test_picture_of_known_host_is_shown_in_the_words_of_ssh(quiet: bool) -> None:
    log = io.StringIO()
    report = Report(quiet=quiet, log=log)
    report_log_records(report)
    try:
        show_host_key(KEY, "sha256")
    finally:
        logging.getLogger("ssh_stack").handlers.clear()
        logging.getLogger("ssh_stack").propagate = True

    expected = f"Host key fingerprint is: {KEY.fingerprint()}\n{randomart(KEY)}\n"
    assert log.getvalue() == ("" if quiet else expected)
