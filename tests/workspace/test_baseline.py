"""The patch of a rollout is what it changed, whatever it told git."""

import subprocess
from pathlib import Path

from conftest import Box, docker_in_faults, local_box
from helpers import Script, eval_one, run_eval, shell, submit
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import sandbox

from inspect_tts import bash_agent, rtv
from inspect_tts.evidence.facts import PATCH_BYTES
from inspect_tts.method.records import Rollout
from inspect_tts.workspace.baseline import read_repository

SETUP = r"""
git init -q -b main . && git config user.name a && git config user.email a@example.org
mkdir lib && printf 'one\ntwo\n' >code && printf 'x\n' >lib/x && printf 'a\0b' >binary
printf '*.o\nbuild/\n' >.gitignore && printf '*.lf text\n' >.gitattributes && printf 'l\n' >y.lf
git add -A && git commit -q -m base && printf '2\n' >code2 && git add -A && git commit -q -m more
"""
EDIT = "echo three >>code"
NEW = "echo new >new"
C = "git -c user.name=b -c user.email=b@b commit -q"
LIE = "#!/bin/sh\nprintf 'x\\0/\\0'\n"

STATES: dict[str, tuple[str, str]] = {
    "nothing": ("true", "true"),
    "an edit": (EDIT, EDIT),
    "assume-unchanged": (f"git update-index --assume-unchanged code && {EDIT}", EDIT),
    "skip-worktree": (f"git update-index --skip-worktree code && {EDIT}", EDIT),
    "info/exclude": (f"echo '*' >.git/info/exclude && {NEW}", NEW),
    "core.excludesFile": (f"echo new >.git/no && git config core.excludesFile .git/no; {NEW}", NEW),
    "a rule of its own": (f"echo new >>.gitignore && {NEW}", f"echo new >>.gitignore; {NEW}"),
    "a rule that hides itself": (
        "echo '*' >lib/.gitignore && echo z >lib/z",
        "echo '*' >lib/.gitignore && echo z >lib/z",
    ),
    "a filter": (
        "git config filter.x.clean 'git show HEAD:code'"
        f" && echo 'code filter=x' >.git/info/attributes; {EDIT}",
        EDIT,
    ),
    "no text": (f"echo '* -diff' >.git/info/attributes && {EDIT}", EDIT),
    "line ends that are converted": (
        "echo '* text' >.git/info/attributes && git config core.autocrlf true"
        " && printf 'one\\r\\ntwo\\r\\n' >code",
        "printf 'one\\r\\ntwo\\r\\n' >code",
    ),
    "attributes that convert": (
        "echo '* text eol=lf' >.gitattributes && printf 'one\\r\\ntwo\\r\\n' >code",
        "printf 'one\\r\\ntwo\\r\\n' >code && echo '* text eol=lf' >.gitattributes"
        " && echo '* -text' >.git/info/attributes",
    ),
    "a replaced blob": (
        f"{EDIT} && git replace $(git rev-parse HEAD:code) $(git hash-object -w code)",
        EDIT,
    ),
    "a replaced tree": (f"{EDIT} && git add code && {C} -m x && git replace HEAD~ HEAD", EDIT),
    "grafts": (f"git rev-parse HEAD >.git/info/grafts && {EDIT}", EDIT),
    "a lying fsmonitor": (
        f"printf '{LIE}' >.git/hooks/f && chmod +x .git/hooks/f"
        f" && git config core.fsmonitor .git/hooks/f && git status -s && {EDIT}",
        EDIT,
    ),
    "core.fileMode": ("git config core.fileMode false && chmod +x code", "chmod +x code"),
    "core.symlinks": ("git config core.symlinks false && ln -s code new", "ln -s code new"),
    "core.worktree": (f"git config core.worktree /nowhere; {EDIT}", EDIT),
    "core.trustctime": (
        "git config core.trustctime false; git config core.checkStat minimal"
        "; printf 'one\\nTWO\\n' >code && touch -r .git/HEAD code",
        "printf 'one\\nTWO\\n' >code",
    ),
    "diff.orderFile": (f"git config diff.orderFile .git/no; {EDIT}; {NEW}", f"{EDIT}; {NEW}"),
    "diff.external": (f"git config diff.external /bin/true; {EDIT}", EDIT),
    "diff.ignoreSubmodules": (f"git config diff.ignoreSubmodules all; {EDIT}", EDIT),
    "a bad config": (f"echo '[[[' >.git/config; {EDIT}", EDIT),
    "another format": (f"git config core.repositoryformatversion 99; {EDIT}", EDIT),
    "git init sub": ("git init -q sub && echo f >sub/f", "mkdir sub && echo f >sub/f"),
    "a repository of its own with commits": (
        f"git init -q sub && cd sub && echo f >f && git add f && {C} -m f && echo g >>f",
        "mkdir sub && printf 'f\\ng\\n' >sub/f",
    ),
    "two in each other": (
        "mkdir -p a/b && git init -q a && git init -q a/b && echo f >a/b/f",
        "mkdir -p a/b && echo f >a/b/f",
    ),
    "git init where there are files": ("cd lib && git init -q . && echo x2 >>x", "echo x2 >>lib/x"),
    "a submodule": (
        f"git init -q m && (cd m && echo f >f && git add f && {C} -m f) && git add m && {C} -m m",
        "mkdir m && echo f >m/f",
    ),
    "a FIFO in place of a file": ("rm code && mkfifo code", "rm code"),
    "a folder in place of a file": (
        "rm code && mkdir code && echo 1 >code/1",
        "rm code && mkdir code && echo 1 >code/1",
    ),
    "a file in place of a folder": ("rm -r lib && echo 1 >lib", "rm -r lib && echo 1 >lib"),
    "a link in place of a folder": ("rm -r lib && ln -s / lib", "rm -r lib && ln -s / lib"),
    "a socket": (f"{EDIT}; python3 -c 'import socket as s; s.socket(1).bind(\"sock\")'", EDIT),
    "no .git": (f"rm -rf .git && {EDIT}", EDIT),
    "another .git": (f"rm -rf .git && git init -q . && {EDIT} && git add -A && {C} -m x", EDIT),
    "a .git that is a file": (f"rm -rf .git && echo 'gitdir: /nowhere' >.git && {EDIT}", EDIT),
    "a .git that is a FIFO": (f"rm -rf .git && mkfifo .git && {EDIT}", EDIT),
    "broken objects": (
        "find .git/objects -type f -exec chmod +w {} +"
        f" -exec sh -c 'for f; do echo x >$f; done' s {{}} +; {EDIT}",
        EDIT,
    ),
    "objects that are FIFOs": (
        "rm -rf .git/objects && mkdir -p .git/objects/pack && cd .git/objects/pack"
        " && echo x >p.pack && mkfifo p.idx && cd ../../.."
        f"; {EDIT}",
        EDIT,
    ),
    "alternates that lead nowhere": (
        f"mkdir -p .git/objects/info; echo /nowhere >.git/objects/info/alternates; {EDIT}",
        EDIT,
    ),
    "a broken index": (f"echo x >.git/index; {EDIT}", EDIT),
    "a lock": (f"touch .git/index.lock; {EDIT}", EDIT),
    "commits": (f"{EDIT}; git add -A; {C} -m x; {NEW}; git add -A; {C} -m y", f"{EDIT}; {NEW}"),
    "amended": (f"{EDIT}; git add -A; {C} --amend -m x", EDIT),
    "rebased": (f"git checkout -q HEAD~; {EDIT}; git add -A; {C} -m x", f"rm code2; {EDIT}"),
    "no history": (f"git checkout -q --orphan o; git rm -rqf --cached .; {EDIT}", EDIT),
    "history that is gone": (
        "git update-ref -d HEAD; git reflog expire --expire=now --all; git gc -q --prune=now"
        f"; {EDIT}",
        EDIT,
    ),
    "sparse": (
        f"git sparse-checkout set --no-cone /code; {EDIT}",
        f"rm -r lib code2 binary .gitignore .gitattributes y.lf; {EDIT}",
    ),
    "bare": (f"git config core.bare true; {EDIT}", EDIT),
    "build output": ("touch a.o; mkdir build; echo 1 >build/x; echo 1 >lib/l.o", "true"),
    "a cache that ignores itself": (
        f"mkdir .cache && echo '*' >.cache/.gitignore && echo 1 >.cache/x; {EDIT}",
        EDIT,
    ),
    "tracked though ignored": ("echo 1 >f.o; git add -f f.o; git commit -qm x", "echo 1 >f.o"),
    "a name like an option": ("echo 1 >./--all", "echo 1 >./--all"),
    "odd names": (
        "printf 1 >'a\nb'; printf 2 >'c\td'; printf 3 >'\\'; printf 4 >'\"é '",
        "printf 1 >'a\nb'; printf 2 >'c\td'; printf 3 >'\\'; printf 4 >'\"é '",
    ),
    "another encoding": ("printf 'caf\\351\\n' >latin", "printf 'caf\\351\\n' >latin"),
    "line ends": ("printf 'one\\r\\ntwo\\r\\n' >code", "printf 'one\\r\\ntwo\\r\\n' >code"),
    "time": ("touch code lib/x", "true"),
}
"""What an agent does, and a plain edit that leaves the same."""
FEW = ("assume-unchanged", "info/exclude", "git init sub", "no .git", "a FIFO in place of a file")
"""Of these, for sandboxes that are slow to open."""


