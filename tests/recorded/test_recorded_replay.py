"""What if: other parameters on the recorded rollouts of a strategy's log."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers import Outcome, Script, eval_one, prefer, say
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.solver import generate
from recorded_runs import BEST, agents, expect, number, run

from inspect_tts import RolloutPool, UserError, rtv
from inspect_tts.method.records import Vote
from inspect_tts.options import ReplayOptions
from inspect_tts.recorded import replay, replay_recorded
from inspect_tts.recorded.replay_plan import changes_from, forecast_votes


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of pdr_rtv whose rollouts are all graded."""
    return run(tmp_path_factory.mktemp("original"), agents())


def again(original: Outcome, script: Script, folder: Path, **changes: Any) -> Outcome:
    [log] = inspect_eval(
        replay(log=original.log.location),
        solver=replay_recorded(**changes),
        model=script.model(),
        log_dir=str(folder),
        display="none",
    )
    assert log.status == "success", log.error
    [sample] = log.samples or []
    return Outcome(log, sample, sample.store_as(RolloutPool))


def votes_of(pool: RolloutPool) -> list[Vote]:
    rounds = [round for selection in pool.selections for round in selection.rounds]
    return [vote for round in rounds for match in round.matches for vote in match.votes]


def asked_of(script: Script) -> dict[str, int]:
    return {role: len(script.asked(role)) for role in ("agent", "summarizer", "judge")}


def test_the_same_parameters_ask_nothing_and_decide_the_same(
    original: Outcome, tmp_path: Path
) -> None:
    script = Script(judge=BEST)
    found = again(original, script, tmp_path)
    assert asked_of(script) == {"agent": 0, "summarizer": 0, "judge": 0}
    old, new = original.pool, found.pool
    assert new.adopted == old.adopted
    assert [s.ranking for s in new.selections] == [s.ranking for s in old.selections]
    assert new.draws == old.draws, "every lot falls as it did"
    assert new.discrepancies() == ()
    reused = [vote.model_copy(update={"reused": False}) for vote in votes_of(new)]
    assert reused == votes_of(old)
    assert all(vote.reused for vote in votes_of(new))
    assert expect(original) == (len(votes_of(old)), 0, 0)
    assert found.score("inspect_tts/rollouts") == original.score("inspect_tts/rollouts")
    assert found.score("recorded_score") == original.score("number")
    written = Path(found.log.location).with_suffix("") / "selections.jsonl"
    [line] = written.read_text(encoding="utf-8").splitlines()
    ranked = [each["rollout"] for each in json.loads(line)["ranking"]]
    assert tuple(ranked) == new.selections[-1].ranking != new.selections[0].ranking


