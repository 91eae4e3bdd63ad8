"""What a review found: grading, facts and numbers, shown in real evals."""

from collections.abc import Callable
from math import isnan
from pathlib import Path
from typing import Any

import anyio
import pytest
from commands import run_command
from helpers import (
    Outcome,
    Script,
    eval_one,
    prefer,
    say,
    shell,
    shell_then_submit,
    submit,
)
from inspect_ai import Task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import Generate, Solver, TaskState, generate, solver
from inspect_ai.tool import bash
from inspect_ai.util import sandbox
from shaky import failing_boxes

from inspect_tts import pdr, pdr_rtv, rtv
from inspect_tts.errors import UserError

AGENT = react(tools=[bash()])
ROLLOUTS = "inspect_tts/rollouts"


async def output_of(script: str) -> str:
    return (await sandbox().exec(["sh", "-c", script])).stdout


# --- grading


@scorer(metrics=[accuracy()])
def traces(seen: list[list[str]]) -> Scorer:
    """1 where `who` was written; notes how often this sandbox was graded before."""

    async def score(state: TaskState, target: Target) -> Score:
        found = (await output_of("cat who; echo graded >> trace; cat trace")).split()
        seen.append(found)
        return Score(value=float(found[0] != "graded"))

    return score


@pytest.mark.parametrize("n", [2, 3])
def test_a_rollout_without_a_sandbox_is_graded_in_no_other(n: int, tmp_path: Path) -> None:
    seen: list[list[str]] = []
    task = Task(dataset=[Sample("Write who you are.")], scorer=traces(seen), sandbox="shaky")
    script = Script(shell_then_submit("echo {me} > who"), prefer("I am a0."))
    strategy = rtv(n=n, votes=2, agent=AGENT, score_rollouts=True)
    with failing_boxes(1):
        outcome = eval_one(task, strategy, script, tmp_path)

    [unstarted] = [r for r in outcome.pool.rollouts if r.status == "error"]
    assert unstarted.id != outcome.pool.adopted
    assert unstarted.scores is None
    assert "sandbox" in (unstarted.score_error or "")
    assert sorted(seen) == [[f"a{i}", "graded"] for i in range(n - 1)], "each sandbox once"
    numbers = outcome.score(ROLLOUTS)
    assert numbers["iteration_0"] == pytest.approx((n - 1) / n)
    assert numbers["selected"] == numbers["oracle"] == 1
    assert outcome.pool.discrepancies() == ()


@scorer(metrics=[accuracy()])
def hidden_test() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        result = await sandbox().exec(["sh", "-c", "echo SECRETTEST > /dev/null; test -f right"])
        return Score(value="C" if result.success else "I")

    return score


def test_the_hidden_test_of_an_agent_that_scores_itself_stays_hidden(tmp_path: Path) -> None:
    def act(me: str, turn: int) -> ModelOutput:
        return [shell("echo first"), submit(me), shell("echo second"), submit(me)][min(turn, 3)]

    script = Script(act)
    agent = react(tools=[bash()], attempts=2)
    task = Task(dataset=[Sample("Do it.")], scorer=hidden_test(), sandbox="local")
    outcome = eval_one(task, rtv(n=2, votes=1, agent=agent), script, tmp_path)

    for rollout in outcome.pool.rollouts:
        commands = [fact.command for fact in rollout.facts.last_commands]
        assert commands == ["echo first", "echo second"], "the agent's own, before and after"
    assert "incorrect" in script.asked("agent")[-1].text, "the agent did score itself"
    assert script.asked("judge")
    assert not [call.role for call in script.calls if "SECRETTEST" in call.text]


@scorer(metrics=[accuracy()])
def endless_for_losers() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        who = (await output_of("cat who")).strip()
        if who != "a0":
            await anyio.sleep(120)
        return Score(value=1.0, answer=who)

    return score


def test_a_limit_while_losers_are_graded_leaves_the_adopted_rollout(tmp_path: Path) -> None:
    task = Task(dataset=[Sample("Do it.")], scorer=endless_for_losers(), sandbox="local")
    script = Script(shell_then_submit("echo {me} > who"), prefer("I am a0."))
    strategy = rtv(n=2, votes=1, agent=AGENT, score_rollouts=True)
    outcome = eval_one(task, strategy, script, tmp_path, time_limit=12)

    assert outcome.sample.limit is not None
    assert outcome.sample.limit.type == "time"
    assert outcome.pool.adopted is not None
    assert outcome.who(outcome.pool.adopted) == "a0"
    assert "I am a0." in "\n".join(message.text for message in outcome.sample.messages)
    assert "a0" in outcome.sample.output.completion
    assert (outcome.sample.scores or {})["endless_for_losers"].answer == "a0"


# --- facts


