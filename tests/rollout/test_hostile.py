"""Whatever a rollout leaves behind is its record; its siblings and the process are untouched."""

import json
from pathlib import Path

import pytest
from commands import run_command
from conftest import Box, docker_box, local_box
from helpers import Outcome, Script, eval_one, shell, submit
from hostile import HOSTILE, INSIDE, MORE, SETUP
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.log import read_eval_log
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, get_model
from inspect_ai.scorer import includes
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import Store
from scripted import acting, pool, problem, reply, run, says, summarize

from inspect_tts import bash_agent, rtv
from inspect_tts.method.records import Rollout
from inspect_tts.models.messages import mend_store

GOOD = "echo two >>code"
UNREADABLE = {
    "a workspace that is a link",
    "no workspace",
    "a workspace that is a file",
    "no shell",
    "no container",
    "sort and find without end",
    "nobody may read",
}
"""After these not even the names of changed files can be told."""
MOST_GROWN = 800
"""MiB by which the process may grow: a snapshot may have 256, and is joined once."""


def play(commands: list[str], box: Box, folder: Path, **options: object) -> Outcome:
    """One rollout a command; the last one is a good one."""

    def act(me: str, turn: int) -> ModelOutput:
        return submit(me) if turn else shell(commands[int(me[1:])])

    task = Task(
        name=box.task_name,
        dataset=[Sample("Work.", target="a", setup=f"{box.setup}\n{SETUP}")],
        scorer=includes(),
        sandbox=box.spec,
    )
    given = {"n": len(commands), "votes": 1, "agent": bash_agent(), "max_rollouts": 99, **options}
    return eval_one(task, rtv(**given), Script(act), folder / "logs")  # type: ignore[arg-type]


def by_command(outcome: Outcome, commands: list[str]) -> list[Rollout]:
    found = {int(outcome.who(one.id)[1:]): one for one in outcome.pool.rollouts}
    return [found[number] for number in range(len(commands))]


@pytest.mark.parametrize(
    "kind",
    [
        "some",
        pytest.param("local", marks=pytest.mark.faults),
        pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.faults]),
    ],
)
def test_no_rollout_ends_its_sample(kind: str, tmp_path: Path) -> None:
    box = docker_box(tmp_path) if kind == "docker" else local_box(tmp_path)
    hostile = HOSTILE if box.kind == "local" else {**HOSTILE, **INSIDE}
    if kind == "some":
        hostile = dict([*hostile.items()][::4])
    commands = [GOOD, *hostile.values(), GOOD]
    outcome = play(commands, box, tmp_path)
    first, *bad, last = by_command(outcome, commands)
    assert outcome.sample.error is None
    for good in (first, last):
        assert good.status == "completed"
        assert good.patch is not None
        assert "+two" in (good.patch.text or "")
    assert [one.summary.status for one in outcome.pool.rollouts] == ["structured"] * len(commands)
    unread = {n for n, one in zip(hostile, bad, strict=True) if one.facts.files_changed is None}
    assert unread <= UNREADABLE
    # Inspect removes no file that an agent has put in place of its folder on `local`
    assert [left for left in box.alive() if not Path(left).is_file()] == []


@pytest.mark.faults
@pytest.mark.parametrize("kind", ["local", pytest.param("docker", marks=pytest.mark.docker)])
def test_the_patch_is_read_whatever_else_was_done(kind: str, tmp_path: Path) -> None:
    box = docker_box(tmp_path) if kind == "docker" else local_box(tmp_path)
    commands = [*MORE.values(), GOOD]
    outcome = play(commands, box, tmp_path)
    assert outcome.sample.error is None
    read = dict(zip([*MORE, "a good one"], by_command(outcome, commands), strict=True))
    assert [name for name, one in read.items() if one.status != "completed"] == []
    texts = {name: (one.patch and one.patch.text) or "" for name, one in read.items()}
    assert [name for name, text in texts.items() if "\n+two" not in text] == []


HALF = "\ud83d"


