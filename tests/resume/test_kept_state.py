"""Folders as archives, stores, results and leases: what is kept, refused and counted."""

import logging
import os
import socket
import sys
import tarfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import anyio
import pytest
from pydantic import BaseModel

from inspect_tts import UserError
from inspect_tts.resume.lease import SWITCH, LeaseFiles, Term, Watch, patience_set, unheld
from inspect_tts.resume.packing import output_of, pack_folder
from inspect_tts.resume.saved_results import SavedResults, check_resume
from inspect_tts.resume.snapshot import _fill_folder
from inspect_tts.resume.snapshot_format import SnapshotError, writable_mounts
from inspect_tts.resume.store import FileStore


class Thing(BaseModel):
    value: int


# --- folders


def test_a_folder_comes_back_as_it_was(tmp_path: Path) -> None:
    folder, fresh = tmp_path / "was", tmp_path / "fresh"
    (folder / ".git" / "deep").mkdir(parents=True)
    (folder / ".git" / "deep" / "a").write_bytes(b"\x00a")
    (folder / "run.sh").touch(mode=0o755)
    (folder / "link").symlink_to(".git", target_is_directory=True)
    (folder / "dangling").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as open_socket:
        open_socket.bind(os.path.relpath(folder / "socket"))
    (fresh / "setup" / "made").mkdir(parents=True)
    (fresh / "link").symlink_to("setup")
    (fresh / "README").touch()
    packed = pack_folder(folder)
    with tarfile.open(fileobj=BytesIO(packed)) as tar:
        assert "link/deep" not in tar.getnames(), "a link is kept as a link"
    _fill_folder(fresh, packed, trusted=True)
    names = {str(path.relative_to(fresh)) for path in fresh.rglob("*")}
    expected = {".git", ".git/deep", ".git/deep/a", "run.sh", "link", "dangling"}
    assert {name for name in names if not name.startswith("link/")} == expected
    assert (fresh / ".git" / "deep" / "a").read_bytes() == b"\x00a"
    assert os.access(fresh / "run.sh", os.X_OK)
    assert (fresh / "link").readlink() == Path(".git")
    assert (fresh / "dangling").is_symlink()


def test_an_archive_that_others_may_have_written_stays_in_its_folder(tmp_path: Path) -> None:
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        link = tarfile.TarInfo("out")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(link)
    (tmp_path / "fresh").mkdir()
    with pytest.raises(tarfile.FilterError):
        _fill_folder(tmp_path / "fresh", packed.getvalue(), trusted=False)
    _fill_folder(tmp_path / "fresh", packed.getvalue(), trusted=True)
    assert (tmp_path / "fresh" / "out").readlink() == Path("/etc")


