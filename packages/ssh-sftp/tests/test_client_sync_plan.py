from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ssh_sftp import EntryKind, SyncStep, TreeEntry
from ssh_sftp.client.sync_plan import Tree, above, comparable, plan_sync


def tree(*entries: TreeEntry) -> Tree:
    return {entry.path: entry for entry in entries}


def file(path: str, size: int | None = 1, mtime: int | None = 1, mode: int = 0o644) -> TreeEntry:
    return TreeEntry(path, "file", size, mtime, mode)


def folder(path: str, mtime: int = 1, mode: int = 0o755) -> TreeEntry:
    return TreeEntry(path, "directory", None, mtime, mode)


@pytest.mark.parametrize(
    ("source", "target", "step"),
    [
        (file("a"), file("a"), None),
        (file("a", 2), file("a"), SyncStep("file", "a", "size", 2)),
        (file("a", None), file("a", None), SyncStep("file", "a", "size")),
        (file("a", mtime=2), file("a"), SyncStep("file", "a", "time", 1)),
        (file("a", mtime=None), file("a", mtime=None), SyncStep("file", "a", "time", 1)),
        (file("a", mode=0o600), file("a"), SyncStep("attributes", "a", "permissions")),
        (file("a", mode=0o4644), file("a"), None),
        (folder("a", 2), folder("a"), SyncStep("attributes", "a", "time")),
        (folder("a", mode=0o700), folder("a"), SyncStep("attributes", "a", "permissions")),
        (folder("a"), folder("a"), None),
        (TreeEntry("a", "link"), file("a"), None),
        (TreeEntry("a", "other"), folder("a"), None),
    ],
)
def test_step_follows_from_size_time_and_permissions(
    source: TreeEntry, target: TreeEntry, step: SyncStep | None
) -> None:
    plan = plan_sync(tree(source), tree(target), delete=True)
    assert plan.steps == (() if step is None else (step,))


def test_content_decides_in_the_place_of_the_time() -> None:
    source = tree(file("same", mtime=2), file("other"), file("short", 2))
    target = tree(file("same"), file("other"), file("short"))
    assert comparable(source, target) == ("other", "same")

    plan = plan_sync(source, target, equal={"same"})
    assert plan.steps == (
        SyncStep("file", "other", "content", 1),
        SyncStep("attributes", "same", "time"),
        SyncStep("file", "short", "size", 2),
    )


def test_directories_come_before_their_entries_and_are_deleted_after_them() -> None:
    source = tree(file("a/b"), folder("a"), folder("a-"))
    target = tree(file("x/y/z"), folder("x/y"), folder("x"))
    plan = plan_sync(source, target, delete=True)
    assert plan.paths("directory") == ("a", "a-")
    assert plan.paths("delete") == ("x/y/z", "x/y", "x")
    assert [step.path for step in plan.steps[:3]] == ["a", "a/b", "a-"]
    assert (plan.files, plan.transfer_size) == (1, 1)
    assert plan_sync(source, target).paths("delete") == ()


@pytest.mark.parametrize("there", ["file", "link", "other"])
def test_what_is_no_directory_makes_way_without_deletion(there: EntryKind) -> None:
    plan = plan_sync(tree(folder("a")), tree(TreeEntry("a", there)))
    assert plan.paths("directory") == plan.paths("delete") == ("a",)


def test_directory_makes_way_for_a_file_with_deletion_only() -> None:
    source, target = tree(file("a")), tree(folder("a"), file("a/b"))
    plan = plan_sync(source, target)
    assert plan.steps == (SyncStep("conflict", "a", "type"),)
    assert plan_sync(source, target, delete=True).paths("delete") == ("a/b", "a")
    assert plan_sync(source, target, delete=True, keep={"a"}).paths("conflict") == ("a",)


@pytest.mark.parametrize("kind", ["link", "other"])
def test_nothing_is_deleted_below_what_is_not_known_of_the_source(kind: EntryKind) -> None:
    target = tree(folder("a"), file("a/b"), folder("c"))
    plan = plan_sync(tree(TreeEntry("a", kind)), target, delete=True, keep={"c"})
    assert plan.steps == ()


def test_all_directories_above_are_named_once() -> None:
    assert above(["a/b/c", "a/b/d", "e"]) == {"a", "a/b"}


NAMES = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
KINDS: st.SearchStrategy[EntryKind] = st.sampled_from(("file", "directory", "link"))


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Draw a tree in which only directories have entries."""
    drawn = draw(st.dictionaries(NAMES, st.tuples(KINDS, st.integers(0, 2)), max_size=8))
    found: dict[str, TreeEntry] = {}
    for path, (kind, number) in drawn.items():
        parents = above([path])
        if any(each in found and found[each].kind != "directory" for each in parents):
            continue
        if any(path in above([each]) for each in found):
            kind = "directory"  # noqa: PLW2901 (it has entries)
        found |= {each: folder(each) for each in parents}
        size = number if kind == "file" else None
        found[path] = TreeEntry(path, kind, size, number, 0o644)
    return found


def carried_out(source: Tree, target: Tree, *, delete: bool) -> Tree:
    """Return the target after its plan; each step finds what it needs."""
    plan = plan_sync(source, target, delete=delete)
    after = dict(target)
    for path in plan.paths("delete"):
        assert not any(each.startswith(f"{path}/") for each in after)
        del after[path]
    for step in plan.steps:
        if step.action in {"directory", "file", "attributes"}:
            assert all(after[each].kind == "directory" for each in above([step.path]))
            after[step.path] = source[step.path]
    return after


@given(trees(), trees())
def test_target_has_the_files_and_directories_of_the_source(source: Tree, target: Tree) -> None:
    after = carried_out(source, target, delete=True)
    links = {path for path, entry in source.items() if entry.kind == "link"}
    wanted = {path: entry for path, entry in source.items() if entry.kind != "link"}
    left = {path: after[path] for path in after if path not in links and not above([path]) & links}
    assert left == wanted
    assert carried_out(source, after, delete=True) == after
    assert plan_sync(source, after, delete=True).steps == ()
