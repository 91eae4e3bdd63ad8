"""SWE-bench Verified on stand-ins for its images: real problems, the real harness, real containers.

One runs always, all with `make swe`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import claude_code
import pytest
import scripted
import standins
from click.testing import CliRunner
from helpers import docker_missing
from inspect_ai import eval as inspect_eval
from inspect_ai.event import ModelEvent
from inspect_ai.log import EvalLog, resolve_sample_attachments
from inspect_ai.model import Model, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from swe_runs import run, scores

from inspect_tts import RolloutPool, pdr_rtv, rtv
from inspect_tts.cli import main
from inspect_tts.scaled.task import scaled

pytestmark = [pytest.mark.docker, pytest.mark.interop]
for package in ("inspect_evals", "swebench", "minisweagent"):
    pytest.importorskip(package, reason="needs the extra `swe`")

PLAYED = (
    "pallets__flask-5014",
    "sympy__sympy-24539",
    "pytest-dev__pytest-10051",
    "django__django-16662",
)
CANARY = "canary-5d0f3c9a"


@pytest.fixture(scope="module", autouse=True)
def _images(request: pytest.FixtureRequest) -> None:
    missing = standins.missing() or docker_missing()
    if missing:
        pytest.skip(missing)
    for id in standins.PROBLEMS if request.config.getoption("--swe") else PLAYED[:1]:
        standins.build(id)


def simulated(ids: Sequence[str], folder: Path, **settings: Any) -> Model:
    books = folder / "playbooks.json"
    books.write_text(json.dumps([standins.playbook(id) for id in ids]), encoding="utf-8")
    return get_model("simulated/coder", memoize=False, playbook=str(books), **settings)


def with_canaries(ids: Sequence[str], folder: Path, *, names: bool = False) -> Path:
    """The records, with a canary in all that grading alone may know."""
    rows = [{**standins.rows()[id]} for id in ids]
    for row in rows:
        row["hints_text"] = f"{CANARY} hints"
        for field in ("patch", "test_patch"):  # git passes over what stands before a patch
            row[field] = f"{CANARY} {field}\n{row[field]}"
        for field in ("FAIL_TO_PASS", "PASS_TO_PASS") if names else ():
            row[field] = [*row[field], f"{CANARY}::{field}"]
    path = folder / "canaries.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return path


def assert_blind(log: EvalLog) -> None:
    for stored in log.samples or []:
        sample = resolve_sample_attachments(stored, "full")
        assert CANARY in json.dumps(sample.metadata)
        row = standins.rows()[str(sample.id)]
        hidden = [CANARY, json.dumps(row["PASS_TO_PASS"]), row["test_patch"]]
        calls = [event for event in sample.events if isinstance(event, ModelEvent)]
        assert len(calls) > 20
        for event in calls:
            asked = "\n".join(message.model_dump_json() for message in event.input)
            assert not [text for text in hidden if text in asked]
        problem = row["problem_statement"].split()
        asked_all = (message.text for event in calls for message in event.input)
        assert any(" ".join(problem) in " ".join(text.split()) for text in asked_all)


def plays_to_the_end(ids: Sequence[str], tmp_path: Path) -> None:
    model = simulated(ids, tmp_path, solve_rate=1.0, failure_rate=0.0, judge_accuracy=1.0)
    strategy = pdr_rtv(n=2, top_k=1, votes=1, score_rollouts=True)
    dataset = with_canaries(ids, tmp_path)
    log = run(ids, strategy, tmp_path, model=model, dataset=dataset)
    assert scores(log) == {(id, 1): 1.0 for id in ids}
    assert_blind(log)
    for sample in log.samples or []:
        pool = sample.store_as(RolloutPool)
        assert {rollout.exit_status for rollout in pool.rollouts} == {"Submitted"}
        assert all(r.submission and "diff --git" in r.submission for r in pool.rollouts)
        assert all(rollout.leaks == () for rollout in pool.rollouts)
        assert pool.stages[0].parameters["agent"] == "the task's own solver"
        assert pool.discrepancies() == ()
    predicted = tmp_path / "predictions.jsonl"
    said = CliRunner().invoke(main, ["predictions", log.location, "-o", str(predicted)])
    assert said.exit_code == 0, said.output
    rows = [json.loads(line) for line in predicted.read_text("utf-8").splitlines()]
    patches = {row["instance_id"]: row["model_patch"] for row in rows}
    assert set(patches) == set(ids)
    assert not any("patch.txt" in patch for patch in patches.values())
    again = run(ids, apply_patches(patches), tmp_path / "again")
    assert scores(again) == scores(log), "a fresh container with the patch grades the same"


@solver
def apply_patches(patches: dict[str, str]) -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        done = await sandbox().exec(["git", "apply", "-"], input=patches[str(state.sample_id)])
        assert done.success, done.stderr
        return state

    return solve


def test_pdr_rtv_runs_mini_swe_agent_to_the_end(tmp_path: Path) -> None:
    plays_to_the_end(PLAYED[:1], tmp_path)


@pytest.mark.swe
def test_pdr_rtv_runs_mini_swe_agent_to_the_end_on_four_projects(tmp_path: Path) -> None:
    plays_to_the_end(PLAYED, tmp_path)


@pytest.mark.swe
def test_rollouts_can_be_samples(tmp_path: Path) -> None:
    ids = PLAYED[:2]
    model = simulated(ids, tmp_path, solve_rate=1.0, failure_rate=0.0, judge_accuracy=1.0)
    made = scaled(
        task="inspect_tts/swe_verified",
        strategy="rtv",
        task_args={"dataset": str(standins.DATASET), "image_template": standins.TEMPLATE},
        strategy_args={"n": 2, "votes": 1},
        sample_id=list(ids),
    )
    [log] = inspect_eval(made, model=model, display="none", log_dir=str(tmp_path))
    assert log.status == "success", log.error
    found = {str(s.id): s.scores or {} for s in log.samples or []}
    assert [found[id]["swe_verified_scorer"].value for id in ids] == [1.0, 1.0]
    assert [found[f"{id}#t0-n0{i}"]["rollout"].value for id in ids for i in (0, 1)] == [1.0] * 4
    said = CliRunner().invoke(main, ["predictions", log.location, "-o", str(tmp_path / "p")])
    assert "2 predictions" in said.output


@pytest.mark.swe
@pytest.mark.skipif(not claude_code.AVAILABLE, reason="Claude Code comes by npm, for x86_64")
def test_claude_code_of_inspect_swe_runs_in_parallel_rollouts(tmp_path: Path) -> None:
    ids = PLAYED[:1]
    standins.build_with_claude_code(ids[0])
    fix = f"git apply - <<'END'\n{standins.rows()[ids[0]]['patch']}END"
    log = run(
        ids,
        rtv(n=2, votes=1, agent="inspect_swe/claude_code", agent_args={"version": "sandbox"}),
        tmp_path,
        model=claude_code.running(fix),
        model_roles={
            "judge": scripted.model(lambda *_: scripted.reply("Final verdict: Solution 1"))
        },
        image_template=standins.WITH_CLAUDE_CODE,
    )
    assert scores(log) == {(ids[0], 1): 1.0}
    [sample] = log.samples or []
    pool = sample.store_as(RolloutPool)
    assert [rollout.status for rollout in pool.rollouts] == ["completed"] * 2
    assert all(rollout.patch and rollout.turns > 1 for rollout in pool.rollouts)
    assert pool.discrepancies() == ()


@pytest.mark.swe
def test_no_prompt_holds_the_names_of_hidden_tests(tmp_path: Path) -> None:
    ids = PLAYED[:1]
    model = simulated(ids, tmp_path, solve_rate=0.5, failure_rate=0.0)
    dataset = with_canaries(ids, tmp_path, names=True)
    strategy = pdr_rtv(n=3, top_k=2, votes=1, score_rollouts=True)
    log = run(ids, strategy, tmp_path, model=model, dataset=dataset)
    [sample] = log.samples or []
    assert CANARY in str((sample.scores or {})["swe_verified_scorer"].explanation)
    assert_blind(log)
