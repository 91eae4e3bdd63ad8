"""Tests of the repository as evidence, and a chain that holds no slot for its sandbox."""

import os
import sys
from pathlib import Path

import pytest
from executed import REPOSITORY, RIGHT, WRONG, checks_shown, leaves, repository
from scripted import acting, pool, run
from test_evidence import UNIT, by_mark

from inspect_tts import adopt, rollouts, rtv, take_evidence, tournament
from inspect_tts.execution.records import UNTOUCHED


def test_a_chain_without_a_spare_slot_waits_for_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    agent = acting(leaves("#good", RIGHT), leaves("#b", WRONG))
    stages = [rollouts(n=2, agent=agent, max_rollouts=2), take_evidence(check=UNIT)]
    stages += [tournament(votes=1), adopt()]
    found = pool(run(repository(), stages, tmp_path))
    assert found.executions[0].reason is None
    assert found.adopted == by_mark(found)["good"]
    assert "one more sandbox than max_rollouts" in caplog.text


JUNIT = f"""{REPOSITORY}
cat > tests/test_all.py <<'END'
import sys
sys.path.insert(0, ".")
from sums import add
def test_zero(): assert add(0, 0) == 0
def test_right_zero(): assert add(3, 0) == 3
def test_bug(): assert add(2, 5) == 7
END
git add -A && git commit -qm tests
"""
PYTEST = "python -m pytest -q tests/test_all.py"


def test_regressions_are_told_by_test_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    agent = acting(
        leaves("#good", RIGHT, PYTEST),
        leaves("#b", WRONG, f"{PYTEST}::test_zero"),
        leaves("#c", None),
    )
    strategy = rtv(n=3, votes=1, agent=agent, evidence="regression", tie="evidence")
    log = run(repository(JUNIT), strategy, tmp_path)
    found = pool(log)
    ids, [taken] = by_mark(found), found.executions
    [check] = taken.checks
    assert (check.origin, check.name, check.junit) == ("repository", "tests/test_all.py", True)
    broke = {run.tree: run.broke for run in taken.runs if run.repeat == 0}
    assert broke == {UNTOUCHED: (), ids["good"]: (), ids["b"]: ("tests.test_all::test_right_zero",)}
    assert any("breaks tests.test_all::test_right_zero" in text for text in checks_shown(log))
    assert found.discrepancies() == ()
