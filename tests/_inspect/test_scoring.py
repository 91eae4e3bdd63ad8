"""Grading a rollout with scorers: what they find, and what they leave."""

from pathlib import Path

from inspect_ai.model import ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from scripted import only, problem, run

from inspect_tts._inspect import grade, grade_as, own_scorer_names
from inspect_tts.errors import gather


@scorer(metrics=[mean()])
def writing(value: float) -> Scorer:
    """Writes into what it grades."""

    async def score(state: TaskState, target: Target) -> Score:
        state.messages.append(ChatMessageUser(content="graded"))
        state.messages[0].content = "changed"
        state.output.completion = "changed"
        return Score(value=value, explanation=f"{state.sample_id}: {target.text}")

    return score


def solving(solve: Solver) -> Solver:
    return solver(name="grading")(lambda: solve)()


def test_scorers_of_another_task_leave_nothing_in_the_sample(tmp_path: Path) -> None:
    found: list[dict[str, Score]] = []

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        scorers = [writing(0.25), writing(0.5)]
        found.extend(await gather([grade_as(state, scorers, Target("other"), "q7")]))
        return state

    log = run(problem(), solving(solve), tmp_path)
    [scores] = found
    assert {name: score.value for name, score in scores.items()} == {
        "writing": 0.25,
        "writing1": 0.5,
    }
    assert {score.explanation for score in scores.values()} == {"q7: other"}
    sample = only(log)
    assert [message.text for message in sample.messages] == ["Solve it.", "said Solve it."]
    assert sample.output.completion == "said Solve it."
    assert list(sample.scores or {}) == ["last_words"]


def test_grading_leaves_the_tasks_scorers_in_place(tmp_path: Path) -> None:
    names: list[list[str]] = []

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        for _ in range(2):
            names.append([*(await grade(state))])
            names.append(own_scorer_names())
        return state

    task = problem()
    task.scorer = [writing(1.0), writing(0.0)]
    run(task, solving(solve), tmp_path)
    assert names == [["writing", "writing1"]] * 4
