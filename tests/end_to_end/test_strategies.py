"""What the strategies are made of: the paper's parameters, the stages in the log, the counts."""

import inspect
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from crowd import crowd
from inspect_ai.log import EvalLog
from inspect_ai.solver import Solver, chain, system_message
from scripted import (
    agent_calls,
    calls,
    mark,
    only,
    pool,
    problem,
    run,
    span_path,
    spans,
)

from inspect_tts import (
    adopt,
    pdr,
    pdr_rtv,
    random_selection,
    rollouts,
    rtv,
    tournament,
)

Strategy = Callable[..., Solver]

EVERY_RECIPE = {
    "n": 16,
    "group_size": 2,
    "votes": 8,
    "seed": 0,
    **dict.fromkeys(("agent", "agents", "agent_args", "judges", "models")),
    "max_rollouts": None,
    "token_limit": None,
    "message_limit": None,
    "turn_limit": None,
    "time_limit": None,
    "cost_limit": None,
    "score_rollouts": False,
    "leak_guard": False,
    "preflight": True,
    "trajectory_tokens": 100_000,
    "resume": "log",
    "early_stop": True,
    "min_votes": 2,
    "max_votes": 16,
    "vote_error": 0.05,
    "ranked_by": "votes",
    "min_n": 4,
    "max_n": 16,
    "wave": 4,
    "selection": "tournament",
    "tie": "random",
    "close": "votes",
    "investigation_turns": 30,
    "investigation_cost": 1.0,
    "stages": None,
    "dedupe": False,
    "dedupe_behavior": False,
    "check": None,
    "evidence": "none",
    "evidence_time": 300,
    "judge_input": "summary",
    "judge_tokens": 20_000,
    **dict.fromkeys(("summarizer_prompt", "summarizer_reask_prompt", "judge_prompt")),
    **dict.fromkeys(("judge_reask_prompt", "investigator_prompt")),
}
REFINING = {
    **EVERY_RECIPE,
    "iterations": 2,
    "top_k": 4,
    "context": "select",
    "diverse": False,
    "without_context": 0,
    "refinement_prompt": None,
}
FULL = {**REFINING, "keep_parents": False, "stop_on_consensus": False}


@pytest.mark.parametrize(
    ("strategy", "defaults"), [(rtv, EVERY_RECIPE), (pdr, REFINING), (pdr_rtv, FULL)]
)
def test_the_defaults_are_the_papers(strategy: Strategy, defaults: dict[str, Any]) -> None:
    parameters = inspect.signature(strategy).parameters
    named = {n: p for n, p in parameters.items() if p.kind is not inspect.Parameter.VAR_KEYWORD}
    assert {name: p.default for name, p in named.items()} == defaults


def test_the_defaults_of_the_stages_are_those_of_the_recipes() -> None:
    for stage in (rollouts, tournament, random_selection):
        for name, parameter in inspect.signature(stage).parameters.items():
            if name in FULL and name != "context":
                assert parameter.default == FULL[name], (stage, name)


# --- the stages of each strategy

ROLL, DUEL, LOT, TAKE = "rollouts", "tournament", "random_selection", "adopt"


