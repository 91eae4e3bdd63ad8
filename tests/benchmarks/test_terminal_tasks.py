"""Real Terminal-Bench tasks on docker: reference solutions, no-ops, and `rtv` with Terminus.

One task by default; `make terminal` runs all. The first run builds the images.
"""

import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import claude_code
import pytest
import terminal_standins as standins
from helpers import Outcome, Script, containers, eval_one, prefer
from inspect_ai import eval as inspect_eval
from inspect_ai import task_with
from inspect_ai.event import ModelEvent, SandboxEvent
from inspect_ai.log import resolve_sample_attachments
from inspect_ai.model import Model, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox
from terminal_playbooks import BROKEN, RIGHT, playbook, write_playbooks

from inspect_tts import rtv
from inspect_tts.agents.terminus.record import TerminusRecord
from inspect_tts.benchmarks.terminal_bench.harbor import inspect_harbor
from inspect_tts.benchmarks.terminal_bench.task import terminal_bench

SERVICE = "kv-store-grpc"
"""Its tests talk to a server that the agent left running."""

MANY = (
    SERVICE,
    "regex-log",
    "sqlite-db-truncate",
    "cancel-async-tasks",
    "circuit-fibsqrt",
    "cobol-modernization",
    "code-from-image",
    "configure-git-webserver",
    "constraints-scheduling",
    "db-wal-recovery",
    "distribution-search",
    "dna-assembly",
    "extract-moves-from-video",
    "feal-linear-cryptanalysis",
    "git-leak-recovery",
    "headless-terminal",
    "largest-eigenval",
    "llm-inference-batching-scheduler",
    "log-summary-date-ranges",
    "merge-diff-arc-agi-task",
    "model-extraction-relu-logits",
    "multi-source-data-merger",
    "nginx-request-logging",
    "openssl-selfsigned-cert",
    "password-recovery",
    "path-tracing",
    "path-tracing-reverse",
    "polyglot-c-py",
    "polyglot-rust-c",
    "prove-plus-comm",
    "raman-fitting",
    "sparql-university",
    "video-processing",
    "vulnerable-secret",
)
ALL = os.environ.get("INSPECT_TTS_TERMINAL") == "all"
by_make_terminal = pytest.mark.skipif(not ALL, reason="`make terminal` runs it")
pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def _can_run() -> None:
    missing = standins.missing()
    if missing:
        pytest.skip(missing)


@solver
def nothing() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        return state

    return solve


def simulated(name: str, folder: Path) -> Model:
    """A model whose first rollout breaks the task's solution and whose second does not."""
    book, seed = write_playbooks([name], folder), BROKEN[name].seed
    return get_model("simulated/coder", playbook=book, failure_rate=0.0, seed=seed)


def graded(outcome: Outcome) -> int:
    """How often the tests were run in the sample's life."""
    commands = [e.cmd or "" for e in outcome.sample.events if isinstance(e, SandboxEvent)]
    return sum("; then /tests/test.sh;" in command for command in commands)


@by_make_terminal
@pytest.mark.parametrize("name", MANY)
def test_the_reference_solution_passes_and_doing_nothing_fails(name: str, tmp_path: Path) -> None:
    path = str(standins.prepared(name))
    scores = {}
    for kind, agent in (("nothing", nothing()), ("solution", inspect_harbor().oracle())):
        outcome = eval_one(terminal_bench(path=path), agent, Script(), tmp_path)
        assert outcome.sample.id == name
        assert graded(outcome) == 1
        scores[kind] = outcome.score("terminal_tests")
    assert scores == {"nothing": 0, "solution": 1}


@pytest.mark.parametrize("name", sorted(BROKEN) if ALL else [SERVICE])
def test_rtv_adopts_the_container_that_terminus_left(name: str, tmp_path: Path) -> None:
    own_name = f"t{uuid4().hex[:8]}"
    task = terminal_bench(path=str(standins.prepared(name)))
    outcome = eval_one(
        task_with(task, name=own_name),
        rtv(n=2, votes=1, score_rollouts=True),
        simulated(name, tmp_path),
        tmp_path,
        model_roles={"judge": Script(judge=prefer(RIGHT)).model()},
    )
    pool = outcome.pool
    wrong, right = pool.rollouts
    assert (wrong.status, right.status) == ("completed", "completed")
    assert (RIGHT in wrong.summary.text, RIGHT in right.summary.text) == (False, True)
    assert pool.adopted == right.id
    assert outcome.score("terminal_tests") == 1
    assert (wrong.scores, right.scores) == ({"terminal_tests": 0}, None)
    # each in its own container, the adopted one by the task's scorer alone
    assert graded(outcome) == 2
    assert outcome.sample.store_as(TerminusRecord).ended == "complete"
    assert containers(own_name) == []
    _check_blindness(name, outcome)


