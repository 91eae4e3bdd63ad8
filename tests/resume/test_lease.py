"""Which of several machines does a piece of work, without a common clock."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import fsspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tts.errors import UserError
from inspect_tts.resume.lease import (
    LeaseFiles,
    LeaseHeldError,
    LeaseLostError,
    Term,
    Watch,
    take_lease,
    write_under,
)
from inspect_tts.resume.store import FileStore

SCRIPT = Path(__file__).parents[1] / "support" / "lease_holder.py"
PATIENCE = 1.2
WAIT = 60


@pytest.fixture(params=["files", pytest.param("s3", marks=pytest.mark.interop)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A lease that nobody has taken yet."""
    if request.param == "files":
        return str(tmp_path / "lease")
    return f"{request.getfixturevalue('bucket')}/lease"


on_files = pytest.mark.parametrize("place", ["files"], indirect=True)


class Hosts:
    """Processes that believe to be on different hosts, and what they wrote."""

    def __init__(self, place: str, folder: Path) -> None:
        self.place, self.output = place, folder / "output"
        self.output.touch()
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self, name: str, clock: int = 0) -> "subprocess.Popen[bytes]":
        """Start one, whose clocks are wrong by `clock` hours."""
        wrong = str(3600 * clock)
        command = [sys.executable, str(SCRIPT), self.place, str(self.output), name]
        command += [str(PATIENCE), wrong]
        if os.geteuid() == 0 and shutil.which("unshare"):
            apart = ["unshare", "--uts", "--time", "--fork", "--kill-child"]
            apart += ["--monotonic", str(abs(3600 * clock))]
            command = [*apart, "sh", "-c", f'hostname {name}; exec "$@"', "-", *command]
        self.running.append(subprocess.Popen(command, start_new_session=True))
        return self.running[-1]

    def end(self, name: str) -> None:
        """Let a process release its lease, now or once it has it."""
        self.output.with_name(name).touch()

    def send(self, process: "subprocess.Popen[bytes]", number: int) -> None:
        """Send a signal to a process and what started it."""
        os.killpg(process.pid, number)

    def words(self) -> list[str]:
        """Who did what, in order: `a took`."""
        return self.output.read_text().splitlines()

    def until(self, true: Callable[[list[str]], bool]) -> None:
        end = time.monotonic() + WAIT
        while not true(self.words()):
            assert time.monotonic() < end, self.words()[-20:]
            time.sleep(0.02)


@pytest.fixture
def hosts(place: str, tmp_path: Path) -> Iterator[Hosts]:
    found = Hosts(place, tmp_path)
    yield found
    for process in found.running:
        if process.poll() is None:
            found.send(process, signal.SIGKILL)


@on_files
def test_who_waits_gets_the_lease_when_it_is_released(hosts: Hosts) -> None:
    hosts.start("a", clock=1)
    hosts.until(lambda words: "a wrote" in words)
    hosts.start("b", clock=-1)
    hosts.until(lambda words: "b waits" in words)
    time.sleep(2 * PATIENCE)
    hosts.end("a")
    hosts.end("b")
    hosts.until(lambda words: "b released" in words)
    words = hosts.words()
    assert words.index("a released") < words.index("b took"), "nobody took it for dead"


def test_a_dead_holder_is_replaced(hosts: Hosts) -> None:
    dead = hosts.start("a", clock=1)
    hosts.until(lambda words: "a wrote" in words)
    for name, clock in (("b", -1), ("c", 2)):
        hosts.start(name, clock)
        hosts.end(name)
    hosts.until(lambda words: {"b waits", "c waits"} <= set(words))
    hosts.send(dead, signal.SIGKILL)
    hosts.until(lambda words: {"b released", "c released"} <= set(words))
    took = [word for word in hosts.words() if word.endswith(("took", "released"))]
    assert took[0] == "a took"
    first, second = took[1][0], took[3][0]
    assert took[1:] == [f"{n} {w}" for n in (first, second) for w in ("took", "released")]


def test_a_holder_that_was_suspended_writes_no_more_once_it_is_replaced(hosts: Hosts) -> None:
    stopped = hosts.start("a", clock=1)
    hosts.until(lambda words: "a wrote" in words)
    hosts.start("b", clock=-1)
    hosts.until(lambda words: "b waits" in words)
    hosts.send(stopped, signal.SIGSTOP)
    hosts.until(lambda words: "b wrote" in words)
    hosts.send(stopped, signal.SIGCONT)
    hosts.until(lambda words: "a lost" in words)
    hosts.end("b")
    hosts.until(lambda words: "b released" in words)
    words = hosts.words()
    after = words[words.index("b took") :]
    assert after.count("a wrote") <= 1, "only what it was about to write when it was stopped"


