"""What stages put into a pool and read from it, without a run."""

from typing import Any

import pytest
from inspect_ai.model import ModelName
from inspect_ai.solver import TaskState
from outcome_cases import match, rollout, selection

from inspect_tts import RolloutPool, StageContext, UserError
from inspect_tts.method.records import Cut, Rollout, Stage, Usage
from inspect_tts.options import RolloutsOptions, SelectOptions
from inspect_tts.stages.live import check_room
from inspect_tts.stages.pool import match_draws, pool_of, slot_draws
from inspect_tts.stages.rollouts import _contexts
from inspect_tts.stages.select import _recorded, _selection_id, prompt_names, recorded_options

IDS = ("t0-n00", "t0-n01", "t0-n02")


def state(epoch: int = 1) -> TaskState:
    return TaskState(ModelName("mockllm/model"), "p", epoch, "x", [])


def pool(*ids: str, **given: Any) -> RolloutPool:
    made = pool_of(state())
    made.rollouts = [rollout(id)[0] for id in ids or IDS]
    made.selected = [r.id for r in made.rollouts]
    for name, value in given.items():
        setattr(made, name, value)
    return made


def leaky(found: RolloutPool, *ids: str) -> list[Rollout]:
    return [
        r.model_copy(update={"leaks": ("git show main",)}) if r.id in ids else r
        for r in found.rollouts
    ]


def test_a_problem_is_named_by_its_id_and_epoch() -> None:
    assert pool_of(state(epoch=2)).problem == "p/2"


def test_usage_that_was_taken_over_adds_up() -> None:
    found = pool()
    for tokens in (1, 10):
        found.count_taken_over(Usage(total_tokens=tokens))
    assert found.taken_over_usage == Usage(total_tokens=11)


def test_the_draws_of_a_match_are_of_its_judges_and_of_its_tie() -> None:
    two = SelectOptions(judges=["m/a", "m/b"], seed=3)
    tied = match("a b", {"a": 1, "b": 1}, "a", tied=("a", "b"), decided_by="random")
    keys = [[each.key for each in match_draws(tied, o, key="k")] for o in (two, SelectOptions())]
    assert keys == [["k/m0/judges", "k/m0/tie"], ["k/m0/tie"]]
    assert {each.seed for each in match_draws(tied, two, key="k")} == {3}
    bye = match("a", {}, "a", decided_by="bye")
    assert match_draws(bye, two, key="k") == []
    graded = match("a", {"a": 0}, "a", abstentions=1, decided_by="grade")
    assert [each.key for each in match_draws(graded, two, key="k")] == ["k/judges"]


def test_agents_and_models_are_drawn_for_the_next_iteration() -> None:
    assert slot_draws(pool(), RolloutsOptions(n=2)) == ()
    [found] = slot_draws(pool(), RolloutsOptions(n=2, models=["m/a", "m/b"]))
    assert (found.key, found.options) == ("p/1/t1/slots", ("t1-n00", "t1-n01"))


# --- contexts


def contexts(found: RolloutPool, **given: Any) -> tuple[list[tuple[str, ...]], list[Any]]:
    chosen, draws = _contexts(found, 1, RolloutsOptions(**{"n": 3, **given}))
    return [tuple(each) for each in chosen], [*draws]


def test_a_context_is_drawn_for_each_rollout_that_has_one() -> None:
    chosen, draws = contexts(pool(), context="random", top_k=2, without_context=1)
    assert [len(each) for each in chosen] == [2, 2, 0]
    assert [(each.key, each.options) for each in draws] == [
        (f"p/1/t1/context/{index}", IDS) for index in (0, 1)
    ]
    assert contexts(pool()) == ([()] * 3, [])


def test_rollouts_with_leaks_are_in_no_context_if_they_are_guarded_against() -> None:
    found = pool()
    found.rollouts = leaky(found, IDS[0])
    found.selected = [IDS[1]]
    chosen, draws = contexts(found, context="random", top_k=2, leak_guard=True)
    assert {id for each in chosen for id in each} == {*IDS[1:]}
    assert {each.options for each in draws} == {IDS[1:]}
    chosen, _ = contexts(found, context="single", leak_guard=True)
    assert IDS[0] not in {id for each in chosen for id in each}
    chosen, draws = contexts(found, context="random", top_k=2)
    assert {each.options for each in draws} == {IDS}


def test_rollouts_that_a_limit_cut_have_no_successors() -> None:
    cut = Stage(name="rollouts", iteration=0, parameters={"n": 4}, cut=Cut(planned=4, started=3))
    chosen, _ = contexts(pool(stages=[cut]), n=4, context="single")
    assert chosen == [(id,) for id in IDS]
    with pytest.raises(UserError, match="3"):
        contexts(pool(), n=4, context="single")


# --- selections


def test_arguments_are_recorded_without_prompts() -> None:
    options = SelectOptions(judge_prompt="{problem}", votes=3)
    recorded = _recorded(options, None)
    assert recorded["votes"] == 3
    assert not [name for name in recorded if name.endswith("_prompt")]
    assert _recorded(options, ("votes",)) == {"votes": 3}


def test_an_argument_that_an_older_log_lacks_is_what_it_was_then() -> None:
    old = recorded_options({"keep": 2, "unknown": 1})
    assert (old.keep, old.votes, old.early_stop) == (2, 1, False)
    assert recorded_options({"early_stop": True, "votes": 4}).early_stop
    assert prompt_names("grade") == ("grade", "grade_reask")


def test_selections_of_an_iteration_are_numbered() -> None:
    before = [selection(id="t0"), selection(id="t0.2")]
    names = [_selection_id(pool(selections=before[:count])) for count in range(3)]
    assert names == ["t0", "t0.2", "t0.3"]
    assert _selection_id(pool(*IDS, "t1-n00", selections=before)) == "t1"


@pytest.mark.parametrize(("slots", "fits"), [(3, False), (4, True), (5, True)])
def test_there_must_be_a_slot_for_each_sandbox_that_is_open(slots: int, fits: bool) -> None:
    if fits:
        check_room(4, slots)
        return
    with pytest.raises(UserError, match=r"max_rollouts=3 is too small: .* max_rollouts >= 4"):
        check_room(4, slots)


# --- what a stage adds


def test_evidence_is_of_its_time_and_can_be_written() -> None:
    made = state()
    found = pool_of(made)
    found.rollouts, found.selections = [rollout(IDS[0])[0]], [selection(), selection(id="t0.2")]
    StageContext.of(made).add_evidence(IDS[0], "half \ud800", "half \ud800", 1)
    [piece] = pool_of(made).by_id(IDS[0]).facts.evidence
    assert (piece.name, piece.text, piece.returncode) == ("half �", "half �", 1)
    assert piece.after_selections == 2
