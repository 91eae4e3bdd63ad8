"""The selected rollout becomes the sample's, and the task's own unmodified scorers grade it."""

from pathlib import Path

import pytest
from conftest import Box
from helpers import Script, compose_file, eval_one, prefer, say, shell, shell_then_submit, submit
from inspect_ai import Task
from inspect_ai.agent import AgentSubmit, as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import CORRECT, INCORRECT, Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import bash
from inspect_ai.util import sandbox, sandbox_with, store

from inspect_tts import rtv

WINNER = "a1"
HIDDEN_TEST = "from solution import double\nassert double(4) == 8\n"


@solver
def coder() -> Solver:
    """Works in the sandbox, and keeps who it is in the store."""
    works = as_solver(react(tools=[bash()], submit=AgentSubmit(answer_only=True)))

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await works(state, generate)
        store().set("who", state.output.completion)
        return state

    return solve


def fix_if(winner: str) -> Script:
    """One of the agents writes a right solution, and the judge sees that it is that one's."""

    def act(me: str, turn: int) -> ModelOutput:
        body = "2 * x" if me == winner else "x + 2"
        if turn == 0:
            return shell(f"printf 'def double(x):\\n    return {body}\\n' > solution.py")
        return submit(me)

    return Script(act, prefer(f"I am {winner}."))


@scorer(metrics=[accuracy()])
def runs_hidden_test() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        await sandbox().write_file("hidden_test.py", HIDDEN_TEST)
        run = await sandbox().exec(["python3", "hidden_test.py"])
        return Score(value=CORRECT if run.success else INCORRECT, explanation=run.stderr)

    return score


@scorer(metrics=[accuracy()])
def reads_store() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        same = store().get("who") == state.store.get("who") == target.text
        return Score(value=CORRECT if same else INCORRECT)

    return score


@scorer(metrics=[accuracy()])
def reads_output() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        right = state.output.completion == target.text
        return Score(value=CORRECT if right else INCORRECT, answer=state.output.completion)

    return score


@scorer(metrics=[accuracy()])
def counts_sandboxes(box: Box) -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=len(box.alive()))

    return score


def test_scorers_of_sandbox_store_and_output_grade_the_winner(box: Box, tmp_path: Path) -> None:
    script = fix_if(WINNER)
    judge, alive_at_votes = script.judge, list[int]()

    def counting_judge(prompt: str) -> ModelOutput | str:
        alive_at_votes.append(len(box.alive()))
        return judge(prompt)

    script.judge = counting_judge
    task = Task(
        name=box.task_name,
        dataset=[Sample(input="Write solution.py.", target=WINNER, setup=box.setup)],
        scorer=[runs_hidden_test(), reads_store(), reads_output(), counts_sandboxes(box)],
        sandbox=box.spec,
    )
    outcome = eval_one(task, rtv(n=3, votes=1, agent=coder()), script, tmp_path)

    adopted = outcome.pool.adopted
    assert adopted is not None
    assert outcome.who(adopted) == WINNER
    for name in ("runs_hidden_test", "reads_store", "reads_output"):
        assert outcome.score(name) == CORRECT, name
    said = [m.text for m in outcome.sample.messages if m.role == "assistant"]
    assert said
    assert all(f"I am {WINNER}." in text for text in said), "its messages are the sample's"
    assert alive_at_votes[0] == 4, "the sample's own and one for each rollout, until it is decided"
    assert outcome.score("counts_sandboxes") == 1, "before scoring all but the winner's are closed"
    assert box.alive() == []


@pytest.mark.parametrize("winner", ["a0", "a1"])
def test_it_is_the_votes_that_decide(winner: str, tmp_path: Path) -> None:
    task = Task(
        dataset=[Sample(input="Write solution.py.", target="a0")],
        scorer=[runs_hidden_test(), reads_output()],
        sandbox="local",
    )
    script = fix_if("a0")
    script.judge = prefer(f"I am {winner}.")
    outcome = eval_one(task, rtv(n=2, votes=2, agent=coder()), script, tmp_path)

    expected = CORRECT if winner == "a0" else INCORRECT
    assert (outcome.score("runs_hidden_test"), outcome.score("reads_output")) == (expected,) * 2


# --- more than one service


ANYWHERE = "/etc/passwd"


@solver
def finds_by_file() -> Solver:
    """Makes Inspect remember which sandbox has a file."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        assert await sandbox_with(ANYWHERE) is not None
        return state

    return solve


@solver
def writes_to_both() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        for service in ("default", "db"):
            await sandbox(service).write_file("/work/row", f"{service} {state.output.completion}")
        return state

    return solve


@scorer(metrics=[accuracy()])
def reads_both() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        rows = [await sandbox(service).read_file("/work/row") for service in ("default", "db")]
        found = await sandbox_with(ANYWHERE)  # the sample's setup has asked the same
        assert found is not None
        return Score(value=[*rows, await found.read_file("/work/row")])

    return score


@pytest.mark.docker
@pytest.mark.faults
def test_all_named_services_are_the_winners(docker_box: Box, tmp_path: Path) -> None:
    compose = compose_file(tmp_path, ["default", "db"])
    task = Task(
        name=docker_box.task_name,
        dataset=[Sample(input="Fill the database.")],
        setup=finds_by_file(),
        scorer=reads_both(),
        sandbox=("docker", compose),
    )
    script = Script(act=lambda me, turn: say("Filled."), judge=prefer(f"I am {WINNER}."))
    outcome = eval_one(task, rtv(n=2, votes=1, agent=writes_to_both()), script, tmp_path)

    rows = [f"{service} I am {WINNER}. Filled." for service in ("default", "db", "default")]
    assert outcome.score("reads_both") == rows
    assert docker_box.alive() == []


# --- a running service

SERVE = (
    "mkdir -p /srv/www && echo {me} > /srv/www/who && cd /srv/www && "
    "(nohup python3 -m http.server 8000 >/dev/null 2>&1 &)"
)
FETCH = (
    "import urllib.request as r\n"
    "for _ in range(50):\n"
    "    try:\n"
    "        print(r.urlopen('http://127.0.0.1:8000/who').read().decode()); break\n"
    "    except OSError:\n"
    "        __import__('time').sleep(0.1)\n"
)


@scorer(metrics=[accuracy()])
def fetches() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        got = await sandbox().exec(["python3", "-c", FETCH], timeout=30)
        return Score(value=got.stdout.strip(), explanation=got.stderr)

    return score


@pytest.mark.docker
def test_a_service_that_the_winner_started_still_runs(docker_box: Box, tmp_path: Path) -> None:
    task = Task(
        name=docker_box.task_name,
        dataset=[Sample(input="Serve who you are on port 8000.")],
        scorer=fetches(),
        sandbox=docker_box.spec,
    )
    script = Script(shell_then_submit(SERVE), prefer(f"I am {WINNER}."))
    solve = rtv(n=2, votes=1, agent=react(tools=[bash()]))
    outcome = eval_one(task, solve, script, tmp_path)

    assert outcome.score("fetches") == WINNER
    assert docker_box.alive() == []
