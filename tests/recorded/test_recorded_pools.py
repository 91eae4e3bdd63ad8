"""Real trajectories: every file is read, prompts keep to their budget, numbers are the bench's."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from inspect_tts.recorded import READERS, Recorded
from inspect_tts.recorded.loading import facts_of
from inspect_tts.recorded.problems import collect
from inspect_tts.text.trajectory import CHARS_PER_TOKEN, render_trajectory, steps

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

import pools  # noqa: E402
import recorded as bench  # noqa: E402
from selection import DATA, Judge, Setting  # noqa: E402

TRAJECTORIES = DATA / "trajectories"
POOLS = ("tb20_capy", "tb20_forge")

pytestmark = pytest.mark.skipif(
    not TRAJECTORIES.is_dir(), reason=f"the recorded trajectories are not at {TRAJECTORIES}"
)


def read(format: str, path: Path) -> list[Recorded]:
    found = list(READERS[format].read(path))
    assert all(isinstance(each, Recorded) for each in found), "nothing is malformed"
    return [each for each in found if isinstance(each, Recorded)]


def test_every_file_is_read_by_the_reader_that_its_name_tells() -> None:
    collection = collect([str(TRAJECTORIES)], strict=True)
    assert collection.files == 5
    assert collection.attempts == 2 * 445 + 3
    assert Counter(len(p.attempts) for p in collection.problems) == {10: 89, 1: 3}


@pytest.mark.parametrize("name", POOLS)
def test_each_pool_is_read_as_the_bench_reads_it(name: str) -> None:
    path = DATA / pools.RECORDED[name]
    expected = pools.load(name, DATA, 0)
    by_problem: dict[str, list[Recorded]] = {}
    for each in read("rows", path):
        by_problem.setdefault(each.problem, []).append(each)
    assert list(by_problem) == [problem.name for problem in expected.problems]
    for problem in expected.problems:
        found = sorted(by_problem[problem.name], key=lambda each: each.started or "")
        told = [(bool((each.scores or {})["reward"]), each.turns) for each in found]
        assert told == [(attempt.passed, attempt.turns) for attempt in problem.attempts]
        assert all(each.text and steps(each.messages) for each in found)


def test_the_longest_trajectory_stays_within_the_summarizers_and_the_judges_budget() -> None:
    path = DATA / pools.RECORDED["tb20_forge"]
    longest = max(read("rows", path), key=lambda r: sum(len(m.text) for m in r.messages))
    assert sum(len(message.text) for message in longest.messages) > 1_500_000
    for tokens in (100_000, 20_000):
        text = render_trajectory(longest.messages, budget_tokens=tokens)
        assert 0.9 * CHARS_PER_TOKEN * tokens < len(text) <= CHARS_PER_TOKEN * tokens


@pytest.mark.parametrize("path", sorted(TRAJECTORIES.glob("raw_*")), ids=lambda p: p.name)
def test_each_mini_swe_agent_file_is_read_whole(path: Path) -> None:
    [found] = read("mini-swe-agent", path)
    facts = facts_of(found)
    assert found.problem in path.name
    assert (found.status, found.turns) == ("completed", len(steps(found.messages)))
    assert len(facts.last_commands) == 5
    assert facts.files_changed
    assert found.usage.total_tokens > 0


def test_the_numbers_are_those_of_the_bench_for_the_same_judge(tmp_path: Path) -> None:
    name = POOLS[0]
    whole = pools.load(name, DATA, 0)
    pool = replace(whole, problems=whole.problems[::15])  # bench/recorded.py compares all
    panel = bench.Panel(pool, "tournament", Judge(0.7), Setting())
    log = bench.run(DATA / pools.RECORDED[name], panel, str(tmp_path))
    assert log.status == "success", log.error
    for what, (expected, found) in bench.compare(pool, panel, log).items():
        assert found == pytest.approx(expected), what
    trajectory, frame = CHARS_PER_TOKEN * 100_000, 20_000
    assert panel.longest["summarizer"] <= trajectory + frame
    assert panel.longest["judge"] <= frame
