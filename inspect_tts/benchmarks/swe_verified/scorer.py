"""Grade the workspace as SWE-bench does: run its evaluation script and grade the output.

The script comes from `inspect_evals.swe_bench`, the grading from the package `swebench`. The scorer
of inspect_evals joins them, too, but has three faults. For some projects, it blocks all other
samples in each grading to fetch a requirements file from GitHub, which grading does not need. Its
tests have no time limit. And it writes into the workspace.
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from inspect_ai.scorer import Score, Scorer, Target, mean, scorer, stderr
from inspect_ai.solver import TaskState
from inspect_ai.util import OutputLimitExceededError, sandbox

from inspect_tts.agents.ending import agent_end
from inspect_tts.evidence.facts import PATCH_BYTES
from inspect_tts.evidence.patches import files_added
from inspect_tts.workspace.baseline import read_repository

if TYPE_CHECKING:
    from swebench.harness.test_spec.test_spec import TestSpec

TIMEOUT = 1800
"""Seconds that the tests may take, as in the harness of SWE-bench."""

_RUN = 'exec bash "$0" >"$1" 2>&1'
_TAIL = 2000


@scorer(metrics=[mean(), stderr()])
def swe_verified_scorer(timeout: int = TIMEOUT) -> Scorer:
    """Grade the state of /testbed with the problem's hidden tests.

    Args:
        timeout: Seconds that the tests may take. If they take longer, print more than Inspect
            reads, or are killed, the problem is not resolved.

    Returns:
        The scorer: 1 if all of FAIL_TO_PASS and PASS_TO_PASS pass, else 0. As in the published
        harness, it is also 0 if mini-SWE-agent ended without a submission. The metadata holds the
        patch. If no test could be run, the scorer raises, since that says nothing about the patch.
    """

    async def score(state: TaskState, target: Target) -> Score:
        from inspect_evals.swe_bench.scorers import get_eval_script
        from inspect_evals.swe_bench.solvers import START_COMMIT_STORE_KEY

        data = state.metadata
        start = state.store.get(START_COMMIT_STORE_KEY, data["base_commit"])
        workspace = await read_repository(start, patch_bytes=PATCH_BYTES, folder="/testbed")
        patch = workspace.diff.decode(errors="replace") if workspace and workspace.diff else ""
        script = get_eval_script(
            data["test_patch"], data["repo"], data["version"], data["base_commit"]
        )
        end = agent_end(state.store)
        if end is not None and end.status != "completed":
            why = f"The agent ended with {end.exit_status} and submitted nothing."
            return Score(value=0.0, explanation=why, metadata={"model_patch": patch})
        for name in files_added(data["test_patch"]):  # else the test patch would not apply
            await sandbox().exec(["rm", "-f", name], cwd="/testbed")
        folder = (await sandbox().exec(["mktemp", "-d"])).stdout.strip()
        await sandbox().write_file(f"{folder}/eval.sh", script)
        command = ["bash", "-c", _RUN, f"{folder}/eval.sh", f"{folder}/output"]
        try:
            await sandbox().exec(command, cwd="/testbed", timeout=timeout, timeout_retry=False)
        except TimeoutError:
            why = f"The tests took longer than {timeout} seconds."
            return Score(value=0.0, explanation=why, metadata={"model_patch": patch})
        try:
            output = await sandbox().read_file(f"{folder}/output", text=False)
        except OutputLimitExceededError as error:
            why = f"The tests printed more than Inspect reads ({error.limit_str})."
            return Score(value=0.0, explanation=why, metadata={"model_patch": patch})
        value, why = grade_output(str(state.sample_id), data, output.decode(errors="replace"))
        return Score(value=value, explanation=why, metadata={"model_patch": patch})

    return score


def grade_output(id: str, data: dict[str, Any], output: str) -> tuple[float, str]:
    """Grade the output of the evaluation script; return the score and its explanation."""
    from swebench.harness.constants import (
        END_TEST_OUTPUT,
        KEY_INSTANCE_ID,
        KEY_MODEL,
        KEY_PREDICTION,
        START_TEST_OUTPUT,
    )
    from swebench.harness.grading import get_eval_report

    if START_TEST_OUTPUT not in output:
        raise RuntimeError(f"the tests of {id} did not begin:\n{output[-_TAIL:]}")
    if END_TEST_OUTPUT not in output:  # they were killed, perhaps for want of memory
        return 0.0, f"The tests were ended before they were done:\n{output[-_TAIL:]}"
    prediction = {KEY_INSTANCE_ID: id, KEY_MODEL: "inspect", KEY_PREDICTION: ""}
    with TemporaryDirectory() as folder:
        log = Path(folder) / "test_output.txt"
        log.write_text(output, encoding="utf-8")
        report = get_eval_report(_spec(id, data), prediction, os.fspath(log), True)[id]
    lines = []
    for kind, tests in report.get("tests_status", {}).items():
        if tests["success"] or tests["failure"]:
            passed = len(tests["success"])
            lines.append(f"{kind}: {passed} of {passed + len(tests['failure'])} passed")
            lines += [f"  failed: {name}" for name in tests["failure"]]
    why = "\n".join(lines) or f"No test result could be read:\n{output[-_TAIL:]}"
    return (1.0 if report["resolved"] else 0.0), why


def _spec(id: str, data: dict[str, Any]) -> "TestSpec":
    """The part of a problem's specification that grading reads; the rest would need GitHub."""
    from swebench.harness.constants import MAP_REPO_TO_EXT
    from swebench.harness.test_spec.test_spec import TestSpec

    return TestSpec(
        instance_id=id,
        repo=data["repo"],
        version=data["version"],
        repo_script_list=[],
        eval_script_list=[],
        env_script_list=[],
        arch="x86_64",
        FAIL_TO_PASS=data["FAIL_TO_PASS"],
        PASS_TO_PASS=data["PASS_TO_PASS"],
        language=MAP_REPO_TO_EXT[data["repo"]],
        docker_specs={},
        namespace=None,
    )
