"""What is told of a rollout that changed more files than are listed."""

from inspect_tts.evidence.facts import Workspace, files_changed, parse_numstat
from inspect_tts.method.records import FileFact


def test_a_file_that_the_list_has_no_room_for_is_not_told_as_put_back() -> None:
    before = Workspace("c", (FileFact(path="z", added=1, deleted=0),), "p", 0, b"")
    listed = parse_numstat("\n".join(f"1\t0\tnew{n}" for n in range(10_000)))
    assert len(listed) < 10_000
    after = Workspace("c", listed, "q", 0, b"")
    assert files_changed(before, after) == listed
    few = Workspace("c", listed[:1], "q", 0, b"")
    assert files_changed(before, few) == (listed[0], FileFact(path="z", added=0, deleted=1))