def _check_blindness(name: str, outcome: Outcome) -> None:
    sample = resolve_sample_attachments(outcome.sample)
    calls = [event for event in sample.events if isinstance(event, ModelEvent)]
    sent = "\n".join(m.model_dump_json() for call in calls for m in call.input)
    roles = {call.role for call in calls}
    assert {"judge", "summarizer"} <= roles
    assert playbook(name).marker in sent
    for word in ("/tests/", "reward.txt", "terminal_tests", "harbor", "test_outputs"):
        assert word not in sent
    tests = standins.unpacked() / name / "tests" / "test_outputs.py"
    lines = {line.strip() for line in tests.read_text(encoding="utf-8").splitlines()}
    hidden = {line for line in lines if len(line) > 40 and not line.startswith("#")}
    assert hidden
    assert {line for line in hidden if line in sent} == set()


AGENTS: dict[str, dict[str, Any]] = {
    "inspect_tts/bash_agent": {},
    "inspect_tts/mini_swe_agent": {"cwd": "/app"},
    "inspect_swe/claude_code": {"version": "sandbox"},
}


@by_make_terminal
@pytest.mark.parametrize("agent", AGENTS)
def test_other_agents_run_on_it(agent: str, tmp_path: Path) -> None:
    ours = agent.startswith("inspect_tts/")
    if not ours and not claude_code.AVAILABLE:
        pytest.skip("Claude Code comes by npm, for x86_64")
    path = standins.prepared("regex-log", with_claude_code=not ours)
    solution = standins.unpacked() / "regex-log" / "solution" / "solve.sh"
    outcome = eval_one(
        terminal_bench(path=str(path), override_memory_mb=None if ours else 8192),
        rtv(n=2, votes=1, agent=agent, agent_args=AGENTS[agent]),
        simulated("regex-log", tmp_path) if ours else claude_code.running(solution.read_text()),
        tmp_path,
        model_roles={"judge": Script(judge=prefer(RIGHT)).model()},
    )
    assert [rollout.status for rollout in outcome.pool.rollouts] == ["completed"] * 2
    assert outcome.score("terminal_tests") == 1


SCRIPTS = {
    "tests that do not end": ("sleep 60\n", "took longer than 2 seconds"),
    "tests without a verdict": ("echo no reward\n", "wrote no reward"),
}


@pytest.mark.parametrize(("script", "told"), SCRIPTS.values(), ids=SCRIPTS)
def test_tests_that_give_no_verdict_count_as_failed(script: str, told: str, tmp_path: Path) -> None:
    from test_terminal_bench import TOML, write_task

    folder = write_task(tmp_path / "one", TOML.replace("90.0", "2.0"))
    (folder / "tests" / "test.sh").write_text(script, encoding="utf-8")
    outcome = eval_one(terminal_bench(path=str(folder)), nothing(), Script(), tmp_path)
    assert outcome.score("terminal_tests") == 0
    score = (outcome.sample.scores or {})["terminal_tests"]
    assert told in (score.explanation or "")


PLANTED = {
    "/logs/verifier/reward.json": '{"reward": 1}',
    "/logs/verifier/reward.txt": "1",
    "/tests/helper.sh": "echo 1 > /logs/verifier/reward.txt",
}


def test_an_agent_cannot_write_its_own_reward(tmp_path: Path) -> None:
    from test_terminal_bench import write_task

    @solver
    def plants() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            for path, text in PLANTED.items() if state.sample_id != "kept" else ():
                await sandbox().write_file(path, text)
            return state

        return solve

    reward = "/logs/verifier/reward.txt"
    ends = {"fails": f"sh helper.sh || echo 0 > {reward}", "no-verdict": "true", "kept": "true"}
    for name, end in ends.items():
        folder = write_task(tmp_path / "tasks" / name)
        (folder / "tests" / "test.sh").write_text(f"cd /tests\n{end}\n", encoding="utf-8")
    image = "FROM tts/base:bookworm\nRUN mkdir /tests && touch /tests/old\nUSER nobody\n"
    (folder / "environment" / "Dockerfile").write_text(image, encoding="utf-8")
    [log] = inspect_eval(
        terminal_bench(path=str(tmp_path / "tasks")),
        solver=plants(),
        model="mockllm/model",
        display="none",
        log_dir=str(tmp_path / "logs"),
    )
    found = {str(s.id): (s.scores or {})["terminal_tests"].value for s in log.samples or []}
    assert found == dict.fromkeys(ends, 0.0)
    [kept] = (s for s in log.samples or [] if s.id == "kept")
    assert "cannot be removed: /tests" in str((kept.scores or {})["terminal_tests"].explanation)


def test_the_tasks_that_run_here_are_those_shown_to_work_offline() -> None:
    assert set(MANY) <= set(standins.validated())
    assert len(set(MANY)) >= 25
    assert playbook(SERVICE).right.shell() != playbook(SERVICE).wrong[0].shell()
