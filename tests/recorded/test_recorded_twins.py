"""Recorded rollouts that stand in several files, and what graders said of them."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai import Task, score
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import (
    EvalLog,
    ProvenanceData,
    invalidate_samples,
    read_eval_log,
    write_eval_log,
)
from inspect_ai.model import ChatMessageUser, ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, Scorer, Target, mean, model_graded_qa, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from recorded_files import atif, prediction, trial, write
from scripted import echo, model

from inspect_tts.recorded.problems import collect
from inspect_tts.recorded.readers import load
from inspect_tts.recorded.records import Recorded

QUIET: dict[str, Any] = {"display": "none", "ctl_server": False}
SECRET = "hidden test test_secret failed: expected 42"


@scorer(metrics=[mean()])
def talkative(how: str) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        if how == "raises":
            raise RuntimeError(SECRET)
        state.messages.append(ChatMessageUser(content=SECRET))
        return Score(value=0)

    return score


def said(text: str, tokens: int) -> ModelOutput:
    output = ModelOutput.from_content("mockllm", text)
    output.usage = ModelUsage(output_tokens=tokens, total_tokens=tokens)
    return output


@solver
def slow() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await anyio.sleep(0.05)
        return await generate(state)

    return solve


@pytest.mark.parametrize("regraded", [False, True])
def test_what_a_grader_used_is_no_part_of_a_rollout(tmp_path: Path, regraded: bool) -> None:
    tested = Task(dataset=[Sample(id="p", input="Go.")], solver=slow(), scorer=model_graded_qa())
    outputs = [said("Gone.", 3), said("Wrong, and at length. GRADE: I", 500)]
    models = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    [log] = inspect_eval(tested, model=models, log_dir=str(tmp_path), **QUIET)
    assert sum(used.total_tokens for used in (log.samples or [])[0].model_usage.values()) == 503
    if regraded:
        write_eval_log(score(log, accepts(), action="append", display="none"), log.location)
    found = first(log.location)
    assert found.usage.total_tokens == 3
    [sample] = log.samples or []
    assert 0.05 <= found.seconds < (sample.working_time or 0)


@scorer(metrics=[mean()])
def accepts() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=1)

    return score


def graded(folder: Path, how: str) -> EvalLog:
    tested = Task(dataset=[Sample(id="p", input="Go.")], scorer=talkative(how))
    [log] = inspect_eval(tested, model=model(echo), log_dir=str(folder), **QUIET)
    return log


def first(path: Path | str) -> Recorded:
    [problem] = collect([str(path)]).problems
    return load(problem.sources[0])


@pytest.mark.parametrize("how", ["raises", "says"])
def test_what_a_scorer_raised_or_said_is_no_part_of_a_rollout(tmp_path: Path, how: str) -> None:
    log = graded(tmp_path, how)
    found = first(log.location)
    assert (found.status, found.reason) == ("completed", None)
    assert [message.text for message in found.messages] == ["Go.", "said Go."]
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        ("VerifierTimeoutError", "completed"),
        ("RewardFileEmptyError", "completed"),
        ("RuntimeError", "completed"),
        ("AgentTimeoutError", "limit"),
        ("NonZeroAgentExitCodeError", "error"),
        ("EnvironmentStartTimeoutError", "error"),
    ],
)
def test_what_a_verifier_raised_is_no_part_of_a_trial(
    tmp_path: Path, raised: str, status: str
) -> None:
    info = {"exception_type": raised, "exception_message": SECRET}
    path = trial(tmp_path, exception_info=info)
    found = first(path)
    assert found.status == status
    assert (SECRET in (found.reason or "")) == (status != "completed")


def test_a_log_and_its_copies_hold_a_rollout_once(tmp_path: Path) -> None:
    log = Path(graded(tmp_path, "says").location)
    copy = log.with_name(f"{log.stem}-scored.eval")
    shutil.copy(log, copy)
    os.utime(copy, (2**31, 2**31))
    [problem] = collect([str(tmp_path)]).problems
    assert [Path(source.path).name for source in problem.sources] == [copy.name], "the newest"


def test_the_newest_grade_counts_whenever_a_log_was_copied(tmp_path: Path) -> None:
    log = Path(graded(tmp_path, "says").location)
    copy = shutil.copy(log, tmp_path / "copied_later.eval")
    time.sleep(2.1)  # times in an archive are even seconds
    again = score(read_eval_log(log), accepts(), action="overwrite", display="none")
    write_eval_log(again, str(log))
    os.utime(copy, (2**31, 2**31))
    assert first(tmp_path).scores == {"accepts": 1}
    assert collect([str(tmp_path)]).attempts == 1


def test_an_invalidated_sample_does_not_count_where_it_was_copied_to(tmp_path: Path) -> None:
    tested = Task(dataset=[Sample(id="p", input="Go.")])
    [log] = inspect_eval(tested, model=model(echo), epochs=3, log_dir=str(tmp_path), **QUIET)
    shutil.copy(log.location, tmp_path / "before.eval")
    bad = [s.uuid for s in (log.samples or [])[:1] if s.uuid]
    write_eval_log(invalidate_samples(log, bad, ProvenanceData(author="me", reason="wrong")))
    collection = collect([str(tmp_path)])
    assert [each.part for each in collection.problems[0].sources] == ["p/2", "p/3"]
    told = [place for place, why in collection.left_out if why.startswith("invalidated: wrong")]
    assert sorted(told) == sorted([f"{log.location}#p/1", f"{tmp_path}/before.eval#p/1"])


def test_predictions_of_one_problem_in_a_file_are_attempts_of_their_own(tmp_path: Path) -> None:
    rows = [prediction("p", patch=f"diff {number}") for number in range(3)]
    path = write(tmp_path / "preds.json", [*rows, prediction("q", patch="diff q")])
    problems = collect([str(path)]).problems
    loaded = {p.name: [load(source).patch for source in p.sources] for p in problems}
    assert loaded == {"p": ["diff 0", "diff 1", "diff 2"], "q": ["diff q"]}


def test_atif_files_are_problems_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("django__django-1", "p2"):
        write(tmp_path / f"{name}.atif.json", atif())
    monkeypatch.chdir(tmp_path)
    names = [p.name for p in collect(["django__django-1.atif.json", "p2.atif.json"]).problems]
    assert names == ["django__django-1", "p2"]