def plain_patch(edit: str, folder: Path) -> str:
    """What git shows of an edit in a repository where nobody told it anything."""

    def sh(script: str) -> bytes:
        return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True).stdout

    folder.mkdir()
    sh(SETUP)
    sh(f"({edit}); git add -A -f")
    show = "git diff --cached --binary --full-index --no-renames HEAD"
    try:
        return sh(show).decode()
    except UnicodeDecodeError:
        return sh(f"echo '* -diff' >.git/info/attributes; {show}").decode()


def rollouts(commands: list[str], box: Box, tmp_path: Path, setup: str = SETUP) -> list[Rollout]:
    """One rollout a command, in the order of the commands."""
    task = Task(
        name=box.task_name,
        dataset=[Sample("Work.", target="x", setup=f"{box.setup}\n{setup}")],
        scorer=includes(),
        sandbox=box.spec,
    )

    def act(me: str, turn: int) -> ModelOutput:
        return submit(me) if turn else shell(commands[int(me[1:])])

    solve = rtv(n=len(commands), votes=1, agent=bash_agent(), max_rollouts=64)
    outcome = eval_one(task, solve, Script(act), tmp_path / "logs")
    by_agent = {int(outcome.who(one.id)[1:]): one for one in outcome.pool.rollouts}
    return [by_agent[number] for number in range(len(commands))]


