"""Other people's scorers and agents, unmodified: SWE-bench's grading, agents behind the bridge."""

import json
from collections import Counter
from pathlib import Path

import pytest
from conftest import Box
from helpers import Script, eval_one, prefer, say, shell, submit
from inspect_ai import Task
from inspect_ai import eval as run_eval
from inspect_ai.agent import Agent, AgentState, agent, react, sandbox_agent_bridge
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState
from inspect_ai.tool import bash
from inspect_ai.util import sandbox
from openai_api import Body, Reply, answer, role_of, serving
from scripted import pool, spans

from inspect_tts import rtv

# --- SWE-bench: a stand-in repository at /testbed, as its images have one

SETUP = """
mkdir -p /opt/miniconda3/bin && echo 'conda() { :; }' > /opt/miniconda3/bin/activate
cd /testbed && git init -q . && git config user.name a && git config user.email a@example.com
mkdir -p bin sympy/tests
cat > sympy/half.py <<'END'
def half(x):
    return x // 2
END
cat > sympy/tests/test_half.py <<'END'
def test_even():
    assert half(4) == 2
END
cat > bin/test <<'END'
#!/usr/bin/env python3
import sys
names = {}
exec(open('sympy/half.py').read(), names)
exec(open(sys.argv[-1]).read(), names)
for name in [name for name in names if name.startswith('test_')]:
    try:
        names[name]()
        print(name, 'ok')
    except AssertionError:
        print(name, 'F')
END
chmod +x bin/test && git add -A && git commit -q -m base && git tag base
git commit -q --allow-empty -m "installed at $(date +%s.%N)"
"""
"""As in the official images, HEAD stands above the base commit; here it differs by sandbox."""
TEST_PATCH = """\
diff --git a/sympy/tests/test_half.py b/sympy/tests/test_half.py
--- a/sympy/tests/test_half.py
+++ b/sympy/tests/test_half.py
@@ -1,2 +1,5 @@
 def test_even():
     assert half(4) == 2
+
+def test_odd():
+    assert half(3) == 1.5
"""
METADATA = {
    "repo": "sympy/sympy",
    "version": "1.12",
    "base_commit": "base",
    "environment_setup_commit": "base",
    "patch": "",
    "test_patch": TEST_PATCH,
    "hints_text": "",
    "created_at": "2024-01-01",
    "FAIL_TO_PASS": ["test_odd"],
    "PASS_TO_PASS": ["test_even"],
}


@pytest.mark.docker
@pytest.mark.interop
def test_swe_bench_grades_the_winner_and_the_other(docker_box: Box, tmp_path: Path) -> None:
    pytest.importorskip("swebench", reason="needs the dependency group `interop`")
    scorers = pytest.importorskip("inspect_evals.swe_bench.scorers")
    solvers = pytest.importorskip("inspect_evals.swe_bench.solvers")

    def act(me: str, turn: int) -> ModelOutput:
        operator = "/" if me == "a1" else "//"
        change = f"sed -i 's|x // 2|x {operator} 2  # {me}|' sympy/half.py"
        return shell(change) if turn == 0 else submit()

    compose = tmp_path / "compose.yaml"
    compose.write_text(compose.read_text().replace("/work", "/testbed"))
    task = Task(
        name=docker_box.task_name,
        dataset=[Sample(id="sympy__sympy-1", input="half(3) is 1", setup=SETUP, metadata=METADATA)],
        setup=solvers.swe_bench_record_start_commit(),
        scorer=scorers.swe_bench_scorer(),
        sandbox=docker_box.spec,
    )
    script = Script(act, prefer("I am a1."))
    solve = rtv(n=2, votes=1, agent=react(tools=[bash()]), score_rollouts=True)
    outcome = eval_one(task, solve, script, tmp_path)

    score = (outcome.sample.scores or {})["swe_bench_scorer"]
    assert score.value == 1.0
    patch = (score.metadata or {})["model_patch"]
    assert "# a1" in patch
    assert patch.count("diff --git") == 1, "the patch holds the winner's change and nothing else"
    others = [r.scores["swe_bench_scorer"] for r in outcome.pool.rollouts if r.scores]
    assert others == [0.0]
    assert docker_box.alive() == []


# --- an agent that runs inside the sandbox, behind Inspect's bridge

