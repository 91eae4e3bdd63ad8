"""What the phases of a run took, where a stage, a price or a number of tokens is missing."""

from outcome_cases import match, outcome, rollout, selection

from inspect_tts.method.records import STOP, Stage, Usage
from inspect_tts.statistics.spending import phases


def stage(name: str, seconds: float | None) -> Stage:
    return Stage(name=name, iteration=0, parameters={}, seconds=seconds)


def test_the_end_of_a_run_takes_no_time_and_each_selection_does() -> None:
    voted = match("t0-n00 t0-n01", {"t0-n00": 2}, "t0-n00", usage=Usage(total_tokens=8))
    found = phases(
        [
            outcome(
                rollout("t0-n00"),
                selections=(selection([voted]),),
                stages=(stage("tournament", 2.0), stage("select", 3.0), stage(STOP, None)),
            )
        ]
    )
    assert [(each.title, each.wall_seconds) for each in found] == [
        ("rollouts 0", None),
        ("votes 0", 5.0),
    ]


def test_an_agent_that_called_no_model_was_busy_all_the_same() -> None:
    [found] = phases([outcome(rollout("t0-n00", usage=Usage(), seconds=7.0))])
    assert (found.title, found.total_tokens, found.busy_seconds) == ("rollouts 0", 0, 7.0)


def test_the_rest_costs_no_less_than_nothing() -> None:
    made = rollout("t0-n00", usage=Usage(total_tokens=10, cost=0.3))
    *_, rest = phases([outcome(made, usage=Usage(total_tokens=12, cost=0.2999))])
    assert (rest.title, rest.total_tokens, rest.dollars) == ("other", 2, 0.0)
