"""Graded rollouts: each once, after it has lost, the score sealed; and plain PDR's mean."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

import pytest
from conftest import Box, docker_in_faults
from helpers import Outcome, Script, eval_one, prefer, run_eval, shell_then_submit
from inspect_ai import Task
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Solver, TaskState
from inspect_ai.tool import bash
from inspect_ai.util import sandbox

from inspect_tts import RolloutPool, pdr, pdr_rtv, rtv
from inspect_tts.method.seeding import seeded_shuffle

SECRETS = ("secret-target", "secret-metadata", "secret-test", "secret-explanation", "0.8125")


@dataclass
class Diary:
    """In which order solutions were voted on and graded."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def script(self, *favourites: str) -> Script:
        """Agents that write who they are; a judge that prefers the first of these."""
        choose = prefer(*(f"I am {me}." for me in favourites))

        def judge(prompt: str) -> ModelOutput | str:
            shown = re.findall(r'"strategy": "I am (\w+)\."', prompt)
            self.lines += [("vote", who) for who in shown]
            return choose(prompt)

        return Script(shell_then_submit("echo {me} > who"), judge)

    def grades(self) -> list[str]:
        return [me for what, me in self.lines if what == "grade"]

    def last(self, what: str, who: str) -> int:
        return max(i for i, line in enumerate(self.lines) if line == (what, who))


@scorer(metrics=[accuracy()])
def grades(diary: Diary, breaks_on: str = "nobody") -> Scorer:
    """Gives `a<i>` the score 0.8125 + i, and leaves the hidden test in its sandbox."""

    async def score(state: TaskState, target: Target) -> Score:
        who = (await sandbox().read_file("who")).strip()
        await sandbox().write_file("hidden_test", "secret-test")
        diary.lines.append(("grade", who))
        if who == breaks_on:
            raise RuntimeError("the tests did not run")
        return Score(value=0.8125 + int(who[1:]), explanation="secret-explanation")

    return score


def problem(box: Box, diary: Diary) -> Task:
    return Task(
        name=box.task_name,
        dataset=[
            Sample(
                id="p",
                input="Write who you are.",
                target="secret-target",
                metadata={"hint": "secret-metadata"},
                setup=box.setup,
            )
        ],
        scorer=grades(diary),
        sandbox=box.spec,
    )


def run(solver: Solver, script: Script, diary: Diary, box: Box, log_dir: Path) -> Outcome:
    outcome = eval_one(problem(box, diary), solver, script, log_dir)
    assert box.alive() == []
    told = [
        (call.role, secret) for call in script.calls for secret in SECRETS if secret in call.text
    ]
    assert told == [], "no prompt holds a score, a target, a hidden test or metadata"
    assert {call.role for call in script.calls} >= {"agent", "summarizer"}
    return outcome


def sealed(outcome: Outcome) -> dict[str, object]:
    """The scores in the pool, by who acted."""
    return {
        outcome.who(rollout.id): rollout.scores["grades"]
        for rollout in outcome.pool.rollouts
        if rollout.scores is not None
    }


AGENT = react(tools=[bash()])


def test_each_loser_is_graded_once_after_its_last_vote(box: Box, tmp_path: Path) -> None:
    diary = Diary()
    script = diary.script("a2")
    outcome = run(rtv(n=4, votes=2, agent=AGENT, score_rollouts=True), script, diary, box, tmp_path)

    assert sorted(diary.grades()) == ["a0", "a1", "a2", "a3"], "each once"
    assert diary.grades()[-1] == "a2", "the winner last, by Inspect itself"
    for loser in ("a0", "a1", "a3"):
        assert diary.last("vote", loser) < diary.last("grade", loser)
    assert sealed(outcome) == {"a0": 0.8125, "a1": 1.8125, "a3": 3.8125}, "never the winner"
    assert outcome.score("grades") == 2.8125
    numbers = outcome.score("inspect_tts/rollouts")
    assert numbers["iteration_0"] == pytest.approx(2.3125)
    assert numbers["selected"] == 2.8125


def test_without_score_rollouts_nothing_but_the_winner_is_graded(tmp_path: Path) -> None:
    diary, box = Diary(), Box("local", tmp_path, "local", "plain")
    outcome = run(rtv(n=3, votes=1, agent=AGENT), diary.script("a1"), diary, box, tmp_path)

    assert diary.grades() == ["a1"]
    assert sealed(outcome) == {}
    assert set(outcome.sample.scores or {}) == {"grades", "inspect_tts/rollouts"}
    assert set(outcome.score("inspect_tts/rollouts")) == {"selected", "votes", "cost"}


