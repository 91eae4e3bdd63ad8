"""What a saved vote is known by, and how a match deals its votes, without asking anybody."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from outcome_cases import rollout
from scripted import only, problem, run

from inspect_tts.method.records import Vote
from inspect_tts.method.selection_specs import SELECTIONS
from inspect_tts.models.failures import ModelConfigurationError
from inspect_tts.models.panel import Judge
from inspect_tts.models.roles import Answer
from inspect_tts.options import SelectOptions
from inspect_tts.prompts import load_prompt
from inspect_tts.stages.judging import JudgeSetup
from inspect_tts.stages.match import _MatchVotes

GROUP = [rollout(id)[0] for id in ("t0-n00", "t0-n01")]
REASK = load_prompt("judge_reask")


def judge(name: str = "m", **config: Any) -> Judge:
    given = {key: config.pop(key) for key in ("seed",) if key in config}
    model = get_model("mockllm/model", config=GenerateConfig(**given), memoize=False)
    return Judge(name, model, GenerateConfig(**config))


def setup(*judges: Judge, **given: Any) -> JudgeSetup:
    fields: dict[str, Any] = {
        "id": "t0",
        "key": "p/1/t0",
        "options": SelectOptions(votes=8),
        "spec": SELECTIONS["tournament"],
        "judges": judges or (judge(),),
        "problem": "Add.",
        "epoch": 1,
        "prompts": (load_prompt("judge"), REASK),
        "texts": None,
        "matches": 1,
        "characters": 100,
        **dict.fromkeys(("saved", "budget", "following")),
    }
    return JudgeSetup(**{**fields, **given})


def votes(*judges: Judge, match: str = "t0-r1-m0", **given: Any) -> _MatchVotes:
    made = setup(*judges, **given)
    return _MatchVotes(made, match, GROUP, made.judges)


BASE = votes()._key(0)


def test_a_vote_asked_again_has_the_same_key() -> None:
    assert votes()._key(0) == BASE


@pytest.mark.parametrize(
    ("other", "index"),
    [
        (votes(), 1),
        (votes(), 2),
        (votes(match="t0-r1-m1"), 0),
        (votes(key="q/1/t0"), 0),
        (votes(problem="Subtract."), 0),
        (votes(texts={"t0-n00": "x", "t0-n01": "y"}), 0),
        (
            votes(
                prompts=(
                    load_prompt("judge", "{problem} {solutions} {count} {verdicts} {fence}"),
                    REASK,
                )
            ),
            0,
        ),
        (
            votes(prompts=(load_prompt("judge"), load_prompt("judge_reask", "{count} {verdicts}"))),
            0,
        ),
        (votes(judge(temperature=0.5)), 0),
        (votes(judge(seed=3)), 0),
        (votes(judge("m"), judge("other")), 0),
    ],
    ids=[
        "another vote in another order",
        "another vote in the same order",
        "another match",
        "another problem's",
        "another text of the problem",
        "trajectories",
        "another prompt",
        "another re-ask",
        "another temperature",
        "another seed",
        "one of several judges",
    ],
)
def test_whatever_changes_a_vote_changes_its_key(other: _MatchVotes, index: int) -> None:
    assert other._key(index) != BASE


def test_a_match_of_another_model_has_other_keys() -> None:
    model = get_model("mockllm/other", memoize=False)
    assert votes(Judge("m", model, GenerateConfig()))._key(0) != BASE


def test_votes_take_turns_and_are_signed_if_there_are_several_judges() -> None:
    given = Vote(index=0, order=("a",), model="m")
    assert votes().signed(given, 0).judge is None
    two = votes(judge("one"), judge("other"))
    assert [two.signed(given, index).judge for index in range(4)] == ["one", "other"] * 2
    orders = [two.order(index) for index in range(4)]
    assert {orders[0], orders[2]} == {orders[1], orders[3]}, "each judge sees each order"


def test_each_vote_has_a_seed_of_its_own_if_the_judge_has_one() -> None:
    assert [votes(judge(seed=7)).question(n).config.seed for n in range(3)] == [7, 8, 9]
    assert votes().question(1).config.seed is None


def test_the_temperature_of_one_judge_is_a_number_and_of_several_a_mapping() -> None:
    one, other = judge("one", temperature=1.0), judge("other")
    assert setup(one).temperature == 1.0
    assert setup(one, other).temperature == {"one": 1.0, "other": None}


def test_a_panel_goes_on_until_nobody_is_left() -> None:
    one, other = judge("one"), judge("other")
    made = setup(one, other)
    made.note_failed(one, ModelConfigurationError("m", "no key"))
    assert made.failed == {"one": "no key"}
    with pytest.raises(ModelConfigurationError):
        made.note_failed(other, ModelConfigurationError("m", "no model"))


@pytest.mark.parametrize(
    ("kind", "early_stop", "wanted"),
    [("tournament", True, 0), ("tournament", False, 3), ("round_robin", True, 3)],
)
def test_votes_are_left_out_only_where_they_cannot_matter(
    kind: str, early_stop: bool, wanted: int
) -> None:
    options = SelectOptions(votes=8, selection=kind, early_stop=early_stop)
    made = setup(spec=SELECTIONS[kind], options=options)
    cast = [
        Vote(index=n, order=("t0-n00", "t0-n01"), verdict="t0-n00", model="m") for n in range(5)
    ]
    assert made.wave(["t0-n00", "t0-n01"], cast) == wanted


class Noted:
    """Notes what is saved, and takes every report of progress."""

    kept = True

    def __init__(self) -> None:
        self.saved: list[str] = []

    async def put(self, kind: str, key: str, vote: Vote) -> None:
        self.saved.append(vote.text)

    def did(self) -> None: ...

    def paid(self, phase: str, usage: object) -> None: ...


def test_a_vote_without_an_answer_is_not_saved_so_that_a_retry_asks_again(tmp_path: Path) -> None:
    noted, given, cast = Noted(), Answer("Final verdict: Solution 2"), list[Vote]()

    @solver
    def ask() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            for failed in ({"m": "no key"}, {}):
                asked = votes(saved=noted, following=noted, failed=failed)
                cast.append(await asked.vote(0, given))
            return state

        return solve

    assert only(run(problem(), ask(), tmp_path)).error is None
    assert [vote.verdict for vote in cast] == [None, "t0-n01"]
    assert noted.saved == [cast[1].text] == [given.text]
