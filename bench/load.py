"""Many problems at once in one process: does everything finish, in what memory, in what order.

    python bench/load.py [--sandbox docker] [--problems 64] [--n 16] [--turns 5] [--samples]

`rtv` on all problems together, with the model of `overhead.py` that answers at once, and Inspect's
own defaults for rollouts, sandboxes and subprocesses; with `--samples` as `inspect_tts/scaled`.
Commands run without the user's login script. Peak memory is that of the process, with the
interpreter, without the commands. A problem is served in its turn: it starts when its n rollouts
have room, so the share of problems that have ended should grow evenly with time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from inspect_ai import eval
from inspect_ai.log import EvalSample
from overhead import Scripted, workload  # noqa: F401  # registers the model

from inspect_tts import rtv
from inspect_tts.report.samples import problem_pools
from inspect_tts.scaled.records import ScaledSelection
from inspect_tts.scaled.task import scaled

MOST_MEMORY = 1536
"""MiB that the process may take."""
AT_ONCE = 64
"""Rollouts at once where they are samples: as many as a strategy's own default."""


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Run all problems in this process.

    Args:
        given: The options.

    Returns:
        What was done, in which time and memory, and when each quarter of the problems had ended.
    """
    size = given["n"] * (given["turns"] + 1) * 2000
    with tempfile.TemporaryDirectory() as log_dir:
        started = perf_counter()
        log = eval(
            **_how(given, size),
            model="scripted/load",
            model_args={"latency": 0.0, "turns": given["turns"], "output": 2000},
            display="none",
            log_dir=log_dir,
            log_header_only=True,
        )[0]
        seconds = perf_counter() - started
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        without = {"events", "messages"}
        read = list(problem_pools(log.location, print, exclude_fields=without))
        samples, pools = [sample for sample, _ in read], [pool for _, pool in read]
        began = min(datetime.fromisoformat(_began(sample)) for sample in samples)
        ends = sorted(
            (datetime.fromisoformat(str(s.completed_at)) - began).total_seconds() for s in samples
        )
        return {
            "status": log.status,
            "problems": len(samples),
            "rollouts": sum(r.status == "completed" for p in pools for r in p.rollouts),
            "adopted": sum(pool.adopted is not None for pool in pools),
            "seconds": seconds,
            "peak MiB": memory,
            "log MiB": Path(log.location).stat().st_size / 2**20,
            "ended by quarters": [ends[len(ends) * q // 4 - 1] / ends[-1] for q in (1, 2, 3, 4)],
        }


def _began(sample: EvalSample) -> str:
    """When the first sample of a problem started."""
    return str(sample.store_as(ScaledSelection).began or sample.started_at)


def _how(given: dict[str, Any], size: int) -> dict[str, Any]:
    of_task = {"sandbox": given["sandbox"], "problems": given["problems"], "size": size}
    n = {"n": given["n"]}
    if given["samples"]:
        made = scaled(task="workload", task_args=of_task, strategy="rtv", strategy_args=n)
        return {"tasks": made, "max_samples": AT_ONCE}
    return {"tasks": workload(**of_task), "solver": rtv(**n), "max_samples": given["problems"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sandbox", choices=("local", "docker"), default="local")
    parser.add_argument("--problems", type=int, default=64)
    parser.add_argument("--n", type=int, default=16, help="rollouts of a problem")
    parser.add_argument("--turns", type=int, default=5, help="commands of a rollout")
    parser.add_argument("--samples", action="store_true", help="rollouts as samples")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    child, as_json = given.pop("child"), given.pop("json")
    if child:
        print(json.dumps(run(json.loads(child))))
        return
    command = [sys.executable, __file__, "--child", json.dumps(given)]
    with tempfile.TemporaryDirectory() as home:  # without the user's own login script
        alone = {**os.environ, "HOME": home}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=alone)
    found = json.loads(done.stdout.splitlines()[-1])
    if as_json:
        print(json.dumps({"given": given, "found": found}, indent=1))
        return
    for name, value in found.items():
        shown = " ".join(f"{v:.2f}" for v in value) if isinstance(value, list) else value
        print(f"{name:<18}{shown:,.1f}" if isinstance(shown, float) else f"{name:<18}{shown}")
    print(f"{'memory':<18}{found['peak MiB'] / MOST_MEMORY:.2f} of {MOST_MEMORY} MiB")


if __name__ == "__main__":
    main()
