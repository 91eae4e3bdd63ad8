"""Which sample of a scaled run comes next."""

import pytest
from outcome_cases import rollout

from inspect_tts.method.parameters import Waves
from inspect_tts.method.records import Facts, Rollout
from inspect_tts.scaled import scheduler as scaled
from inspect_tts.scaled.scheduler import ScheduledSample, Scheduler, is_rollout, part_id, split_id


@pytest.mark.parametrize(
    ("id", "problem", "part"),
    [
        ("astropy-1", "astropy-1", ""),
        (7, "7", ""),
        ("astropy-1#t0", "astropy-1", "t0"),
        ("astropy-1#t1-n07", "astropy-1", "t1-n07"),
        ("a#b#t0-n100", "a#b", "t0-n100"),
        ("a\nb#t0", "a\nb", "t0"),
        ("a#t0#t1", "a#t0", "t1"),
        ("a#tx", "a#tx", ""),
        ("a#t0-n", "a#t0-n", ""),
        ("#t0", "#t0", ""),
    ],
)
def test_an_id_tells_problem_and_part(id: str | int, problem: str, part: str) -> None:
    assert split_id(id) == (problem, part)


def test_ids_are_read_as_they_are_written() -> None:
    assert split_id(part_id("p", "t1-n07")) == ("p", "t1-n07")
    assert is_rollout("t1-n07")
    assert not is_rollout("t1")
    assert not is_rollout("")


def parts(steps: list[ScheduledSample]) -> list[str]:
    return [f"{step.problem}:{step.part}:{step.epoch}" for step in steps]


def test_a_problem_runs_from_its_first_rollouts_to_its_end() -> None:
    scheduler = Scheduler(["p"], n=2, iterations=2)
    assert parts(scheduler.begin()) == ["p:t0-n00:None", "p:t0-n01:None"]
    assert scheduler.rollout_ended("p", 1, "t0-n01") == []
    assert parts(scheduler.rollout_ended("p", 1, "t0-n00")) == ["p:t0:1"]
    assert parts(scheduler.selected("p", 1, 3)) == ["p:t1-n00:1", "p:t1-n01:1", "p:t1-n02:1"]
    assert scheduler.rollout_ended("p", 1, "t1-n00") == []
    assert scheduler.rollout_ended("p", 1, "t1-n01") == []
    assert parts(scheduler.rollout_ended("p", 1, "t1-n02")) == ["p::1"]
    assert scheduler.ended("p", 1) == []


def test_a_single_iteration_ends_without_a_selection_between() -> None:
    scheduler = Scheduler(["p"], n=1, iterations=1)
    scheduler.begin()
    assert parts(scheduler.rollout_ended("p", 1, "t0-n00")) == ["p::1"]


def test_a_selection_may_end_the_problem() -> None:
    scheduler = Scheduler(["p"], n=1, iterations=3)
    scheduler.begin()
    scheduler.rollout_ended("p", 1, "t0-n00")
    assert parts(scheduler.selected("p", 1, 0)) == ["p::1"]


def rollouts(answers: str) -> list[Rollout]:
    """Rollouts of iteration 0 that ended with these answers, `-` for one that failed."""
    return [
        rollout(f"t0-n{i:02d}")[0].model_copy(
            update={
                "status": "error" if answer == "-" else "completed",
                "facts": Facts(status="completed", fingerprint=answer),
            }
        )
        for i, answer in enumerate(answers)
    ]


@pytest.mark.parametrize(
    ("answers", "follows"),
    [
        ("aa", ["p:t0:1"]),
        ("ab", ["p:t0-n02:1", "p:t0-n03:1"]),
        ("--", ["p:t0-n02:1", "p:t0-n03:1"]),
        ("abac", ["p:t0-n04:1"]),
        ("abaa", ["p:t0:1"]),
        ("abcde", ["p:t0:1"]),
    ],
)
def test_waves_go_on_until_enough_agree(answers: str, follows: list[str]) -> None:
    waves = Waves(least=2, most=5, wave=2)
    scheduler = Scheduler(["p"], n=2, iterations=2, waves=waves)
    assert parts(scheduler.begin()) == ["p:t0-n00:None", "p:t0-n01:None"]
    ended, steps = rollouts(answers), list[ScheduledSample]()
    for count, each in enumerate(ended, 1):
        assert scheduler.expects("p", 1, each.id)
        assert not scheduler.expects("p", 1, "t0")
        steps = scheduler.rollout_ended("p", 1, each.id, ended[:count])
    assert parts(steps) == follows
    assert not scheduler.expects("p", 2, "t0-n02"), "epochs have waves of their own"


