"""Stages that others write, written as a user would: from outside of the package."""

import re
from pathlib import Path
from typing import Any

import pytest
from commands import run_command
from crowd import crowd
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.solver import Solver, chain
from own_stages import WRITERS, boxed, facts_shown, note, staged, various
from scripted import acting, calls, only, pool, problem, run, says

from inspect_tts import (
    RolloutPool,
    UserError,
    adopt,
    cheap,
    pdr,
    pdr_rtv,
    robust,
    rollouts,
    rtv,
    tournament,
)
from inspect_tts.recorded import solvers as recorded_solvers
from inspect_tts.scaled.task import scaled
from inspect_tts.text.fences import blocks
from inspect_tts.text.summary import facts_text

DOCS = Path(__file__).parents[2] / "docs" / "extending.md"


TOY = """
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate


def play(input, tools, tool_choice, config):
    output = ModelOutput.from_content("mockllm/model", "Final verdict: Solution 1")
    output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return output


@task
def toy():
    sample = Sample(input="Go.", target="x", files={"test_visible.py": "print(6 * 7)"})
    model = get_model("mockllm/model", custom_outputs=play)
    return Task(dataset=[sample], solver=generate(), sandbox="local", model=model)
"""


def facts_logged(log: EvalLog) -> set[str]:
    return {facts_text(rollout.facts) for rollout in pool(log).rollouts}


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The file in docs/extending.md."""
    section = DOCS.read_text(encoding="utf-8").partition("## A stage\n")[2].partition("\n## ")[0]
    [code] = re.findall(r"```python\n# visible_tests.py\n(.*?)```", section, re.DOTALL)
    file = tmp_path / "visible_tests.py"
    file.write_text(code, encoding="utf-8")
    return file


def test_the_example_of_the_docs_tells_judges_what_it_ran(example: Path, tmp_path: Path) -> None:
    stages = f"{example}@visible_tests"
    log = run(boxed(), rtv(n=3, votes=2, agent=acting(*WRITERS), stages=stages), tmp_path)
    found = pool(log)
    told = {r.id: r.facts.evidence[0] for r in found.rollouts}
    by_mark = {piece.text.strip(): piece.returncode for piece in told.values()}
    assert by_mark == {"ran #r0": 1, "ran #r1": 0, "ran #r2": 1}
    assert {piece.name for piece in told.values()} == {"visible tests"}
    assert facts_shown(log) == facts_logged(log)
    assert any("- visible tests, return code 0: ran #r1" in text for text in facts_shown(log))
    assert [stage.name for stage in found.stages] == [
        "rollouts",
        "visible_tests",
        "tournament",
        "adopt",
    ]
    assert found.stages[1].parameters == {"seconds": 60}
    assert found.discrepancies() == ()


def test_the_example_runs_from_the_command_line(example: Path, tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    command = ["inspect", "eval", "toy.py", "--solver", "rtv"]
    command += ["-S", "n=2", "-S", "votes=1", "--display", "none"]
    command += ["-S", "stages=visible_tests.py@visible_tests", "--log-dir", "logs"]
    ran = run_command(*command, cwd=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    [file] = (tmp_path / "logs").glob("*.eval")
    found = only(read_eval_log(str(file))).store_as(RolloutPool)
    assert [r.facts.evidence[0].text.strip() for r in found.rollouts] == ["42", "42"]


STRATEGIES = {
    "rtv": (rtv(n=4, votes=2, agent=various(), stages=staged(note)), 1),
    "graded": (rtv(n=4, votes=2, agent=various(), stages=staged(note), score_rollouts=True), 1),
    "duplicates": (rtv(n=4, votes=2, agent=various(), stages=[staged(note)], dedupe=True), 1),
    "pdr": (pdr(n=4, votes=2, top_k=2, agent=various(), stages=staged(note)), 2),
    "pdr_rtv": (pdr_rtv(n=4, votes=2, top_k=2, agent=various(), stages=staged(note)), 2),
    "robust": (robust(n=4, votes=2, top_k=2, agent=various(), stages=staged(note)), 2),
    "cheap": (cheap(n=4, votes=2, top_k=2, agent=various(), stages=staged(note)), 2),
    "own chain": (
        chain(
            rollouts(n=4, agent=various()),
            tournament(keep=2, votes=2),
            staged(note),
            tournament(votes=2),
            adopt(),
        ),
        1,
    ),
}


@pytest.mark.parametrize(("strategy", "iterations"), STRATEGIES.values(), ids=STRATEGIES)
def test_the_log_holds_what_judges_read(strategy: Solver, iterations: int, tmp_path: Path) -> None:
    log = run(problem(), strategy, tmp_path)
    found = pool(log)
    assert found.discrepancies() == ()
    assert {rollout.iteration for rollout in found.rollouts} == set(range(iterations))
    asked = [call.input[0].text for call in calls(log, "judge")]
    votes = [
        (place, vote)
        for place, selection in enumerate(found.selections)
        for round in selection.rounds
        for match in round.matches
        for vote in match.votes
    ]
    assert len(asked) == len(votes) > 0
    by_fence = {blocks_fence(text): text for text in asked}
    for place, vote in votes:
        assert vote.fence is not None
        shown = [b.text for b in blocks(by_fence[vote.fence]) if b.tag.startswith("facts_")]
        for id, text in zip(vote.order, shown, strict=True):
            facts = found.by_id(id).facts
            then = tuple(e for e in facts.evidence if e.after_selections <= place)
            assert text == facts_text(facts.model_copy(update={"evidence": then}))
    assert any("- note: t0-n" in text for text in facts_shown(log))
    assert any(rollout.facts.evidence for rollout in found.rollouts)
    graded = [r for r in found.rollouts if r.scores is not None]
    if "graded" in str(tmp_path):
        assert len(graded) == 3
        assert all(rollout.facts.evidence for rollout in graded)


def blocks_fence(prompt: str) -> str:
    found = re.search(r"^([a-z]{12}) <solution_1>$", prompt, re.MULTILINE)
    assert found is not None
    return found[1]


def test_refined_rollouts_read_evidence(tmp_path: Path) -> None:
    strategy = pdr(n=2, context="random", top_k=2, agent=crowd(), stages=staged(note))
    log = run(problem(), strategy, tmp_path)
    asked = [call.input[0].text for call in calls(log, None)]
    assert any("- note: t0-n00 seen 0 times before" in text for text in asked)


def test_consensus_is_looked_for_after_selections_alone(tmp_path: Path) -> None:
    same = acting(says("#same", "done"))
    strategy = pdr_rtv(
        n=3, votes=2, top_k=2, agent=same, stages=staged(note), stop_on_consensus=True
    )
    found = pool(run(problem(), strategy, tmp_path))
    assert [stage.name for stage in found.stages].count("stop") == 1
    assert found.iteration == 0


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ("nowhere.py@name", "there is no file nowhere.py; give stages=FILE.py@name"),
        ("no_package/name", "stage 'no_package/name' could not be created"),
        ("{file}@other", "it has no agent or solver other"),
        ("{file}@greedy", "takes arguments"),
        ("{file}@tournament", "stages='tournament' is a strategy or a stage of this package"),
        (["{file}@fine", "rtv"], "stages='rtv' is a strategy or a stage of this package"),
        ([3], "stages=3 is neither a solver nor the name of one"),
        (rtv(n=2), "is a strategy or a stage of this package"),
    ],
)
def test_what_is_no_stage_is_refused_before_anything_runs(
    stages: Any, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from inspect_ai.solver import generate, solver\n\n\n"
        "@solver\ndef fine():\n    return generate()\n\n\n"
        "@solver\ndef tournament():\n    return generate()\n\n\n"
        "@solver\ndef greedy(needed):\n    return generate()\n"
    )

    def filled(name: Any) -> Any:
        return name.format(file=file) if isinstance(name, str) else name

    given = [filled(each) for each in stages] if isinstance(stages, list) else filled(stages)
    for strategy in (rtv, pdr, pdr_rtv, robust, cheap):
        with pytest.raises(UserError) as refused:
            strategy(stages=given)
        assert said in str(refused.value)


def test_scaled_refuses_stages(example: Path) -> None:
    with pytest.raises(UserError, match="strategy_args does not take stages"):
        scaled(task="inspect_tts/demo", strategy_args={"stages": f"{example}@visible_tests"})


def test_recorded_selections_have_no_stages() -> None:
    with pytest.raises(UserError, match="has no argument stages"):
        recorded_solvers.select_recorded(stages="x")  # type: ignore[call-arg]


def test_two_strategies_in_one_list_are_refused(tmp_path: Path) -> None:
    both = [rtv(n=2, votes=1, agent=crowd()), pdr(n=2, top_k=1, votes=1, agent=crowd())]
    error = only(run(problem(), both, tmp_path)).error
    assert error is not None
    assert "rtv and pdr are in one list of solvers" in error.message