def test_earlier_iterations_are_graded_after_their_selection(tmp_path: Path) -> None:
    diary, box = Diary(), Box("local", tmp_path, "local", "earlier")
    script = diary.script("a1", "a4")
    strategy = pdr_rtv(n=3, top_k=1, votes=1, agent=AGENT, score_rollouts=True)
    outcome = run(strategy, script, diary, box, tmp_path)

    everybody = ["a0", "a1", "a2", "a3", "a4", "a5"]
    assert sorted(diary.grades()) == everybody
    assert diary.grades()[-1] == "a4"
    for loser in set(everybody) - {"a4"}:
        if ("vote", loser) in diary.lines:
            assert diary.last("vote", loser) < diary.last("grade", loser)
    assert diary.lines[0][0] == "vote"
    assert set(sealed(outcome)) == set(everybody) - {"a4"}
    refined = [call.text for call in script.asked("agent") if "<attempt_1>" in call.text]
    assert refined
    assert all("I am a1." in text for text in refined), "they start from the selected one's summary"
    numbers = outcome.score("inspect_tts/rollouts")
    assert numbers["iteration_0"] == pytest.approx(mean([0.8125, 1.8125, 2.8125]))
    assert numbers["iteration_1"] == pytest.approx(mean([3.8125, 4.8125, 5.8125]))


@docker_in_faults
def test_an_iteration_that_is_not_graded_holds_no_sandbox(box: Box, tmp_path: Path) -> None:
    diary = Diary()
    script, alive = diary.script("a1", "a4"), list[int]()
    judge = script.judge

    def counting(prompt: str) -> ModelOutput | str:
        alive.append(len(box.alive()))
        return judge(prompt)

    script.judge = counting
    strategy = pdr_rtv(n=2, top_k=1, votes=1, agent=AGENT)
    run(strategy, script, diary, box, tmp_path)

    assert alive == [1, 3], "the sample's own alone after iteration 0; all until the last vote"


def test_pdr_adopts_one_by_lot_and_reports_the_mean_of_the_refined(tmp_path: Path) -> None:
    diary, box = Diary(), Box("local", tmp_path, "local", "pdr")
    strategy = pdr(n=3, top_k=1, context="random", seed=7, agent=AGENT)
    outcome = run(strategy, diary.script(), diary, box, tmp_path)

    pool = outcome.pool
    refined = [rollout.id for rollout in pool.population(1)]
    lot = next(draw for draw in pool.draws if draw.key.endswith("ranking"))
    assert lot.order == seeded_shuffle(refined, seed=7, key=lot.key)
    assert pool.adopted == lot.order[0]
    assert sorted(diary.grades()) == ["a3", "a4", "a5"], "the refined, once each"
    numbers = outcome.score("inspect_tts/rollouts")
    assert numbers["iteration_1"] == pytest.approx(4.8125)
    assert numbers["selected"] == outcome.score("grades")
    assert outcome.score("grades") == 0.8125 + int(outcome.who(lot.order[0])[1:])
    assert "vote" not in {what for what, _ in diary.lines}


def test_a_rollout_that_cannot_be_graded_leaves_its_numbers_unknown(tmp_path: Path) -> None:
    diary, box = Diary(), Box("local", tmp_path, "local", "unknown")
    script = diary.script("a0", "a3")
    task = problem(box, diary)
    second = task.dataset[0].model_copy(update={"id": "q"})
    task.dataset = MemoryDataset([*task.dataset, second])
    task.scorer = [grades(diary, breaks_on="a4")]
    solve = rtv(n=3, votes=1, agent=AGENT, score_rollouts=True)
    log = run_eval(task, solve, script, tmp_path, max_samples=1)

    assert log.status == "success"
    assert log.samples is not None
    assert log.results is not None
    pools = [sample.store_as(RolloutPool) for sample in log.samples]
    errors = [rollout.score_error for pool in pools for rollout in pool.rollouts]
    assert [error for error in errors if error] == ["RuntimeError: the tests did not run"]
    found = {score.name: score for score in log.results.scores}
    assert found["iteration_0"].metrics["mean"].value == pytest.approx(1.8125)
    assert (found["iteration_0"].scored_samples, found["iteration_0"].unscored_samples) == (1, 1)
    assert found["selected"].metrics["mean"].value == pytest.approx(mean([0.8125, 3.8125]))