CHANGES: dict[str, dict[str, Any]] = {
    "more votes": {"votes": 6},
    "fewer votes": {"votes": 2},
    "every vote": {"early_stop": False},
    "larger groups": {"group_size": 4, "votes": 4},
    "another K": {"top_k": 1},
    "another seed": {"seed": 5},
    "evidence": {"tie": "evidence"},
    "all pairs": {"selection": "round_robin"},
    "grades": {"selection": "pointwise"},
    "halves": {"selection": "swiss"},
    "pivots": {"selection": "pivot"},
    "no judge": {"selection": "fewest_turns"},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_only_what_is_missing_is_asked_and_the_bound_holds(
    changes: dict[str, Any], original: Outcome, tmp_path: Path
) -> None:
    def judge(prompt: str) -> Any:
        return "Final grade: 7" if "final grade" in prompt.lower() else BEST(prompt)

    script = Script(judge=judge)
    found = again(original, script, tmp_path, **changes)
    votes, asked = votes_of(found.pool), asked_of(script)
    assert (asked["agent"], asked["summarizer"]) == (0, 0)
    assert asked["judge"] == sum(not vote.reused for vote in votes)
    reused, least, most = expect(original, **changes)
    assert least <= asked["judge"] <= most
    assert reused <= sum(vote.reused for vote in votes)
    used = [(vote.order, vote.text) for vote in votes if vote.reused]
    recorded = [(vote.order, vote.text) for vote in votes_of(original.pool)]
    assert all(used.count(each) <= recorded.count(each) for each in used), "each once"
    assert found.pool.discrepancies() == ()
    told = "".join(call.text for call in script.calls)
    assert ("0.8125" in told, "secret" in told) == (False, False)


def test_another_k_changes_the_context_column_and_not_the_rollouts(
    original: Outcome, tmp_path: Path
) -> None:
    found = again(original, Script(judge=BEST), tmp_path, top_k=1)
    first = found.pool.selections[0]
    assert (first.keep, len(first.selected)) == (1, 1)
    numbers, before = found.score("inspect_tts/rollouts"), original.score("inspect_tts/rollouts")
    assert numbers["select_k"] == 3.8125
    assert before["select_k"] < 3.8125
    assert numbers["iteration_1"] == before["iteration_1"]


def test_another_judge_casts_every_vote_anew(original: Outcome, tmp_path: Path) -> None:
    changed = forecast_votes([original.pool], changes_from(ReplayOptions()), "m/other")
    assert changed.votes.reused == 0
    assert changed.unusable == {"cast by mockllm/model": len(votes_of(original.pool))}


def test_other_words_ask_every_vote_anew(original: Outcome, tmp_path: Path) -> None:
    words = "{problem} {solutions} Which? End with: Final verdict: Solution N"
    script = Script(judge=BEST)
    found = again(original, script, tmp_path, judge_prompt=words)
    assert not any(vote.reused for vote in votes_of(found.pool))
    assert script.asked("judge")[0].text.count("Which?") == 1
    unusable = forecast_votes(
        [original.pool], changes_from(ReplayOptions(judge_prompt=words)), "mockllm/model"
    )
    assert set(unusable.unusable) == {"asked in other words"}


def test_votes_on_trajectories_are_reused_and_none_can_be_added(tmp_path: Path) -> None:
    script = Script(act=lambda me, turn: say(f"I did {me}"), judge=prefer("I did a1"))
    task = Task(dataset=[Sample(id="p", input="Say it.")], scorer=number())
    strategy = rtv(n=2, votes=2, judge_input="trajectory", agent=generate())
    original = eval_one(task, strategy, script, tmp_path)
    found = again(original, Script(), tmp_path / "again")
    assert all(vote.reused for vote in votes_of(found.pool))
    [log] = inspect_eval(
        replay(log=original.log.location),
        solver=replay_recorded(votes=4),
        model=script.model(),
        log_dir=str(tmp_path / "more"),
        display="none",
    )
    assert log.error is not None
    assert "this log holds no trajectories by rollout" in log.error.message


def test_carried_over_rollouts_may_be_selected_again(tmp_path: Path) -> None:
    script = agents()
    original = run(tmp_path, script, keep_parents=True)
    assert original.pool.adopted is not None
    assert original.pool.adopted.startswith("t0"), "the judge prefers a3"
    found = again(original, Script(), tmp_path / "again")
    assert found.pool.adopted == original.pool.adopted
    assert found.pool.discrepancies() == ()
    assert found.score("inspect_tts/rollouts") == original.score("inspect_tts/rollouts")


def test_each_epoch_is_a_sample_with_the_lots_of_its_own(tmp_path: Path) -> None:
    script = agents()
    task = Task(dataset=[Sample(id="p", input="Say it.")], scorer=number())
    [log] = inspect_eval(
        task,
        solver=rtv(n=3, votes=2, agent=generate()),
        model=script.model(),
        epochs=2,
        log_dir=str(tmp_path),
        display="none",
    )
    [new] = inspect_eval(
        replay(log=log.location), model="none/none", log_dir=str(tmp_path / "new"), display="none"
    )
    assert new.error is not None
    assert "there is no model to ask" in new.error.message, "the recorded judge is another"
    judge = replay_recorded(judge="mockllm/model")
    [new] = inspect_eval(
        replay(log=log.location),
        solver=judge,
        model="none/none",
        log_dir=str(tmp_path / "new"),
        display="none",
    )
    assert new.status == "success", new.error
    assert [sample.id for sample in new.samples or []] == ["p/1", "p/2"]
    before = [sample.store_as(RolloutPool) for sample in log.samples or []]
    after = [sample.store_as(RolloutPool) for sample in new.samples or []]
    assert [pool.draws for pool in after] == [pool.draws for pool in before]


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "votes": ({"votes": 0}, "votes=0 is too small"),
    "group_size": ({"group_size": 1}, "group_size=1 is too small"),
    "top_k": ({"top_k": 0}, "top_k=0 is too small"),
    "selection": ({"selection": "oracle"}, "selection is blind"),
    "unknown": ({"voltes": 4}, "did you mean votes"),
}


@pytest.mark.parametrize(("given", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_before_anything_runs(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UserError, match=told):
        replay_recorded(**given)


def test_a_log_without_a_strategy_says_what_to_do(tmp_path: Path) -> None:
    task = Task(dataset=[Sample(input="x")], solver=generate())
    [log] = inspect_eval(task, model="mockllm/model", log_dir=str(tmp_path), display="none")
    with pytest.raises(UserError, match="run `inspect-tts select`"):
        replay(log=log.location)
