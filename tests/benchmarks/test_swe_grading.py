"""Grading of SWE-bench Verified on stand-ins for its images: reference patches and broken ones.

One problem is graded always, the others with `make swe`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import standins
from helpers import docker_missing
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from swe_runs import run, scores

from inspect_tts.benchmarks.swe_verified.scorer import swe_verified_scorer

pytestmark = [pytest.mark.docker, pytest.mark.interop]
for package in ("inspect_evals", "swebench"):
    pytest.importorskip(package, reason="needs the extra `swe`")

ALWAYS = "pallets__flask-5014"


@pytest.fixture(scope="module", autouse=True)
def _images(request: pytest.FixtureRequest) -> None:
    missing = standins.missing() or docker_missing()
    if missing:
        pytest.skip(missing)
    for id in standins.PROBLEMS if request.config.getoption("--swe") else [ALWAYS]:
        standins.build(id)


def last_hunk_missing(patch: str) -> str:
    return patch[: patch.rindex("\n@@") + 1]


def nothing_added(patch: str) -> str:
    """Only what the patch takes away and a comment."""
    lines = [line for line in patch.splitlines() if not line.startswith("+") or line[:3] == "+++"]
    return "\n".join(lines) + "\n"


def never_imported(patch: str) -> str:
    first = next(line for line in patch.splitlines() if line.startswith("+") and line[:3] != "+++")
    return patch.replace(first, f"{first}\n+ this is no Python", 1)


BREAKS: dict[str, Callable[[str], str]] = {
    "pallets__flask-5014": never_imported,
    "sympy__sympy-23950": nothing_added,
    "pytest-dev__pytest-10051": last_hunk_missing,
}


@solver
def by_epoch() -> Solver:
    """The oracle in epoch 1, nothing in epoch 2, a broken oracle in epoch 3."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        patch = standins.rows()[str(state.sample_id)]["patch"]
        if state.epoch == 3:
            patch = BREAKS[str(state.sample_id)](patch)
        if state.epoch != 2:
            command = ["git", "apply", "--recount", "--whitespace=nowarn", "-"]
            done = await sandbox().exec(command, input=patch)
            assert done.success, done.stderr
        return state

    return solve


@pytest.mark.swe
def test_the_oracle_is_right_an_untouched_tree_and_a_broken_patch_are_not(tmp_path: Path) -> None:
    log = run(standins.FEW, by_epoch(), tmp_path, epochs=3)
    assert scores(log) == {
        (id, epoch): float(epoch == 1) for id in standins.FEW for epoch in (1, 2, 3)
    }


@pytest.mark.swe
def test_all_oracles_are_right_and_no_untouched_tree(tmp_path: Path) -> None:
    log = run(standins.PROBLEMS, by_epoch(), tmp_path, epochs=2)
    assert scores(log) == {
        (id, epoch): float(epoch == 1) for id in standins.PROBLEMS for epoch in (1, 2)
    }
    assert len({id.partition("-")[0] for id, _ in scores(log)}) >= 4


@pytest.mark.swe
def test_three_broken_oracles_are_wrong(tmp_path: Path) -> None:
    log = run(list(BREAKS), by_epoch(), tmp_path, epochs=3)
    assert {id: value for (id, epoch), value in scores(log).items() if epoch == 3} == dict.fromkeys(
        BREAKS, 0.0
    )


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        pytest.param(
            {"timeout": 1}, "took longer than 1 seconds", id="time", marks=pytest.mark.swe
        ),
        pytest.param({"print": "1500"}, "printed more than Inspect reads", id="output"),
    ],
)
def test_tests_beyond_a_limit_are_not_passed(
    limits: dict[str, Any], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "print" in limits:
        monkeypatch.setenv("INSPECT_SANDBOX_MAX_READ_FILE_SIZE", limits["print"])
    scorer = swe_verified_scorer(limits["timeout"]) if "timeout" in limits else None
    log = run([ALWAYS], by_epoch(), tmp_path, scorer=scorer)
    [sample] = log.samples or []
    score = (sample.scores or {})["swe_verified_scorer"]
    assert (score.value, told in str(score.explanation)) == (0.0, True)
    assert (score.metadata or {})["model_patch"]
