"""Shards on a Ray cluster whose nodes die.

`RAY_SIZE=30,6,8` says how many problems, shards and rollouts, `RAY_KIND=local` which sandboxes.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fsspec
import pytest
from helpers import compose_file, containers, docker_missing
from inspect_ai.log import list_eval_logs, read_eval_log
from installed import installed

from inspect_tts import RolloutPool
from inspect_tts.shards.sets import ShardSet

pytestmark = [pytest.mark.faults, pytest.mark.alone]
SUPPORT = Path(__file__).parents[1] / "support"
PROBLEMS, SHARDS, N = (int(x) for x in os.environ.get("RAY_SIZE", "6,3,2").split(","))
KIND = os.environ.get("RAY_KIND", "docker")
OPTIONS = ["--solver", "rtv", "-S", f"n={N}", "-S", "votes=1", "--display", "plain"]


@pytest.fixture
def cluster() -> Iterator[Any]:
    """Three nodes on this machine; the first has no room for a shard, as it holds Ray itself."""
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")  # of a machine with much to do
    utils = pytest.importorskip("ray.cluster_utils", reason="needs Ray")
    made = utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(2):
        made.add_node(num_cpus=2, resources={"docker": 2})
    yield made
    made.shutdown()


def decisions(logs: list[str]) -> dict[Any, Any]:
    """Every decision in logs."""
    found: dict[Any, Any] = {}
    for log in logs:
        for sample in read_eval_log(log, resolve_attachments=False).samples or []:
            pool = sample.store_as(RolloutPool)
            assert pool.discrepancies() == ()
            matches = [m for s in pool.selections for r in s.rounds for m in r.matches]
            votes = [[(v.order, v.verdict) for v in match.votes] for match in matches]
            found[sample.id] = (votes, pool.draws, pool.adopted)
    return found


@pytest.mark.parametrize("where", ["files", pytest.param("s3", marks=pytest.mark.interop)])
@pytest.mark.docker
def test_shards_survive_the_death_of_their_nodes(
    where: str, cluster: Any, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if KIND == "docker" and (missing := docker_missing()):
        pytest.skip(missing)
    logs = (
        str(tmp_path / "logs") if where == "files" else f"{request.getfixturevalue('bucket')}/logs"
    )
    name, calls = f"t{uuid4().hex[:8]}", tmp_path / "calls"
    env = os.environ | {
        "CUT_OFF_CALLS": str(calls),
        "INSPECT_TTS_LEASE_SECONDS": "6",
        "HOME": str(tmp_path),  # what the user's login script prints is in no output
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "INSPECT_EVAL_CTL_SERVER": "false",
        **installed(tmp_path, "cut_off"),
    }
    task = ["sharded_task.py", "-T", f"name={name}", "-T", f"kind={KIND}"]
    task += ["-T", f"config={compose_file(tmp_path)}"] if KIND == "docker" else []
    task += ["-T", f"problems={PROBLEMS}", *OPTIONS]
    run = [sys.executable, "-m", "inspect_tts", "shard", *task, "--log-dir", logs]
    run += ["--shards", str(SHARDS), "--executor", "ray", "--address", cluster.address]
    run += ["--ray-resources", '{"docker": 1}']
    run += ["--ray-runtime-env", str(_runtime_env(tmp_path, env))]
    launcher = subprocess.Popen(run, cwd=SUPPORT, env=env, stdout=subprocess.PIPE, text=True)
    in_flight = 0
    for kill in range(2):
        _until(lambda kill=kill: len(_made(calls)) > (kill + 1) * PROBLEMS * N // 2, launcher)
        saved = len(fsspec.open_files(f"{logs}/*.plan/saved/rollout/*/*.unit"))
        in_flight += sum(call[2] == 1 for call in _made(calls)) - saved
        node = next(iter(cluster.worker_nodes))
        cluster.remove_node(node, allow_graceful=False)
        cluster.add_node(num_cpus=2, resources={"docker": 2})
    said, _ = launcher.communicate(timeout=1500)
    assert launcher.returncode == 0, said
    assert "all shards finished" in said

    alone = tmp_path / "alone"
    env |= {"CUT_OFF_CALLS": str(tmp_path / "calls-alone")}
    whole = [sys.executable, "-m", "inspect_ai", "eval", *task, "--log-dir", str(alone)]
    subprocess.run(whole, cwd=SUPPORT, env=env, check=True, stdout=subprocess.DEVNULL)
    one = decisions([info.name for info in list_eval_logs(str(alone))])
    [place] = {info.name.split(".shards")[0] for info in list_eval_logs(logs)}
    found = ShardSet(f"{place.removeprefix('file://')}.shards")
    states = found.states(found.plan())
    assert all(state.finished for state in states.values())
    assert decisions([str(state.log) for state in states.values()]) == one
    assert len(one) == PROBLEMS
    ended = Counter(call for call in _made(calls) if call[2] == 1)  # a rollout's last turn
    wanted = Counter(call for call in _made(tmp_path / "calls-alone") if call[2] == 1)
    assert set(ended) == set(wanted)
    again = (ended - wanted).total()
    print(f"{where}: {again} of {wanted.total()} rollouts made their last call twice")
    assert again <= in_flight, "only those that were not saved yet when their node was killed"
    assert KIND != "docker" or containers(name) == []


def _made(calls: Path) -> list[tuple[Any, ...]]:
    if not calls.exists():
        return []
    lines = calls.read_text(encoding="utf-8").splitlines()
    return [(call[0], str(call[1]), call[2]) for call in map(json.loads, lines)]


def _until(true: Any, launcher: "subprocess.Popen[str]") -> None:
    while not true() and launcher.poll() is None:
        time.sleep(0.3)


def _runtime_env(folder: Path, env: dict[str, str]) -> Path:
    names = [
        n
        for n in env
        if n.startswith(("CUT_OFF", "HOME", "INSPECT_", "AWS_", "XDG_", "PYTHONPATH"))
    ]
    file = folder / "runtime.json"
    file.write_text(json.dumps({"env_vars": {name: env[name] for name in names}}))
    return file