def test_rollouts_that_only_a_recorded_selection_knows_come_before_what_follows_it() -> None:
    scheduler = Scheduler(["p"], n=1, iterations=2, waves=Waves(least=1, most=3, wave=1))
    scheduler.begin()
    [a, b, c] = rollouts("abc")
    assert parts(scheduler.rollout_ended("p", 1, a.id, [a])) == ["p:t0:1"]
    missing = scheduler.selected("p", 1, 3, [b.id, c.id])
    assert parts(missing) == ["p:t0-n01:1", "p:t0-n02:1"]
    assert scheduler.rollout_ended("p", 1, c.id, [a, c]) == []
    following = scheduler.rollout_ended("p", 1, b.id, [a, c, b])
    assert parts(following) == ["p:t1-n00:1", "p:t1-n01:1", "p:t1-n02:1"]
    for each in following:
        last = scheduler.rollout_ended("p", 1, each.part, [a, b, c])
    assert parts(last) == ["p::1"]


def test_a_rollout_counts_once() -> None:
    scheduler = Scheduler(["p"], n=2, iterations=1)
    scheduler.begin()
    scheduler.rollout_ended("p", 1, "t0-n00")
    assert scheduler.rollout_ended("p", 1, "t0-n00") == []
    assert parts(scheduler.rollout_ended("p", 1, "t0-n01")) == ["p::1"]


def test_only_what_a_problem_waits_for_is_expected() -> None:
    scheduler = Scheduler(["p", "q"], n=2, iterations=2)
    scheduler.begin()

    def expected() -> list[str]:
        parts = ["t0-n00", "t0-n01", "t0", "t1-n00", ""]
        return [part for part in parts if scheduler.expects("p", 1, part)]

    assert expected() == ["t0-n00", "t0-n01"]
    scheduler.rollout_ended("p", 1, "t0-n00")
    assert expected() == ["t0-n01"]
    scheduler.rollout_ended("p", 1, "t0-n01")
    assert expected() == ["t0", ""]
    scheduler.selected("p", 1, 1)
    assert expected() == ["t1-n00"]
    scheduler.rollout_ended("p", 1, "t1-n00")
    assert "" in expected()
    scheduler.ended("p", 1)
    assert expected() == []
    assert not scheduler.expects("unknown", 1, "t0-n00")


def test_epochs_run_apart_and_the_next_problem_waits_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scaled, "QUEUED", 1)
    scheduler = Scheduler(["p", "q"], n=1, iterations=1)
    scheduler.epochs = 2
    scheduler.begin()
    assert parts(scheduler.rollout_ended("p", 2, "t0-n00")) == ["p::2"]
    assert parts(scheduler.rollout_ended("p", 1, "t0-n00")) == ["p::1"]
    assert scheduler.ended("p", 2) == []
    assert parts(scheduler.ended("p", 1)) == ["q:t0-n00:None"]


@pytest.mark.parametrize(("n", "begun"), [(1, 512), (16, 32), (32, 16), (500, 2), (600, 1)])
def test_about_so_many_rollouts_are_queued(n: int, begun: int) -> None:
    scheduler = Scheduler([f"p{i}" for i in range(1000)], n=n, iterations=2)
    assert len(scheduler.begin()) == begun * n
    assert scheduler.begin() == []


def test_problems_begin_in_the_order_of_the_dataset() -> None:
    scheduler = Scheduler(["b", "a", "c"], n=1, iterations=1)
    assert [step.problem for step in scheduler.begin()] == ["b", "a", "c"]