def half(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    return reply(f"#a {HALF}")


@solver
def keeps_to_itself() -> Solver:
    """An agent whose messages are in no state."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        messages: list[ChatMessage] = [*state.messages]
        for _ in range(2):
            output = await get_model().generate(messages)
            messages.append(output.message)
        return state

    return solve


def test_half_a_surrogate_pair_in_messages_that_an_agent_keeps_to_itself(tmp_path: Path) -> None:
    log = run(problem(), rtv(n=2, votes=1, agent=keeps_to_itself()), tmp_path, agent=half)
    assert log.status == "success", log.error


@solver
def keeps(key: str, value: str) -> Solver:
    """An agent that keeps something in its store."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await generate(state)
        state.store.set(key, value)
        return state

    return solve


@pytest.mark.parametrize(("key", "value"), [("name", f"value {HALF}"), (f"name {HALF}", "value")])
def test_half_a_surrogate_pair_in_a_store(tmp_path: Path, key: str, value: str) -> None:
    log = run(problem(), rtv(n=2, votes=1, agent=keeps(key, value)), tmp_path)
    assert log.status == "success", log.error
    [sample] = read_eval_log(log.location).samples or []
    kept = {key: value for key, value in sample.store.items() if key.startswith("name")}
    assert json.dumps(kept, ensure_ascii=False) in (
        '{"name": "value \ufffd"}',
        '{"name \ufffd": "value"}',
    )


class Odd:
    """As a table or an array, it cannot be compared."""

    def __ne__(self, other: object) -> bool:
        raise ValueError("the truth value of an array is ambiguous")


@pytest.mark.parametrize("value", [("a", "b"), [Odd()], Odd()], ids=["tuple", "list", "object"])
def test_what_an_agent_keeps_stays_the_object_that_it_is(value: object) -> None:
    store = Store()
    store.set("kept", value)
    mend_store(store)
    assert store.get("kept") is value


def test_half_a_surrogate_pair_in_answers_that_are_asked_again(tmp_path: Path) -> None:
    def summarizer(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return summarize(input, config) if len(input) > 1 else reply(f"prose {HALF}")

    def judge(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        for message in input:
            message.text.encode()  # as a request is
        return reply("Final verdict: Solution 1" if len(input) > 1 else f"hm {HALF}")

    log = run(
        problem(),
        rtv(n=2, votes=1, agent=acting(says(f"#a {HALF}", "more"), says("#b"))),
        tmp_path,
        summarizer=summarizer,
        judge=judge,
    )
    assert log.status == "success", log.error
    read = pool(read_eval_log(log.location))
    [vote] = read.selections[0].rounds[0].matches[0].votes
    assert (vote.reasked, vote.verdict is None) == (True, False)
    assert vote.text.startswith("hm \ufffd")
    assert [one.status for one in read.rollouts] == ["completed"] * 2
    assert all(one.summary.reasked for one in read.rollouts)


PEAK = """
import resource, sys
sys.path[:0] = sys.argv[1].split(":")
from pathlib import Path
from conftest import docker_box, local_box
from hostile import HOSTILE
from test_hostile import GOOD, play
folder = Path(sys.argv[2])
box = (local_box if sys.argv[3] == "local" else docker_box)(folder)
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
play([GOOD, GOOD], box, folder)
before = peak()
outcome = play([HOSTILE["a sparse file of 12 GB"], GOOD], box, folder)
print(outcome.sample.error, peak() - before)
"""


@pytest.mark.parametrize(
    "kind", ["local", pytest.param("docker", marks=[pytest.mark.docker, pytest.mark.faults])]
)
def test_memory_stays_bounded(kind: str, tmp_path: Path) -> None:
    if kind == "docker":
        docker_box(tmp_path)  # skips without
    here, tests = Path(__file__).parent, Path(__file__).parents[1]
    paths = f"{here}:{tests}:{tests / 'support'}"
    (tmp_path / "peak.py").write_text(PEAK, encoding="utf-8")
    done = run_command(tmp_path / "peak.py", paths, tmp_path, kind)
    assert done.returncode == 0, done.stderr[-2000:]
    error, grown = done.stdout.split()[-2:]
    assert error == "None"
    assert int(grown) < MOST_GROWN