def test_a_workspace_that_is_no_folder_any_more_is_not_packed(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for name in ("file", "link", "nothing"):
        with pytest.raises(SnapshotError, match="no longer a folder"):
            pack_folder(tmp_path / name)


def test_folders_that_are_too_deep_are_not_packed(tmp_path: Path) -> None:
    deepest = tmp_path.joinpath(*["d"] * 200)
    deepest.mkdir(parents=True)
    pack_folder(tmp_path)
    (deepest / "d").mkdir()
    with pytest.raises(SnapshotError, match="more than 200 deep"):
        pack_folder(tmp_path)


def test_a_program_that_fails_says_why() -> None:
    async def printed(code: str) -> bytes:
        return await output_of([sys.executable, "-c", code], b"given", seconds=60)

    said = "import sys; sys.stdout.write(sys.stdin.read()); sys.stdout.flush(); "
    assert anyio.run(printed, said) == b"given"
    with pytest.raises(SnapshotError, match=r"` failed: x+\nthe reason$") as raised:
        anyio.run(printed, said + "sys.exit('x' * 400 + '\\nthe reason')")
    assert str(raised.value).partition("failed: ")[2].count("x") < 300, "its last words only"


def test_a_mount_counts_as_writable_unless_it_says_otherwise() -> None:
    mounts: list[dict[str, object]] = [{"Destination": "/a"}, {"Destination": "/b", "RW": False}]
    assert writable_mounts(mounts) == ("/a",)


# --- stores


def test_a_store_counts_whole_results_and_removes_no_more_than_its_own(tmp_path: Path) -> None:
    root = tmp_path / ".inspect_tts" / "task"
    store = FileStore(str(root))
    assert store.counts() == {}

    async def write() -> None:
        for kind, key in (("vote", "ab1"), ("vote", "cd2"), ("rollout", "ab1")):
            await store.write(kind, key, b"x")  # type: ignore[arg-type]  # a kind

    anyio.run(write)
    (root / "vote" / "ab" / "ab3.unit.77.unfinished").touch()
    assert store.counts() == {"rollout": 1, "vote": 2}
    assert [*store.counts()] == ["rollout", "vote"], "in the order of kinds"
    (root.parent / "another").mkdir()
    store.remove()
    assert [path.name for path in root.parent.iterdir()] == ["another"]
    (root.parent / "another").rmdir()
    store.remove()
    assert not root.parent.exists()


def test_each_result_is_counted_as_taken_over_or_as_damaged(tmp_path: Path) -> None:
    saved = SavedResults(FileStore(str(tmp_path)))

    def refuse(found: Thing) -> None:
        raise ValueError("it does not fit")

    async def use() -> None:
        await saved.put("vote", "k", Thing(value=3))
        await saved.put("rollout", "k", Thing(value=3))
        assert await saved.get("vote", "k", Thing) == Thing(value=3)
        assert await saved.get("rollout", "k", Thing) == Thing(value=3)
        assert await saved.get("vote", "k", Thing, refuse) is None
        assert await saved.get("grade", "k", Thing) is None

    anyio.run(use)
    assert saved.taken_over == Counter({"vote": 1}), "a rollout counts once it is restored"
    assert saved.damaged == Counter({"vote": 1})


def test_what_cannot_be_saved_is_told_and_does_not_stop_the_eval(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "vote").touch()  # where a folder should be
    (tmp_path / "snapshot").touch()
    saved, off = SavedResults(FileStore(str(tmp_path))), SavedResults(None)

    async def save() -> list[bool]:
        await saved.put("vote", "k", Thing(value=3))
        return [await each.put_bytes("snapshot", "k", b"x") for each in (saved, off)]

    with caplog.at_level(logging.WARNING):
        assert anyio.run(save) == [False, False]
    assert [
        each.getMessage().partition(" could not be saved; a retry would repeat it")[0]
        for each in caplog.records
    ] == ["a vote", "a snapshot"]


def test_only_a_store_of_this_eval_alone_is_trusted(tmp_path: Path) -> None:
    alone, shared = FileStore(str(tmp_path)), FileStore(str(tmp_path), shared=True)
    stores = [SavedResults(each) for each in (None, alone, shared)]
    assert [each.trusted for each in stores] == [True, True, False]
    assert [each.kept for each in stores] == [False, True, True]


def test_a_bare_word_is_a_folder_only_if_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    check_resume("log")
    check_resume("off")
    with pytest.raises(UserError, match=r"for a new folder of that name, give \./on"):
        check_resume("on")
    assert not list(tmp_path.iterdir())
    (tmp_path / "on").mkdir()
    check_resume("on")


# --- leases


@pytest.mark.parametrize(
    ("given", "seconds"), [(None, 60.0), ("0.5", 0.5), ("86399", 86_399.0), ("86400", None)]
)
def test_the_patience_of_a_machine(
    given: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    if given is not None:
        monkeypatch.setenv(SWITCH, given)
    if seconds is None:
        with pytest.raises(UserError, match="not a number of seconds above 0"):
            patience_set()
    else:
        assert patience_set() == seconds


def test_a_lease_that_was_released_is_free_at_once_and_one_that_counts_never() -> None:
    assert unheld(0, None)
    assert unheld(3, Term(holder="a", released=True))
    assert not unheld(3, Term(holder="a"))
    assert not unheld(3, None), "a file that cannot be read is somebody's"
    watch = Watch()
    for count in range(5):
        term = Term(holder="a", count=count, patience=1)
        assert not watch.free(1, term, before=10.0 * count, after=10.0 * count)
    assert not watch.free(2, Term(holder="b", count=4, patience=1), before=50, after=50)
    assert watch.free(2, Term(holder="b", count=4, patience=1), before=51, after=51)


def test_the_files_of_a_lease_are_its_terms(tmp_path: Path) -> None:
    files = LeaseFiles(str(tmp_path / "lease"))
    assert files.last() == (0, None)
    assert files.create(1, Term(holder="abc host"))
    assert not files.create(1, Term(holder="other")), "another process has it"
    files.write(1, Term(holder="abc host", count=2))
    assert files.create(2, Term(holder="other"))
    assert files.last() == files.last(1) == files.last(2) == (2, Term(holder="other"))
    assert (files.exists(2), files.exists(3)) == (True, False)
    assert sorted(path.name for path in (tmp_path / "lease").iterdir()) == ["1", "2"]
