"""`ssh-stack cp`: files and trees over SFTP, with either side here or on a host."""

from __future__ import annotations

import sys

import click

from ssh_keys.files import ReadOnce
from ssh_stack.cli.arguments import directive, is_missing
from ssh_stack.cli.copy_job import CopyJob, CopyOptions
from ssh_stack.cli.errors import FAILED, explain
from ssh_stack.cli.locations import parse_location
from ssh_stack.cli.progress import show_progress
from ssh_stack.cli.report import Report
from ssh_stack.cli.runner import run, secure_standard_streams
from ssh_wire import SSHError, UsageError

__all__ = ["cp"]


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-r", "--recursive", is_flag=True, help="Copy directories with all they hold.")
@click.option("-p", "--preserve", is_flag=True, help="Keep permissions and times.")
@click.option(
    "--in-place",
    is_flag=True,
    help="Write to the files themselves, for servers that refuse to rename.",
)
@click.option("-q", "--quiet", is_flag=True, help="Show no progress and no warnings.")
@click.option("-v", "--verbose", count=True, help="Say what happens; twice for more.")
@click.option("-P", "--port", metavar="PORT", help="The port of every host.")
@click.option("-l", "--login", metavar="USER", help="The user on every host.")
@click.option("-i", "--identity", metavar="FILE", multiple=True, help="A key to log in with.")
@click.option("-J", "--jump", metavar="HOSTS", help="Hosts to go through.")
@click.option("-F", "--config", metavar="FILE", help="The configuration file, or none.")
@click.option("-o", "--option", metavar="KEY=VALUE", multiple=True, help="A line of ssh_config.")
@click.argument("sources", metavar="SRC…", nargs=-1, required=True)
@click.argument("destination", metavar="DST")
@click.pass_context
def cp(ctx: click.Context, /, **_: object) -> None:
    """Copy files and trees; either side may be remote.

    A remote path is written [user@]host:path or sftp://[user@]host[:port]/path.  A file
    appears under its name when all of it is there.  Links in a tree are left out, and named.
    What cannot be copied is named too, and the rest of a tree is copied all the same.

    Exit status: 0 when all was copied, 1 when a file was not, 255 without a connection.
    """
    secure_standard_streams()
    sys.exit(_main(ctx))


def _main(ctx: click.Context) -> int:
    values = ctx.params
    report = Report(values["quiet"], values["verbose"])
    try:
        job = _prepare(ctx, report)
    except (SSHError, OSError) as error:
        report.error(explain(error))
        return FAILED
    # the configuration may be a pipe, and is for both sides
    with ReadOnce().scope(), show_progress(quiet=values["quiet"]) as display:
        job.bars = display
        return run(job.run, report, job.address)


def _prepare(ctx: click.Context, report: Report) -> CopyJob:
    values = ctx.params
    sources = [parse_location(text) for text in values["sources"]]
    destination = parse_location(values["destination"])
    if destination.host is None and any(each.host is None for each in sources):
        problem = "both sides are on this machine: cp does that"
        raise UsageError(problem)
    for path in values["identity"]:
        if is_missing(path):
            report.warn(f"identity file {path} is not accessible")
    options = CopyOptions(
        recursive=values["recursive"],
        preserve=values["preserve"],
        in_place=values["in_place"],
        lines=_lines(ctx),
    )
    return CopyJob(sources, destination, options, values["config"], report)


def _lines(ctx: click.Context) -> tuple[str, ...]:
    """Return the configuration lines that the options stand for."""
    values = ctx.params
    pairs: list[tuple[str, str]] = []
    for letter, name in (("p", "port"), ("l", "login"), ("J", "jump")):
        if values[name] is not None:
            pairs.append((letter, values[name]))
    pairs += [("i", path) for path in values["identity"]]
    pairs += [("o", line) for line in values["option"]]
    return tuple(directive(letter, value) for letter, value in pairs)
