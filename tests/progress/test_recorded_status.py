"""`inspect-tts status` of runs that select among recorded rollouts, during and after."""

import json
import re
from pathlib import Path
from time import sleep
from typing import Any

from click.testing import CliRunner
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput
from scripted import prefer, run

from inspect_tts.cli import main
from inspect_tts.progress.state import RunState
from inspect_tts.recorded import recorded, replay, replay_recorded, select_recorded


def status(place: Path, *options: str) -> Any:
    told = CliRunner().invoke(main, ["status", str(place), *options])
    assert told.exit_code == 0, told.output
    return json.loads(told.stdout) if "--json" in options else told.output


def candidates(folder: Path) -> Path:
    """Problem p has three candidates, q has two."""
    file = folder / "candidates.jsonl"
    rows = [
        {"problem": id, "input": "Solve it.", "candidate": f"I did it. {mark}"}
        for id, marks in {"p": ["#bad", "#good", "#worse"], "q": ["#bad", "#good"]}.items()
        for mark in marks
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


class Watched:
    """A judge that looks at the status before its first vote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.seen: dict[str, Any] = {}
        self.shown = ""

    def __call__(self, messages: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        if not self.seen and "Solution 1" in messages[-1].text:
            for _ in range(600):
                [self.seen] = status(self.folder, "--json")
                states = (self.seen["state"] or {"states": {}})["states"].values()
                if any(each["doing"].startswith("tournament") for each in states):
                    break
                sleep(0.1)
            self.shown = status(self.folder)
        return prefer("#good")(messages, config)


def test_a_selection_among_recorded_rollouts_is_followed(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    judge = Watched(logs)
    task = recorded(paths=str(candidates(tmp_path)), format="candidates")
    log = run(task, select_recorded(votes=4), logs, judge=judge, max_samples=1)
    assert log.status == "success"

    assert (
        "select_recorded on inspect_tts/recorded: 0 of 2 problems, 3/5 summaries, " in judge.shown
    )
    # 8 votes on three rollouts, and on two 4 that have not begun
    assert re.search(r" \d of at most 12 votes, ", judge.shown)
    state = RunState.model_validate(judge.seen["state"])
    assert state.totals("summaries").model_dump(exclude_defaults=True) == {"done": 3, "total": 5}
    assert [*state.states] == ["p/1"]
    assert "tournament 0 round 1" in judge.shown
    assert "t0-n00 t0-n01 t0-n02" in judge.shown
    assert "3/3" in judge.shown
    assert "rollouts" not in judge.shown.partition("summaries")[2]

    after = status(logs)
    assert " finished\n" in after
    assert after.count("adopted t0-n01") == 2
    tags = [read_eval_log(str(path)).eval.tags for path in logs.glob("*.eval")]
    assert tags == [["select_recorded n=2-3"]]


def test_a_replay_is_followed_and_does_not_guess_what_has_not_begun(tmp_path: Path) -> None:
    task = recorded(paths=str(candidates(tmp_path)), format="candidates")
    log = run(task, select_recorded(votes=2), tmp_path / "logs")
    new = tmp_path / "new"
    judge = Watched(new)
    again = run(replay(log.location), replay_recorded(votes=4), new, judge=judge, max_samples=1)
    assert again.status == "success"
    assert "replay_recorded on inspect_tts/replay: 0 of 2 problems, " in judge.shown
    assert re.search(r", \d votes[,;].* 1 in tournament 0", judge.shown)
    assert "of at most" not in judge.shown, "the other problem's votes are not known"
    assert "t0-n00 t0-n01" in judge.shown
    assert status(new).count("adopted t0-n01") == 2
    assert again.eval.tags == ["replay_recorded n=2-3"]