@docker_in_faults
def test_the_patch_is_what_was_changed(box: Box, tmp_path: Path) -> None:
    names = list(STATES if box.kind == "local" else FEW)
    found = rollouts([STATES[name][0] for name in names], box, tmp_path)
    wrong = {}
    for name, rollout in zip(names, found, strict=True):
        assert rollout.patch is not None
        expected = plain_patch(STATES[name][1], tmp_path / f"plain-{names.index(name)}")
        if rollout.patch.text != expected:
            wrong[name] = (rollout.patch.notice, rollout.patch.text, expected)
    assert wrong == {}


def test_a_submodule_that_is_not_checked_out_is_no_change(tmp_path: Path) -> None:
    link = "git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),sub"
    setup = f"{SETUP}\nmkdir sub && {link} && git commit -q -m sub"
    nothing, edited = rollouts(["true", EDIT], local_box(tmp_path), tmp_path, setup)
    assert nothing.patch is not None
    assert nothing.patch.text == ""
    assert [fact.path for fact in edited.facts.files_changed or ()] == ["code"]


ONCE = (
    *("nothing", "an edit", "assume-unchanged", "info/exclude", "a bad config", "git init sub"),
    *("a filter", "attributes that convert", "a replaced blob", "build output", "another encoding"),
    *("a FIFO in place of a file", "commits", "a broken index", "core.fileMode", "a submodule"),
)
"""What can be told though nothing was noted before the agent."""


@scorer(metrics=[accuracy()])
def patch_of_the_workspace() -> Scorer:
    async def score(state: TaskState, target: Target) -> Score:
        read = await read_repository(target.text, patch_bytes=PATCH_BYTES, folder="lib")
        patch = read.diff.decode() if read is not None and read.diff is not None else None
        return Score(value=1, explanation=patch)

    return score


@solver
def changes() -> Solver:
    async def solve(state: TaskState, generate: Generate) -> TaskState:
        await sandbox().exec(["bash", "-c", state.input_text])
        return state

    return solve


def test_the_patch_where_nothing_was_noted_before(tmp_path: Path) -> None:
    dates = "export GIT_AUTHOR_DATE=@1600000000+0000 GIT_COMMITTER_DATE=@1600000000+0000"
    setup = f"{dates}\n{SETUP}"
    base = tmp_path / "base"
    base.mkdir()
    subprocess.run(["bash", "-c", setup], cwd=base, check=True)
    head = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(head, cwd=base, capture_output=True, text=True, check=True).stdout
    samples = [
        Sample(STATES[name][0], id=name, target=commit.strip(), setup=setup) for name in ONCE
    ]
    task = Task(dataset=samples, scorer=patch_of_the_workspace(), sandbox="local")
    log = run_eval(task, changes(), Script(), tmp_path / "logs")
    assert log.status == "success", log.error
    pairs: dict[str, tuple[str | None, str]] = {}
    for sample in log.samples or []:
        found = (sample.scores or {})["patch_of_the_workspace"].explanation
        expected = plain_patch(STATES[str(sample.id)][1], tmp_path / f"plain {len(pairs)}")
        pairs[str(sample.id)] = (found, expected)
    assert len(pairs) == len(ONCE)
    assert {n: pair for n, pair in pairs.items() if pair[0] != pair[1]} == {}
