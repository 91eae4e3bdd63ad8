"""Equal fingerprints are identical candidates; what cannot be told has none."""

from pathlib import Path

import pytest
from conftest import Box, docker_in_faults
from helpers import Outcome, Script, eval_one, shell, submit
from inspect_ai import Task
from inspect_ai.agent import AgentSubmit, as_solver, react
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import bash
from inspect_ai.util import sandbox, store

from inspect_tts import rtv
from inspect_tts.evidence.facts import answer_fingerprint

# --- in real sandboxes

COMMIT = "git add -A && git -c user.name=a -c user.email=a@b commit -qm x"
SETUP = f"""
seq 1 9 > code && seq 9 > gone && printf 'x\\nx\\nx\\nx\\n' > same && printf 'a\\0b' > binary
echo 1 > young && touch -d @1000000000 young && git init -q .
printf '*.o\\n' > .gitignore && git config core.trustctime false
{COMMIT} && touch -d @1000000000 .git/index
"""
EDIT = "sed -i 's/^2$/two/' code"
NEST = f"git init -q sub && cd sub && echo 1 > f && {COMMIT}"
TAMPER = (
    "git config color.ui always && git config diff.noprefix true && git config diff.external false"
    " && git config diff.default.xfuncname '^[0-9]' && git config diff.orderFile /dev/null"
)

SAME: dict[str, tuple[str, ...]] = {
    "an edit": (
        f"{EDIT} && {COMMIT}",
        f"{EDIT} && git add -A && sed -i 's/^two/two \\t/' code",
        f"{EDIT} && sed -i 's/^9/9  /' code",
        f"{EDIT} && sed -i '1i\\\\' code",
        f"{EDIT} && {COMMIT} && git checkout -q -b other && git reset -q --hard && touch b.o",
        f"{TAMPER} && {EDIT}",
        f"{EDIT} && rm .git/index",
    ),
    "another edit": ("sed -i 's/^2$/zwei/' code",),
    "indented": ("sed -i 's/^2$/  two/' code",),
    "elsewhere": ("sed -i 's/^3$/two/' code",),
    "a line among equal lines": ("sed -i '1a y' same",),
    "the line elsewhere": ("sed -i '3a y' same",),
    "end of file": ("echo 10 >> code", "printf 10 >> code"),
    "as young as the index": ("echo 2 > young && touch -d @1000000000 young",),
    "removed": ("rm gone", f"git rm -q gone && {COMMIT}"),
    "emptied": (": > gone",),
    "executable": ("chmod +x code",),
    "binary": ("printf 'c\\0b' > binary", f"printf 'c\\0b' > binary && {COMMIT}"),
    "another binary": ("printf 'd\\0b' > binary",),
    "blanks in a binary": ("printf 'a\\0b ' > binary",),
    "a new binary": ("printf 'e\\0' > new",),
    "a new file": ("echo 1 > new", f"echo '1 ' > new && {COMMIT}"),
    "an empty file": (": > new",),
    "a name with a blank at its end": ("echo 1 > 'new '",),
    "an odd name": ("echo 1 > '-n \"é\\'\nindex @@ '",),
    "a link": ("ln -s code new",),
    "text that looks like a patch": ("printf '%s\\n' 'index 1' '@@ -1 +2 @@' '-- a' > new",),
    "text that looks like another": ("printf '%s\\n' 'index 2' '@@ -1 +3 @@' '-- a' > new",),
    "more than an exec may return": ("seq 2000000 > new",),
    "more, with another end": ("seq 2000000 > new && echo 1 >> new",),
    "a repository inside": (f"{NEST} && echo 2 > f", "mkdir sub && echo 2 > sub/f"),
    "line ends": ("sed -i 's/$/\\r/' code", "sed -i 's/$/ \\r/' code"),
    "answer: nothing changed": (
        *("true", "touch a.o", "sed -i 's/$/ /' code", "echo >> code", "rm -rf .git"),
        "git init -q sub",
    ),
    "answer 2": ("echo of another answer",),
}
"""Commands that leave the same under one name, something else under each other."""
FEW = ("an edit", "another edit", "binary", "answer: nothing changed")
"""Of these, for sandboxes that are slow to open."""
UNKNOWN = ('rm -rf "$PWD"', "truncate -s 12G big")


@solver
def works() -> Solver:
    """An agent whose answer is what it submits."""
    return as_solver(react(tools=[bash()], submit=AgentSubmit(answer_only=True)))


def script(*commands: str) -> Script:
    def act(me: str, turn: int) -> ModelOutput:
        command = commands[int(me[1:])]
        return submit("6" if "another answer" in command else "42") if turn else shell(command)

    return Script(act)


