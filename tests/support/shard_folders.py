"""Folders in which a run in shards is made, and its decisions."""

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from commands import run_command
from inspect_ai.log import list_eval_logs, read_eval_log
from installed import installed

from inspect_tts import RolloutPool

TASK = Path(__file__).with_name("sharded_task.py")
OPTIONS = ["--solver", "pdr_rtv", "-S", "n=2", "-S", "top_k=1", "-S", "votes=1"]
OPTIONS += ["-S", "score_rollouts=true"]
Decisions = dict[object, tuple[Any, ...]]


class Folder:
    """Where commands run, and what they leave."""

    def __init__(self, path: Path) -> None:
        path.mkdir(exist_ok=True)
        shutil.copy(TASK, path / "task.py")
        shutil.copy(TASK.with_name("cut_off.py"), path)
        self.path, self.calls, self.installed = path, path / "calls", installed(path, "cut_off")

    def shard(self, *words: str | Path) -> str:
        """Run `inspect-tts shard`; what it said."""
        done = self.run("inspect-tts", "shard", *words)
        return f"{done.returncode}\n{done.stdout}{done.stderr}"

    def run(self, *words: str | Path) -> Any:
        env = {"CUT_OFF_CALLS": str(self.calls), "INSPECT_TTS_LEASE_SECONDS": "3"}
        env |= {"COLUMNS": "200", "INSPECT_DISPLAY": "plain", "PWD": str(self.path)}
        env["HOME"] = str(self.path)  # what the user's login script prints is in no output
        return run_command(*words, cwd=self.path, env=env | self.installed)

    @property
    def set(self) -> Path:
        [found] = (self.path / "logs").glob("*.shards")
        return found

    def made(self) -> Counter[str]:
        """Calls of the model."""
        return Counter(self.calls.read_text().splitlines())


def decisions(logs: list[str]) -> Decisions:
    """Every decision in logs."""
    found: Decisions = {}
    for log in logs:
        for sample in read_eval_log(log).samples or []:
            pool = sample.store_as(RolloutPool)
            assert pool.discrepancies() == ()
            rollouts = [(r.id, r.context, r.summary.text, r.scores) for r in pool.rollouts]
            matches = [m for s in pool.selections for r in s.rounds for m in r.matches]
            votes = [[(v.order, v.verdict) for v in match.votes] for match in matches]
            assert sample.id not in found
            found[sample.id] = (rollouts, votes, pool.draws, pool.adopted)
    return found


def logs_below(folder: Path) -> list[str]:
    return [info.name for info in list_eval_logs(str(folder))]