@solver
def prepares() -> Solver:
    """Changes the workspace, committed nowhere."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await output_of("seq 50 > prepared; echo more >> tracked")
        return state

    return solve


def test_what_the_tasks_setup_changes_is_no_change_of_a_rollout(tmp_path: Path) -> None:
    commit = "git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm x"
    task = Task(
        dataset=[Sample("Do it.", files={"tracked": "text\n"}, setup=commit)],
        setup=prepares(),
        scorer=includes(),
        sandbox="local",
    )
    script = Script(shell_then_submit("cat prepared tracked > who"))
    outcome = eval_one(task, rtv(n=2, votes=1, agent=AGENT), script, tmp_path)

    for rollout in outcome.pool.rollouts:
        assert [fact.path for fact in rollout.facts.files_changed or ()] == ["who"]
        assert [fact.added for fact in rollout.facts.files_changed or ()] == [52]


# --- numbers


def plain(scores: Scorer) -> Task:
    """A task without a sandbox."""
    return Task(dataset=[Sample("Do it.", target="#good")], scorer=scores)


def talker() -> Script:
    """Agents that say who they are."""
    return Script(lambda me, turn: say(f"I did it, {me}"), prefer("I am a0.", "I am a2."))


@scorer(metrics={"a": [accuracy()], "b": [accuracy()]})
def two_values() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value={"a": 1, "b": 1})

    return score


def test_a_score_of_several_values_gives_no_number(tmp_path: Path) -> None:
    strategy = rtv(n=2, votes=1, agent=generate(), score_rollouts=True)
    outcome = eval_one(plain(two_values()), strategy, talker(), tmp_path)

    numbers = outcome.score(ROLLOUTS)
    assert set(numbers) >= {"iteration_0", "selected", "oracle"}
    assert {name for name, value in numbers.items() if not isnan(value)} == {"votes"}
    assert outcome.score("two_values") == {"a": 1, "b": 1}


@scorer(metrics=[accuracy()])
def number_of_agent() -> Scorer:
    """`I am a3.` scores 3."""

    async def score(state: TaskState, target: Target) -> Score:
        words = state.output.completion.partition("I am a")[2]
        return Score(value=float(words.partition(".")[0]))

    return score


@pytest.mark.parametrize(("top_k", "expected"), [(1, {1.0}), (2, {1.5, 2.0, 2.5, 0.5, 1.0})])
def test_the_score_of_the_context_is_published(
    top_k: int, expected: set[float], tmp_path: Path
) -> None:
    strategy = pdr_rtv(n=3, top_k=top_k, votes=2, agent=generate(), score_rollouts=True)
    script = Script(lambda me, turn: say("done"), prefer("I am a1.", "I am a4."))
    outcome = eval_one(plain(number_of_agent()), strategy, script, tmp_path)

    numbers = outcome.score(ROLLOUTS)
    assert numbers["iteration_0"] == pytest.approx(1.0)
    assert numbers["selected"] == 4.0
    assert numbers["select_k"] in expected


# --- stages and strategies

INSIDE = """
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig
from inspect_ai.scorer import includes
from inspect_ai.solver import chain, generate, solver
sys.path.insert(0, sys.argv[1])
from helpers import Script, say
from inspect_tts import adopt, rollouts, tournament

@solver
def mine():
    async def solve(state, generate_one):
        stages = chain(rollouts(n=2, agent=generate()), tournament(votes=1), adopt())
        return await stages(state, generate_one)
    return solve

script = Script(lambda me, turn: say("done"))
task = Task(dataset=[Sample("Do it.")], scorer=includes(), sandbox="local")
[log] = eval(task, solver=mine(), model=script.model(), display="none", log_dir=sys.argv[2])
print(log.status, log.samples[0].error.message)
"""


def test_stages_built_while_the_sample_runs_say_what_to_do(tmp_path: Path) -> None:
    """In a process of its own, where nothing else has built a stage before."""
    (tmp_path / "inside.py").write_text(INSIDE, encoding="utf-8")
    support = Path(__file__).parents[1] / "support"
    ended = run_command(tmp_path / "inside.py", support, tmp_path, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "error the stage rollouts() was built while the eval was already running" in ended.stdout


@pytest.mark.parametrize("options", [{"context": "single"}, {"iterations": 1}])
@pytest.mark.parametrize("factory", [pdr, pdr_rtv])
def test_a_context_size_that_is_not_used_refuses_nothing(
    factory: Callable[..., Solver], options: dict[str, Any], tmp_path: Path
) -> None:
    strategy = factory(n=2, agent=generate(), **options)
    outcome: Outcome = eval_one(plain(includes()), strategy, talker(), tmp_path)

    last = outcome.pool.population(outcome.pool.iteration)
    assert len(last) == 2
    assert outcome.pool.adopted in {rollout.id for rollout in last}
    assert outcome.pool.discrepancies() == ()


@pytest.mark.parametrize("context", ["select", "random"])
def test_a_context_size_that_is_used_must_fit(context: str) -> None:
    with pytest.raises(UserError, match="top_k=4"):
        pdr(n=2, context=context)  # type: ignore[arg-type]