AGENT = """
import json, socket, time, urllib.error, urllib.request
for attempt in range(300):  # the proxy takes a moment to listen
    with socket.socket() as probe:
        if probe.connect_ex(('127.0.0.1', 13131)) == 0:
            break
    time.sleep(0.2)
messages = json.load(open('messages.json'))
while True:
    body = json.dumps({'model': 'inspect', 'max_tokens': 99, 'messages': messages}).encode()
    request = urllib.request.Request(
        'http://127.0.0.1:13131/v1/messages', body, {'Content-Type': 'application/json'})
    try:
        answer = json.load(urllib.request.urlopen(request))['content'][0]['text']
    except urllib.error.HTTPError as error:
        raise SystemExit(f'{error}: {error.read().decode()}')
    messages += [{'role': 'assistant', 'content': answer}, {'role': 'user', 'content': 'Go on.'}]
    open('said', 'a').write(answer + '\\n')
    if 'finished' in answer:
        break
"""


@agent
def bridged() -> Agent:
    async def execute(state: AgentState) -> AgentState:
        messages = [{"role": m.role, "content": m.text} for m in state.messages]
        await sandbox().write_file("messages.json", json.dumps(messages))
        await sandbox().write_file("agent.py", AGENT)
        async with sandbox_agent_bridge(state) as bridge:
            ran = await sandbox().exec(["python3", "agent.py"], timeout=100)
            if not ran.success:
                raise RuntimeError(ran.stderr)
            return bridge.state

    return execute


@scorer(metrics=[accuracy()])
def reads_said() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=(await sandbox().read_file("said")).splitlines())

    return score


@pytest.mark.docker
@pytest.mark.faults
def test_a_turn_limit_behind_the_bridge_ends_its_own_rollout_only(
    docker_box: Box, tmp_path: Path
) -> None:
    def act(me: str, turn: int) -> ModelOutput:
        return say("finished" if turn == 1 and me != "a0" else "working")

    task = Task(
        name=docker_box.task_name,
        dataset=[Sample(input="Work.")],
        scorer=reads_said(),
        sandbox=docker_box.spec,
    )
    script = Script(act, prefer("I am a1."))
    solve = rtv(n=2, votes=1, agent=bridged(), turn_limit=3)
    outcome = eval_one(task, solve, script, tmp_path)

    ended = {outcome.who(r.id): (r.status, r.limit, r.turns) for r in outcome.pool.rollouts}
    assert ended == {
        "a0": ("limit", "turn", 4),  # Inspect counts the turn that goes over the limit
        "a1": ("completed", None, 2),
    }
    assert outcome.sample.limit is None
    assert outcome.score("reads_said") == ["I am a1. working", "I am a1. finished"]
    assert docker_box.alive() == []


@pytest.mark.docker
@pytest.mark.faults
def test_each_bridged_agent_asks_the_model_of_its_rollout(
    docker_box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finished(body: Body) -> Reply:
        return "finished" if role_of(body) == "agent" else answer(body)

    task = Task(
        name=docker_box.task_name,
        dataset=[Sample(input="Work.")],
        scorer=reads_said(),
        sandbox=docker_box.spec,
    )
    with serving() as server:
        server.reply = finished
        monkeypatch.setenv("LOCAL_API_KEY", "none")
        monkeypatch.setenv("LOCAL_BASE_URL", f"{server.url}/v1")
        port = server.url.rpartition(":")[2]
        both = [f"openai-api/local/{name}-{port}" for name in ("one", "two")]
        strategy = rtv(n=2, votes=1, agent=bridged(), models=both)
        model = server.model("main")
        [log] = run_eval(task, solver=strategy, model=model, log_dir=str(tmp_path), display="none")
    found = pool(log)
    assert [rollout.status for rollout in found.rollouts] == ["completed"] * 2
    assert Counter(rollout.model for rollout in found.rollouts) == dict.fromkeys(both, 1)
    slots = {f"{rollout.id}-agent": rollout.model for rollout in found.rollouts}
    calls = [e for e in (log.samples or [])[0].events if isinstance(e, ModelEvent)]
    asked = [(call.span_id, call.model) for call in calls if call.model in both]
    assert Counter(model for _, model in asked) == dict.fromkeys(both, 1)
    under = {span.id: span.parent_id for span in spans(log).values()}
    for span, name in asked:
        while span not in slots:
            span = under[span or ""]
        assert slots[span] == name
    assert {r.usage.total_tokens > 0 for r in found.rollouts} == {True}
    assert docker_box.alive() == []
