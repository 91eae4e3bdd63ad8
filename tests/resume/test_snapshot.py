"""What docker shows of a container, read."""

import pytest

from inspect_tts.resume.snapshot_format import (
    Changes,
    SnapshotError,
    left_running,
    parse_diff,
    parse_processes,
    to_delete,
    writable_mounts,
)


def test_a_diff() -> None:
    changes = parse_diff("C /tmp\nA /tmp/b c\nD /etc/x\nA /a\n")
    assert changes == Changes(present=("/a", "/tmp", "/tmp/b c"), absent=("/etc/x",))


@pytest.mark.parametrize(
    "path", ["/.dockerenv", "/etc/hosts", "/usr/sbin/docker-init", "/dev/shm", "/proc", "/sys/a"]
)
def test_what_docker_mounts_is_no_change(path: str) -> None:
    assert parse_diff(f"A {path}\nA /etc/hosts.allow\n") == Changes(("/etc/hosts.allow",), ())


@pytest.mark.parametrize("line", ["A /a\nb", "X /a", "A relative", "A"])
def test_a_name_that_breaks_the_listing_is_refused(line: str) -> None:
    with pytest.raises(SnapshotError, match="cannot be saved"):
        parse_diff(line)


DELETE = {
    "nothing": (Changes((), ()), Changes((), ()), ()),
    "what the rollout deleted of the image": (Changes((), ("/x",)), Changes((), ()), ("/x",)),
    "what setup added and the rollout deleted": (Changes((), ()), Changes(("/x",), ()), ("/x",)),
    "not what both have": (Changes(("/x",), ()), Changes(("/x",), ()), ()),
    "a folder at once": (Changes((), ("/d", "/d/e", "/d2")), Changes((), ()), ("/d", "/d2")),
}


@pytest.mark.parametrize(("wanted", "fresh", "gone"), DELETE.values(), ids=DELETE)
def test_what_must_go_from_a_fresh_container(
    wanted: Changes, fresh: Changes, gone: tuple[str, ...]
) -> None:
    assert to_delete(wanted, fresh) == gone


def test_processes() -> None:
    top = (
        "PID   COMMAND\n1  /sbin/docker-init -- tail -f\n 7 python3 -m http.server\n9 [x] <defunct>"
    )
    assert parse_processes(top) == ("/sbin/docker-init -- tail -f", "python3 -m http.server")


TAIL = "tail -f /dev/null"
LEFT = {
    "nothing new": ([TAIL], [TAIL], ()),
    "a server": ([TAIL], [TAIL, "python3 -m http.server"], ("python3 -m http.server",)),
    "a second one of the same": ([TAIL], [TAIL, TAIL], (TAIL,)),
    "what ended is no matter": ([TAIL, "x"], [TAIL], ()),
    "idle shells": ([], ["bash", "-bash", "/bin/sh", "/usr/bin/bash -l", "sh -i"], ()),
    "a shell that runs something": ([], ["bash serve.sh"], ("bash serve.sh",)),
    "a terminal": ([], ["tmux new-session -d -s main", "tmux: server"], ()),
    "Inspect's tools": ([], ["/var/tmp/.da7be258e003d428/inspect-sandbox-tools server"], ()),
}


@pytest.mark.parametrize(("before", "after", "expected"), LEFT.values(), ids=LEFT)
def test_processes_that_an_archive_cannot_hold(
    before: list[str], after: list[str], expected: tuple[str, ...]
) -> None:
    assert left_running(before, after) == expected


def test_only_mounts_that_can_be_written_matter() -> None:
    mounts = [{"Destination": "/data", "RW": True}, {"Destination": "/ro", "RW": False}]
    assert writable_mounts(mounts) == ("/data",)
