"""A provider of sandboxes that is neither docker nor local, as another package registers it."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import run_command
from inspect_ai.log import EvalLog, list_eval_logs, read_eval_log
from installed import installed

from inspect_tts import RolloutPool

BYSTANDER = f"sleep 300.{os.getpid()}"
"""Somebody else's process on the machine."""
LEFT = f"sleep 301.{os.getpid()}"
"""What a check leaves running, beyond its own group of processes."""
CHECK = json.dumps({"answered": f"(setsid {LEFT} >/dev/null 2>&1 &); test -f answer"})
TASK = """
from inspect_ai import task
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.util import sandbox
from sharded_task import sharded

@scorer(metrics=[accuracy()])
def number():
    async def score(state, target):
        found = await sandbox().read_file("answer")
        said = state.output.completion.split()[-1]
        return Score(value=int(found) if found.strip() == said else -1)
    return score

@task
def sheds():
    made = sharded(kind="shed", problems=1)
    made.scorer = [number()]
    return made
"""


class Run:
    """A run on such sandboxes."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sheds, self.calls = folder, folder / "sheds", folder / "calls"
        self.sheds.mkdir()
        self.env = installed(folder, "sheds", "cut_off")
        (folder / "task.py").write_text(TASK)

    def inspect(self, *words: str, kill_at: int = 0) -> int:
        env = self.env | {"SHEDS": str(self.sheds)}
        env |= {"CUT_OFF_CALLS": str(self.calls), "CUT_OFF_AT": str(kill_at)}
        return run_command(
            "inspect", *words, "--log-dir", "logs", cwd=self.folder, env=env
        ).returncode

    def begin(self, kill_at: int = 0) -> int:
        given = ["-S", "n=3", "-S", "top_k=2", "-S", "votes=1", "-S", "score_rollouts=true"]
        given += ["-S", f"check={CHECK}"]
        return self.inspect("eval", "task.py", "--solver", "pdr_rtv", *given, kill_at=kill_at)

    def log(self) -> EvalLog:
        """The newest log that ended well."""
        logs = [read_eval_log(info) for info in list_eval_logs(str(self.folder / "logs"))]
        [done] = [log for log in logs if log.status == "success"]
        return done


def _facts(log: EvalLog) -> tuple[Any, ...]:
    [sample] = log.samples or []
    pool = sample.store_as(RolloutPool)
    assert pool.discrepancies() == ()
    assert all(rollout.status == "completed" for rollout in pool.rollouts)
    assert all("+++ b/answer" in str(rollout.patch) for rollout in pool.rollouts)
    assert all(rollout.facts.files_changed for rollout in pool.rollouts)
    scores = [score.value for score in (sample.scores or {}).values()]
    graded = [(rollout.id, rollout.scores) for rollout in pool.rollouts]
    return pool.adopted, graded, scores, len(pool.executions)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    run = Run(tmp_path_factory.mktemp("sheds"))
    with subprocess.Popen(BYSTANDER.split()) as bystander:
        try:
            assert run.begin() == 0
            yield run
        finally:
            bystander.kill()


def test_rollouts_evidence_grading_and_adoption_need_no_more_than_inspects_interface(
    undisturbed: Run,
) -> None:
    _, graded, scores, executions = _facts(undisturbed.log())
    assert executions > 0, "checks ran"
    assert all(values and values["number"] >= 0 for _, values in graded[:-1] if values)
    assert scores[0] >= 0, "the task's scorer read the adopted sandbox"
    assert list(undisturbed.sheds.iterdir()) == []


def test_what_a_check_left_is_killed_on_a_machine_that_others_use_and_nothing_else(
    undisturbed: Run,
) -> None:
    assert undisturbed.log().status == "success"
    asked = [["pgrep", "-f", f"^{each}"] for each in (LEFT, BYSTANDER)]
    assert [subprocess.run(each, check=False).returncode for each in asked] == [1, 0]


def test_without_snapshots_a_retry_applies_patches(undisturbed: Run, tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.begin(kill_at=17) != 0
    before = len(run.calls.read_text().splitlines())
    [log] = list_eval_logs(str(tmp_path / "logs"))
    assert run.inspect("eval-retry", log.name) == 0
    assert _facts(run.log()) == _facts(undisturbed.log())
    made = len(run.calls.read_text().splitlines())
    wanted = len(undisturbed.calls.read_text().splitlines())
    assert made - before < wanted, "what was finished was taken over"
    [sample] = run.log().samples or []
    assert sample.store_as(RolloutPool).taken_over["rollout"] >= 3
