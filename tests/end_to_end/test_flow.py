"""Strategies named in a file of inspect-flow, as its command runs them."""

import os
import sys
from pathlib import Path

import pytest
from commands import run_command
from inspect_ai.log import list_eval_logs, read_eval_log

from inspect_tts import RolloutPool

SPEC = """
from inspect_flow import FlowSolver, FlowSpec, FlowTask

FlowSpec(
    log_dir="logs",
    tasks=[
        FlowTask(
            name="inspect_tts/demo",
            model="simulated/coder",
            solver=FlowSolver(name=name, args={"n": 2, "votes": 1, **args}),
        )
        for name, args in (("rtv", {}), ("inspect_tts/pdr_rtv", {"top_k": 1}))
    ],
)
"""


@pytest.mark.interop
def test_a_flow_file_names_strategies_and_their_arguments(tmp_path: Path) -> None:
    pytest.importorskip("inspect_flow", reason="needs the dependency group `interop`")
    (tmp_path / "flow.py").write_text(SPEC, "utf-8")
    words = ["flow", "run", "flow.py", "--limit", "1", "--display", "none", "--no-store-write"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # it calls `uv`
    env = {"PATH": path, "XDG_DATA_HOME": str(tmp_path / "data")}
    done = run_command(*words, cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    pools = {}
    for info in list_eval_logs(str(tmp_path / "logs")):
        log = read_eval_log(info.name)
        [sample] = log.samples or []
        pools[log.plan.steps[-1].solver.rpartition("/")[2]] = sample.store_as(RolloutPool)
    assert {name: len(pool.rollouts) for name, pool in pools.items()} == {"rtv": 2, "pdr_rtv": 4}
    assert all(pool.adopted and pool.discrepancies() == () for pool in pools.values())
