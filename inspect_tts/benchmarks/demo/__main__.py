"""`python -m inspect_tts.benchmarks.demo`: run two strategies on the simulated model."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from time import strftime
from typing import Any

from inspect_ai import eval
from inspect_ai.log import EvalLog
from inspect_ai.scorer import CORRECT, INCORRECT
from inspect_ai.solver import SolverSpec

from inspect_tts.stages.pool import RolloutPool

from .task import demo

STRATEGIES: dict[str, dict[str, Any]] = {
    "rtv": {"n": 4, "score_rollouts": True},
    "pdr_rtv": {"n": 3, "top_k": 2, "score_rollouts": True},
}

CHECKED = "version-order"
CHECK = (
    'python3 -c "from versions import newest; '
    "assert newest(['1.0.0-rc.2', '1.0.0-rc.10']) == '1.0.0-rc.10'\""
)
"""A problem, and a user's check that tells rollouts apart better than two votes per match."""

JUDGE_ACCURACY = 0.8  # above the simulation's default: ten problems cannot show a small effect


def main(strategies: Mapping[str, dict[str, Any]] = STRATEGIES, limit: int | None = None) -> int:
    """Run the strategies, write the report, and print the findings and where to look."""
    folder = Path("logs") / f"demo-{strftime('%Y%m%d-%H%M%S')}"
    with TemporaryDirectory(prefix="inspect_tts_demo_", ignore_cleanup_errors=True) as saved:
        for name, arguments in strategies.items():
            kept = {"resume": saved} if name == "rtv" else {}
            log = _eval(name, {**arguments, **kept}, folder, limit=limit)
            if log.status != "success":
                print(f"{name} failed: {log.error.message if log.error else log.status}")
                return 1
        checked = _checked(folder.with_name(f"{folder.name}-check"), saved)
    print("writing the report", flush=True)
    page = folder / "report.html"
    command = [sys.executable, "-m", "inspect_tts", "report", str(folder), "--json"]
    done = subprocess.run([*command, "--html", str(page)], stdout=subprocess.PIPE, check=True)
    runs = {run["strategy"]: run for run in json.loads(done.stdout)["runs"]}
    found = "; ".join(_finding(runs[name]) for name in strategies)
    print(
        f"\nreport: {page.resolve()}\n\n"
        f"With a simulated model, whose judge is set to prefer the better of two rollouts in "
        f"{JUDGE_ACCURACY:.0%} of votes, {found}. This says nothing about real models.\n\n"
        f"{checked}\n\n"
        f"To see every rollout, vote and prompt:\n"
        f"  {Path(sys.executable).parent / 'inspect'} view --log-dir {folder}"
    )
    return 0


def _eval(name: str, arguments: dict[str, Any], folder: Path, **options: Any) -> EvalLog:
    shown = ", ".join(f"{key}={value}" for key, value in arguments.items() if key != "resume")
    print(f"{name}: {shown}", flush=True)
    [log] = eval(
        demo(),
        solver=SolverSpec(f"inspect_tts/{name}", arguments, arguments),
        model="simulated/coder",
        model_args={"judge_accuracy": JUDGE_ACCURACY},
        log_dir=str(folder),
        log_realtime=False,  # nobody watches the viewer during the demo
        display="rich" if sys.stdout.isatty() else "plain",
        **options,
    )
    return log


def _checked(folder: Path, saved: str) -> str:
    """Say what is selected from rollouts that `rtv` has saved, without a check and with one."""
    found = list[str]()
    for given in ({}, {"check": CHECK}):
        arguments = {"n": 3, "votes": 2, **given, "resume": saved}
        log = _eval("rtv", arguments, folder, sample_id=CHECKED)
        [sample] = log.samples or []
        score = (sample.scores or {})["hidden_test"]
        word = {CORRECT: "right", INCORRECT: "wrong"}[str(score.value)]
        found.append(f"{sample.store_as(RolloutPool).adopted}, which is {word}")
    return (
        f"From the same {arguments['n']} rollouts of {CHECKED}, {arguments['votes']} votes per "
        f"match select {found[0]}; with a user's check as evidence, {found[1]} (logs in {folder})."
    )


def _finding(run: dict[str, Any]) -> str:
    """Say what a strategy gained."""
    selected, single, gain = (run["scores"][name] for name in ("selected", "pass_1", "gain"))
    low, high = gain["low"], gain["high"]
    sure = "" if low is None else f", 95% interval {100 * low:+.0f} to {100 * high:+.0f}"
    return (
        f"{run['strategy']} solves {selected['value']:.0%} of the problems and a "
        f"single rollout {single['value']:.0%} ({100 * gain['value']:+.0f} points{sure})"
    )


if __name__ == "__main__":
    # login shells would read the user's own profile, which may be slow or print text
    with TemporaryDirectory(prefix="inspect_tts_demo_", ignore_cleanup_errors=True) as home:
        os.environ["HOME"] = home
        # `python3` without the wrapper of a version manager, which takes ten times as long to start
        os.environ["PATH"] = os.pathsep.join([sys.base_exec_prefix + "/bin", os.environ["PATH"]])
        sys.exit(main())
