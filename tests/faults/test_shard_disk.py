"""A disk that is full for one shard: a clear error, the others end, and a resume completes it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from shard_folders import OPTIONS, Folder, decisions, logs_below

pytestmark = pytest.mark.faults


@pytest.fixture
def planned(tmp_path: Path) -> Iterator[Folder]:
    """A set whose shard 1 writes its log to a disk of 24 kB."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("needs the right to mount a file system")
    folder = Folder(tmp_path / "set")
    how = ["--shards", "3", "--at-once", "2", "--executor", "print"]
    said = folder.shard("task.py", *OPTIONS, "--log-dir", "logs", *how)
    assert said.startswith("0\n"), said
    [plan] = (folder.path / "logs").glob("*.plan")
    small = plan.with_suffix(".shards") / "1"
    small.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_full_disk_in_one_shard_is_told_and_a_resume_completes_it(
    planned: Folder, tmp_path: Path
) -> None:
    said = planned.shard("--resume", planned.set)
    assert said.startswith("1\n"), said
    assert "shard 1 could not finish its log; is the disk full?" in said
    assert "shard 0 completed" in said
    assert "shard 2 completed" in said
    assert "shard 1 completed" not in said
    before = planned.made()

    larger = ["mount", "-o", "remount,size=50m", str(planned.set / "1")]
    subprocess.run(larger, check=True)
    said = planned.shard("--resume", planned.set)
    assert said.startswith("0\n"), said
    assert "2 of 3 shards are finished" in said
    assert "shard 1 completed" in said

    one = Folder(tmp_path / "one")
    done = one.run("inspect", "eval", "task.py", *OPTIONS, "--log-dir", "logs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert decisions(logs_below(planned.set)) == decisions(logs_below(one.path / "logs"))
    assert (planned.made() - before).total() <= one.made().total() / 3, "what was kept is not paid"
