"""What shards cost: the demo in one process, in shards with as many rollouts at once, and a resume.

    python bench/shards.py [--n 4] [--shards 4] [--at-once 2] [--rollouts 8] [--problems 10]

The resume is of a set whose launcher was killed when half of the rollouts of the whole run were
saved: what it kept, and what both parts took together.
The simulated model answers at once, so all time is that of processes and sandboxes.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TASK = Path("tasks") / "demo.py"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in (("n", 4), ("shards", 4), ("at-once", 2), ("rollouts", 8)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--problems", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        found = measured(given, Path(home))
    print(json.dumps(found, indent=1))


def measured(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    env = {**os.environ, "HOME": str(folder), "INSPECT_DISPLAY": "none"}
    env["INSPECT_TTS_LEASE_SECONDS"] = "6"
    common = [str(TASK), "--solver", "rtv", "-S", f"n={given.n}", "--model", "simulated/coder"]
    common += ["--limit", str(given.problems), "--max-samples", str(given.problems)]
    one = [sys.executable, "-m", "inspect_ai", "eval", *common, "--log-dir", str(folder / "one")]
    one += ["-S", f"max_rollouts={given.rollouts}"]
    each = max(given.n, given.rollouts // given.at_once)
    split = [sys.executable, "-m", "inspect_tts", "shard", *common, "-S", f"max_rollouts={each}"]
    split += ["--shards", str(given.shards), "--at-once", str(given.at_once)]
    found: dict[str, Any] = {"one process, s": _seconds(one, env)}
    found["shards, s"] = _seconds([*split, "--log-dir", str(folder / "split")], env)
    began = time.perf_counter()
    killed = subprocess.Popen([*split, "--log-dir", str(folder / "cut")], env=env)
    while len(list(folder.glob("cut/*/saved/rollout/*/*"))) < given.n * given.problems // 2:
        time.sleep(0.2)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    found["killed after, s"] = time.perf_counter() - began
    kept = len(list(folder.glob("cut/*/saved/rollout/*/*")))
    [place] = folder.glob("cut/*.shards")
    resume = [sys.executable, "-m", "inspect_tts", "shard", "--resume", str(place)]
    found["resume, s"] = _seconds(resume, env)
    found["rollouts kept"] = kept
    return {name: round(v, 1) if isinstance(v, float) else v for name, v in found.items()}


def _seconds(command: list[str], env: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