@pytest.mark.parametrize(
    ("strategy", "options", "stages"),
    [
        (rtv, {}, [(ROLL, 0), (DUEL, 0), (TAKE, 0)]),
        (pdr, {}, [(ROLL, 0), (DUEL, 0), (ROLL, 1), (LOT, 1), (TAKE, 1)]),
        (pdr, {"context": "random"}, [(ROLL, 0), (ROLL, 1), (LOT, 1), (TAKE, 1)]),
        (pdr, {"context": "single"}, [(ROLL, 0), (ROLL, 1), (LOT, 1), (TAKE, 1)]),
        (pdr, {"iterations": 1}, [(ROLL, 0), (LOT, 0), (TAKE, 0)]),
        (pdr_rtv, {}, [(ROLL, 0), (DUEL, 0), (ROLL, 1), (DUEL, 1), (TAKE, 1)]),
        (pdr_rtv, {"iterations": 1}, [(ROLL, 0), (DUEL, 0), (TAKE, 0)]),
        (
            pdr_rtv,
            {"iterations": 3},
            [(ROLL, 0), (DUEL, 0), (ROLL, 1), (DUEL, 1), (ROLL, 2), (DUEL, 2), (TAKE, 2)],
        ),
        (
            pdr_rtv,
            {"iterations": 3, "context": "single"},
            [(ROLL, 0), (ROLL, 1), (ROLL, 2), (DUEL, 2), (TAKE, 2)],
        ),
    ],
)
def test_a_recipe_is_its_chain_of_stages(
    tmp_path: Path, strategy: Strategy, options: dict[str, Any], stages: list[tuple[str, int]]
) -> None:
    few: dict[str, Any] = {"n": 3, "votes": 1, "agent": crowd(), **options}
    if strategy is not rtv:
        few["top_k"] = 2
    log = run(problem(), strategy(**few), tmp_path)
    found = pool(log)
    assert [(stage.name, stage.iteration) for stage in found.stages] == stages
    last = max(iteration for _, iteration in stages)
    assert Counter(rollout.iteration for rollout in found.rollouts) == dict.fromkeys(
        range(last + 1), 3
    )
    assert found.by_id(found.adopted or "").iteration == last
    keeps = [s.keep for s in found.selections]
    assert keeps == [2] * (len(keeps) - 1) + [1]
    assert len(calls(log, "summarizer")) == len(found.rollouts)
    assert only(log).output.completion == "said done"


@pytest.fixture(scope="module")
def full_log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    """The full method with the paper's parameters."""
    return run(problem(), pdr_rtv(agent=crowd()), tmp_path_factory.mktemp("logs"))


def test_the_full_method_costs_what_the_paper_says(full_log: EvalLog) -> None:
    found = pool(full_log)
    matches = [[len(r.matches) for r in s.rounds] for s in found.selections]
    assert matches == [[8, 4], [8, 4, 2, 1]]
    assert len(calls(full_log, "judge")) == 216
    assert len(found.rollouts) == len(calls(full_log, "summarizer")) == 32
    assert len(calls(full_log, None)) == 64  # two turns each


def test_the_log_shows_the_recipe_with_all_arguments(full_log: EvalLog) -> None:
    assert full_log.eval.solver == "inspect_tts/pdr_rtv"
    assert [step.solver for step in full_log.plan.steps] == ["inspect_tts/pdr_rtv"]
    params = dict(full_log.plan.steps[0].params)
    assert params.pop("agent")["name"] == "acting"
    assert params == {name: value for name, value in FULL.items() if name != "agent"}


def test_spans_read_like_the_method(full_log: EvalLog) -> None:
    found = spans(full_log)
    names = Counter(
        " / ".join(s.name.removeprefix("inspect_tts/") for s in span_path(found, id)[1:])
        for id, span in found.items()
        if span.type != "solver"
    )
    for rollout in pool(full_log).rollouts:
        above = f"pdr_rtv / iteration {rollout.iteration} / rollout {rollout.id}"
        assert names[above] == 1
        assert names[f"{above} / agent"] == 1
        assert names[f"{above} / summary"] == 1
    for selection in pool(full_log).selections:
        sizes = f"{len(selection.population)} to {selection.keep}"
        above = f"pdr_rtv / tournament {selection.iteration}: {sizes}"
        for a_round in selection.rounds:
            assert names[f"{above} / round {a_round.number}"] == 1
            for match in a_round.matches:
                title = f"round {a_round.number} / match {' '.join(match.group)}"
                assert sum(name.endswith(title) for name in names) == 1


def test_records_and_spans_join_on_ids(full_log: EvalLog) -> None:
    found, ids = pool(full_log), spans(full_log)
    for rollout in found.rollouts:
        assert ids[rollout.id].name == f"rollout {rollout.id}"
    for selection in found.selections:
        for match in (m for r in selection.rounds for m in r.matches):
            assert ids[match.id].type == "agent", "the viewer folds it"
    votes = Counter(span_path(ids, call.span_id)[-1].id for call in calls(full_log, "judge"))
    assert set(votes.values()) == {8}