def fingerprints(outcome: Outcome) -> list[str | None]:
    """Of each agent."""
    rollouts = outcome.pool.rollouts
    found = {int(outcome.who(one.id)[1:]): one.facts.fingerprint for one in rollouts}
    return [found[index] for index in range(len(rollouts))]


@docker_in_faults
def test_equal_fingerprints_are_identical_candidates(box: Box, tmp_path: Path) -> None:
    task = Task(
        name=box.task_name,
        dataset=[Sample("Do it.", setup=f"{box.setup}\n{SETUP}")],
        scorer=includes(),
        sandbox=box.spec,
    )
    same = SAME if box.kind == "local" else {name: SAME[name] for name in FEW}
    commands = [*(command for group in same.values() for command in group), *UNKNOWN]
    model = script(*commands)
    solve = rtv(n=len(commands), votes=1, agent=works(), max_rollouts=64)
    outcome = eval_one(task, solve, model, tmp_path)

    found = dict(zip(commands, fingerprints(outcome), strict=True))
    groups = {name: {found[command] for command in group} for name, group in same.items()}
    assert {name for name, group in groups.items() if len(group) != 1} == set()
    kinds = {name: (group.pop() or "").split(":")[0] for name, group in groups.items()}
    assert kinds == {name: "answer" if name.startswith("answer") else "patch" for name in same}
    assert len({found[group[0]] for group in same.values()}) == len(same)
    assert [found[command] for command in UNKNOWN] == [None] * len(UNKNOWN)
    prompts = "\n".join(call.text for call in model.calls)
    hashes = [one.split(":")[1] for one in found.values() if one]
    assert [one for one in hashes if one in prompts] == []


@solver
def changes_the_workspace() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().exec(["sh", "-c", "echo 1 > prepared && sed -i 's/^5$/V/' code"])
        return state

    return solve


def test_a_workspace_that_is_dirty_before_the_first_step(tmp_path: Path) -> None:
    task = Task(
        dataset=[Sample("Do it.", setup=SETUP)],
        setup=changes_the_workspace(),
        scorer=includes(),
        sandbox="local",
    )
    commands = (EDIT, f"{EDIT} && {COMMIT}", "echo 2 > prepared", "true", "echo of another answer")
    outcome = eval_one(task, rtv(n=5, votes=1, agent=works()), script(*commands), tmp_path)

    one, same, other, *answers = fingerprints(outcome)
    assert one is not None
    assert one == same != other
    assert answers == [answer_fingerprint("42"), answer_fingerprint("6")]


@pytest.mark.parametrize("sandboxed", [True, False])
def test_without_git(sandboxed: bool, tmp_path: Path) -> None:
    task = Task(
        dataset=[Sample("Do it.")], scorer=includes(), sandbox="local" if sandboxed else None
    )
    model = Script(lambda me, turn: submit({"a0": "4 2", "a1": "4\n2 "}.get(me, " ")))
    outcome = eval_one(task, rtv(n=3, votes=1, agent=works()), model, tmp_path)

    answer = answer_fingerprint("4 2")
    assert fingerprints(outcome) == ([None] * 3 if sandboxed else [answer, answer, None])


# --- what the agent has stays as it is

STATE = (
    "git --no-optional-locks status --porcelain"
    "; find . -path '*/.git/*' -type f | LC_ALL=C sort | xargs cksum"
)


@solver
def notes() -> Solver:
    """Notes the repository as it leaves it."""
    inner = works()

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        state = await inner(state, generate)
        store().set("state", (await sandbox().exec(["sh", "-c", STATE])).stdout)
        return state

    return solve


@scorer(metrics=[accuracy()])
def left_alone() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        found = (await sandbox().exec(["sh", "-c", STATE])).stdout
        noted = store().get("state")
        return Score(value=noted == found, explanation=f"{noted}\n---\n{found}")

    return score


@docker_in_faults
def test_the_repository_is_left_alone(box: Box, tmp_path: Path) -> None:
    task = Task(
        name=box.task_name,
        dataset=[Sample("Do it.", setup=f"{box.setup}\n{SETUP}")],
        scorer=left_alone(),
        sandbox=box.spec,
    )
    command = (
        f"({NEST} && touch -d @1000000000 f) && {EDIT} && {COMMIT}"
        " && echo 1 > staged && git add staged && echo 2 >> staged; rm gone"
    )
    outcome = eval_one(task, rtv(n=2, votes=1, agent=notes()), script(command, command), tmp_path)

    assert outcome.score("left_alone"), (outcome.sample.scores or {})["left_alone"].explanation
    assert "AM staged" in ((outcome.sample.scores or {})["left_alone"].explanation or "")
    assert None not in fingerprints(outcome)