@on_files
def test_one_who_waits_and_is_suspended_takes_nothing_from_a_living_holder(hosts: Hosts) -> None:
    hosts.start("a")
    hosts.until(lambda words: "a wrote" in words)
    waits = hosts.start("b")
    hosts.until(lambda words: "b waits" in words)
    hosts.send(waits, signal.SIGSTOP)
    time.sleep(2 * PATIENCE)
    hosts.send(waits, signal.SIGCONT)
    time.sleep(PATIENCE)
    hosts.end("a")
    hosts.end("b")
    hosts.until(lambda words: "b released" in words)
    words = hosts.words()
    assert "a lost" not in words
    assert words.index("a released") < words.index("b took")


def test_only_one_of_several_takes_a_term(place: str) -> None:
    files = LeaseFiles(place)
    mine, other = Term(holder="a"), Term(holder="b")
    assert files.last() == (0, None)
    assert files.create(1, mine)
    assert not files.create(1, other)
    assert files.last() == (1, mine)
    assert files.create(2, other)
    assert files.last(known=1) == (2, other)


def test_a_holder_that_lives_is_named(place: str) -> None:
    lease = take_lease(place, patience=0.6)
    with pytest.raises(LeaseHeldError, match=f"process {os.getpid()}"):
        take_lease(place, wait=False)
    lease.release()
    again = take_lease(place, wait=False)
    again.release()


def test_a_file_that_nobody_can_read_holds_a_lease_for_its_patience_only(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"")
    watch, term = Watch(), LeaseFiles(str(tmp_path)).last()
    assert term == (1, None)
    assert not watch.free(*term, before=0, after=0)
    assert watch.free(*term, before=60, after=60)


@given(st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.floats(0, 40)), max_size=20))
def test_a_lease_is_free_only_after_it_was_seen_to_stand_still(
    looks: list[tuple[float, bool, float]],
) -> None:
    watch, now, count, still = Watch(), 0.0, 0, float("-inf")
    for pause, counted, reading in looks:
        now += pause
        before, after = now, now + reading
        now = after
        count += counted
        if counted or still == float("-inf"):
            still = after
        free = watch.free(1, Term(holder="a", count=count, patience=60), before, after)
        assert free == (before - still >= 60)


def test_what_is_written_without_the_lease_is_refused(place: str, tmp_path: Path) -> None:
    lease = take_lease(place, patience=0.6)
    store = FileStore(str(tmp_path / "saved"))
    write_under(lease)
    try:
        anyio.run(store.write, "vote", "ab1", b"mine")
        assert LeaseFiles(place).create(2, Term(holder="other"))
        time.sleep(0.6)
        with pytest.raises(LeaseLostError, match="another process has taken over"):
            anyio.run(store.write, "vote", "ab2", b"too late")
    finally:
        write_under(None)
    assert anyio.run(store.read, "vote", "ab2") is None
    lease.release()
    assert LeaseFiles(place).last()[1] == Term(holder="other"), "its successor's term stays"


def test_a_loss_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    place = str(tmp_path / "lease")
    lease = take_lease(place, patience=0.3, on_loss=lambda: told.append("lost"))
    LeaseFiles(place).create(2, Term(holder="other"))
    while not told:
        time.sleep(0.02)
    assert lease.lost
    assert told == ["lost"]


def test_a_storage_that_is_away_stops_writing_before_anybody_takes_over(tmp_path: Path) -> None:
    place = tmp_path / "lease"
    lease = take_lease(str(place), patience=0.6)
    shutil.move(place, tmp_path / "away")
    time.sleep(0.4)
    with pytest.raises(OSError, match="lease"):
        lease.check()
    shutil.move(tmp_path / "away", place)
    lease.check()
    lease.release()


@pytest.mark.parametrize("value", ["1 minute", "0", "-3", "nan", "inf", ""])
def test_a_patience_that_is_no_number_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("INSPECT_TTS_LEASE_SECONDS", value)
    with pytest.raises(UserError, match=f"INSPECT_TTS_LEASE_SECONDS={value!r} is not a number of"):
        take_lease(str(tmp_path / "lease"))
    assert not list(tmp_path.iterdir())


def test_leases_of_a_file_system_without_exclusive_creation_are_read_back(tmp_path: Path) -> None:
    fsspec.filesystem("memory").rm("/", recursive=True)
    first = take_lease("memory://leases/a", wait=False)
    first.release()
    second = take_lease("memory://leases/a", wait=False)
    second.release()