# --- populations of any size


@pytest.mark.parametrize("group_size", [2, 3, 4])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 7])
def test_any_population_can_be_judged(tmp_path: Path, n: int, group_size: int) -> None:
    strategy = rtv(n=n, group_size=group_size, votes=1, agent=crowd())
    found = pool(log := run(problem(), strategy, tmp_path))
    [selection] = found.selections
    alive = {rollout.id for rollout in found.rollouts}
    assert len(alive) == n
    for a_round in selection.rounds:
        groups = [match.group for match in a_round.matches]
        assert Counter(id for group in groups for id in group) == dict.fromkeys(alive, 1)
        sizes = [len(group) for group in groups]
        assert max(sizes) <= group_size
        assert max(sizes) - min(sizes) <= 1
        assert all((m.decided_by == "bye") == (len(m.group) == 1) for m in a_round.matches)
        alive = {match.winner for match in a_round.matches}
    assert (found.adopted,) == tuple(alive) == selection.selected
    judged = [m for r in selection.rounds for m in r.matches if len(m.group) > 1]
    assert len(calls(log, "judge")) == len(judged)


@pytest.mark.parametrize("keep", [3, 5])
def test_nothing_is_judged_where_all_survive(tmp_path: Path, keep: int) -> None:
    stages = [rollouts(n=3, agent=crowd()), tournament(keep=keep), random_selection(), adopt()]
    log = run(problem(), stages, tmp_path)
    found = pool(log)
    assert calls(log, "judge") == []
    assert found.selections[0].selected == ("t0-n00", "t0-n01", "t0-n02")
    assert found.adopted == found.draws[-1].order[0]


# --- composition


def test_three_lines_make_a_strategy(tmp_path: Path) -> None:
    strategy = chain(
        rollouts(n=4, agent=crowd()),
        tournament(keep=2, votes=1),
        rollouts(n=2, context="select", agent=crowd()),
        tournament(votes=1),
        adopt(),
    )
    found = pool(run(problem(), strategy, tmp_path))
    assert [len(found.population(t)) for t in (0, 1)] == [4, 2]
    assert all(r.context == found.selections[0].selected for r in found.population(1))


@pytest.mark.parametrize("form", ["list", "chain", "strategy", "setup"])
def test_a_step_before_the_strategy_is_taken_in_each_rollout_once(
    tmp_path: Path, form: str
) -> None:
    before = system_message("Be brief.")
    stages = [rollouts(n=2, agent=crowd()), tournament(votes=1), adopt()]
    if form == "setup":
        task = problem(setup=before, solver=chain(*stages))
    elif form == "strategy":
        task = problem(solver=[before, rtv(n=2, votes=1, agent=crowd())])
    else:
        task = problem(solver=chain(before, *stages) if form == "chain" else [before, *stages])
    log = run(task, None, tmp_path)
    for made in agent_calls(log).values():
        for call in made:
            assert [m.text for m in call.input if m.role == "system"] == ["Be brief."]
    assert [m.text for m in only(log).messages if m.role == "system"] == ["Be brief."]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ([tournament()], "put rollouts() before it"),
        ([random_selection()], "put rollouts() before it"),
        ([adopt()], "needs one selected rollout and found 0"),
        ([rollouts(n=2, agent=crowd()), adopt()], "needs one selected rollout and found 2"),
        ([rollouts(n=2, agent=crowd(), context="select")], "run rollouts first"),
    ],
)
def test_stages_in_a_wrong_order_say_what_is_missing(
    tmp_path: Path, stages: list[Solver], message: str
) -> None:
    log = run(problem(), stages, tmp_path)
    error = only(log).error
    assert error is not None
    assert message in error.message


def test_marks_of_the_crowd_are_distinct(full_log: EvalLog) -> None:
    """What the tests above rely on."""
    marks = {mark(rollout.summary.text) for rollout in pool(full_log).rollouts}
    assert len(marks) == 32
