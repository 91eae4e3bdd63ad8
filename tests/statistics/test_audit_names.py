"""Records that name a rollout that is not there are refused, each by what names it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import read_eval_log_samples

from inspect_tts import RolloutPool
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import Match, Selection
from inspect_tts.method.voting.close_matches import Investigation
from inspect_tts.statistics.audit import check_names

LOG = Path(__file__).parents[1] / "data" / "rtv.eval"
ELSE = "t7-n77"
Records = dict[str, Any]

pytestmark = pytest.mark.skipif(not LOG.is_file(), reason="tests/data is not in the sdist")


@pytest.fixture(scope="module")
def records() -> Records:
    """What one real problem has, by argument of `check_names`."""
    sample = next(read_eval_log_samples(str(LOG)))
    pool = sample.store_as(RolloutPool)
    names = ("rollouts", "selections", "stages", "adopted")
    return {name: getattr(pool, name) for name in names} | {"executions": ()}


def with_selection(records: Records, **changes: Any) -> Records:
    one: Selection = records["selections"][0]
    return {"selections": [one.model_copy(update=changes)]}


def with_match(records: Records, **changes: Any) -> Records:
    one: Selection = records["selections"][0]
    match: Match = one.rounds[0].matches[0]
    round = one.rounds[0].model_copy(update={"matches": (match.model_copy(update=changes),)})
    return with_selection(records, rounds=(round,))


def with_vote(records: Records, **changes: Any) -> Records:
    vote = records["selections"][0].rounds[0].matches[0].votes[0]
    return with_match(records, votes=(vote.model_copy(update=changes),))


def with_investigation(order: tuple[str, ...], verdict: str | None) -> Callable[[Records], Records]:
    looked = Investigation(order=order, ended="verdict", verdict=verdict)
    return lambda records: with_match(records, investigation=looked)


def with_execution(**changes: Any) -> Callable[[Records], Records]:
    none: dict[str, Any] = {
        "population": (),
        "results": {},
        "unavailable": {},
        "like_untouched": (),
    }
    found = ExecutionEvidence.model_construct(iteration=0, **(none | changes))
    return lambda records: {"executions": [found]}


CASES: dict[str, tuple[Callable[[Records], Records], str]] = {
    "two of the same id": (
        lambda records: {"rollouts": [*records["rollouts"], records["rollouts"][0]]},
        "same id",
    ),
    "a context": (
        lambda records: {
            "rollouts": [
                records["rollouts"][0].model_copy(update={"context": (ELSE,)}),
                *records["rollouts"][1:],
            ]
        },
        "the context of rollout t0-n00",
    ),
    "a population": (lambda r: with_selection(r, population=(ELSE,)), "the population of"),
    "classes": (lambda r: with_selection(r, classes=((ELSE,),)), "the classes of"),
    "a ranking": (lambda r: with_selection(r, ranking=(ELSE,)), "the ranking of"),
    "selected": (lambda r: with_selection(r, selected=(ELSE,)), "the ranking of"),
    "a group": (lambda r: with_match(r, group=(ELSE, "t0-n00")), "the group of match"),
    "a winner": (lambda r: with_match(r, winner=ELSE), "the winner of match"),
    "a tally": (lambda r: with_match(r, tally={ELSE: 3}), "the count of match"),
    "a tie": (lambda r: with_match(r, tied=(ELSE,)), "the count of match"),
    "an order": (lambda r: with_vote(r, order=(ELSE, "t0-n00")), "others than its group"),
    "a verdict": (lambda r: with_vote(r, verdict=ELSE), "vote 0 of match"),
    "an investigation's order": (
        with_investigation((ELSE,), None),
        "the investigation of match",
    ),
    "an investigation's verdict": (
        with_investigation((), ELSE),
        "the investigation of match",
    ),
    "executed": (with_execution(population=(ELSE,)), "the evidence on iteration 0"),
    "a result": (with_execution(results={ELSE: "p"}), "the evidence on iteration 0"),
    "unavailable": (with_execution(unavailable={ELSE: "why"}), "the evidence on iteration 0"),
    "like untouched": (with_execution(like_untouched=(ELSE,)), "the evidence on iteration 0"),
    "adopted": (lambda records: {"adopted": ELSE}, "what was adopted"),
}


@pytest.mark.parametrize(("change", "told"), CASES.values(), ids=CASES)
def test_a_record_that_names_nobody_is_refused(
    change: Callable[[Records], Records], told: str, records: Records
) -> None:
    check_names(**records)
    with pytest.raises(ValueError, match=told):
        check_names(**(records | change(records)))


@pytest.mark.parametrize(
    ("name", "wrong"), [("rollouts", {"n": "many"}), ("tournament", {"votes": "many"})]
)
def test_a_stage_whose_arguments_cannot_be_read_is_refused(
    name: str, wrong: dict[str, str], records: Records
) -> None:
    stage = next(stage for stage in records["stages"] if stage.name == name)
    stages = [stage.model_copy(update={"parameters": stage.parameters | wrong})]
    with pytest.raises(ValueError, match="many"):
        check_names(**(records | {"stages": stages}))
