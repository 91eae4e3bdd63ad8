"""Which commands count as reaching for the reference solution."""

import pytest

from inspect_tts.evidence.leaks import leaks, revisions
from inspect_tts.evidence.shell import programs

LEAKS = {
    "all refs": ("git log --all", "reads all history"),
    "all refs, behind another command": (
        "cd /testbed && git log --oneline --all | head",
        "all hist",
    ),
    "options of git before": ("timeout 20 git -C /testbed --no-pager log --all -p", "all history"),
    "in the environment": ("GIT_PAGER=cat git log --all", "all history"),
    "branches": ("git log --branches", "all history"),
    "remote branches by pattern": ("git log --remotes=origin -5", "all history"),
    "list of all commits": ("git rev-list --all", "all history"),
    "inside of a substitution": ("git grep foo $(git rev-list --all)", "all history"),
    "inside of quotation marks": ('echo "$(git log --all)"', "all history"),
    "inside of a loop": ("for c in $(git rev-list --all); do git show $c; done", "all history"),
    "inside of bash -c": ("bash -lc 'git log --all'", "all history"),
    "in a script for bash": ("bash <<'E'\ngit fetch\nE", "asks an upstream"),
    "in an open quotation": ("git log --all 'unclosed", "all history"),
    "after a comment": ("git log -5 # look\ngit fetch", "asks an upstream"),
    "by a Python script": (
        "python -c \"import subprocess; subprocess.run(['git', 'log', '--all'])\"",
        "all history",
    ),
    "reflog": ("git reflog", "reflog"),
    "reflog, walked": ("git log -g", "all history"),
    "an earlier place of HEAD": ("git show HEAD@{1}", "upstream history"),
    "lost objects": ("git fsck --lost-found", "all objects"),
    "every object": ("git cat-file --batch-check --batch-all-objects", "all objects"),
    "upstream branch": ("git show origin/main", "upstream history"),
    "range to upstream": ("git log HEAD..origin/main", "upstream history"),
    "file of upstream": ("git diff upstream/main -- a.py", "upstream history"),
    "fetch": ("git fetch", "asks an upstream"),
    "fetch and look": ("git fetch origin main && git show HEAD", "asks an upstream"),
    "pull": ("git pull --rebase", "asks an upstream"),
    "clone of a url": ("git clone https://github.com/django/django /tmp/x", "asks an upstream"),
    "new remote": ("git remote add up git@github.com:a/b", "asks an upstream"),
    "remote branches": ("git ls-remote", "asks an upstream"),
    "raw file": ("curl -s https://raw.githubusercontent.com/a/b/main/c.py", "raw.githubuser"),
    "diff of a pull request": ("wget https://github.com/a/b/pull/5.diff", "github.com"),
    "GitHub's client": ("gh pr view 123", "asks GitHub"),
    "download in Python": (
        "python - <<'E'\nimport urllib.request\nurllib.request.urlopen('https://github.com/x')\nE",
        "github.com",
    ),
    "release": ("pip download django==5.1", "gets a release"),
    "upgrade": ("pip install --upgrade Django", "gets a release"),
    "module pip": ("python3.11 -m pip install -U django==5.0.1", "gets a release"),
    "uv": ("uv pip install django", "gets a release"),
    "source of the upstream": ("pip install git+https://github.com/a/b", "gets a release"),
}

HARMLESS = [
    "git log -5",
    "git log --oneline -- tests",
    "git log --all-match --grep=x",
    "git log -- --all",
    "git log -p -S 'origin/main' a.py",
    "git show HEAD",
    "git show HEAD~2:setup.py",
    "git diff HEAD",
    "git blame -L 1,20 a.py",
    "git stash; git stash show -p stash@{0}",
    "git add --all && git commit --all -m 'git fetch'",
    "git branch -a",
    "git tag",
    "git clone . /tmp/copy",
    "git checkout -- a.py",
    "grep -rn 'git log --all' docs",
    "grep -r github.com .",
    "echo 'git fetch'",
    "cat README.md # git fetch",
    "cat > notes.md <<'E'\ngit fetch\nE",
    "sed -i 's/git fetch/x/' a",
    "pip install -e .",
    "pip install pytest",
    "pip install -r requirements.txt",
    "pip download numpy",
    "curl http://localhost:8000/",
    "python -c 'import requests; print(requests.get)'",
    "python -m django --version",
]


@pytest.mark.parametrize(("command", "reason"), LEAKS.values(), ids=LEAKS)
def test_a_command_that_reaches_for_the_solution_is_found(command: str, reason: str) -> None:
    [found] = leaks([command], ["django"])
    assert reason in found


@pytest.mark.parametrize("command", HARMLESS)
def test_ordinary_work_is_not(command: str) -> None:
    assert leaks([command], ["django"]) == ()


WALKS = ("log", "rev-list", "shortlog", "show", "whatchanged", "format-patch", "diff", "blame")
REFS = ("--all", "--reflog", "--walk-reflogs", "-g", "--alternate-refs", "--branches", "--remotes")
PLACES = ("refs/remotes/origin/x", "remotes/origin/x", "origin/x", "upstream/x", "FETCH_HEAD")
READS = (
    *(*WALKS, "archive", "cat-file", "checkout", "cherry-pick", "grep", "ls-tree", "merge"),
    *("rebase", "reset", "restore", "rev-parse", "switch", "worktree"),
)
HOSTS = (
    *("github.com", "gist.githubusercontent.com", "gitlab.com", "bitbucket.org", "pypi.org"),
    *("files.pythonhosted.org", "code.djangoproject.com", "conda.anaconda.org"),
    "go.googlesource.com",
)
FAMILIES = {
    "reads all history": [
        *(f"git {walk} --all" for walk in WALKS),
        *(f"git log {ref}" for ref in (*REFS, "--tags", "--tags=v*", "--glob=refs/x")),
        *(f"git {option} log --all" for option in ("-c a=b", "--git-dir /x", "--work-tree /x")),
        "git --namespace x log --all",
        "git log --grep fix --all",
        'python -c \'x = "git", "rev-list", "--all"\'',
    ],
    "reads upstream history": [
        *(f"git {read} origin/main" for read in READS),
        *(f"git show {place}" for place in PLACES),
        *(f"git log {place}" for place in ("origin/main...HEAD", "main@{1}", "@{upstream}")),
    ],
    "asks an upstream repository": [
        *("git fetch --all", "git pull", "git ls-remote origin", "git remote update"),
        *("git remote set-url origin x", "git clone ssh://a/b", "git clone git@a.org:b/c"),
    ],
    "searches all objects": ["git fsck --unreachable", "git verify-pack -v x.idx"],
    "reads the reflog": ["git reflog show HEAD"],
    **{f"fetches from {host}": [f"curl https://{host}/x"] for host in HOSTS},
    "fetches from github.com": [
        *(f"{tool} github.com/x" for tool in ("wget -q", "aria2c", "http", "https", "lynx")),
        *(f"{tool} github.com/x" for tool in ("links", "w3m")),
        "python -c 'urlretrieve(\"https://github.com/x\")'",
        "python -c 'requests.get(\"https://github.com/x\")'",
        'python -c \'httpx.request("GET", "https://github.com/x")\'',
        "python -c 'session.get(\"https://github.com/x\")'",
    ],
    "gets a release": ["pip3 install django", "pip install -t /x django", "pip install x django<5"],
}


@pytest.mark.parametrize(
    ("reason", "command"), [(reason, each) for reason, all in FAMILIES.items() for each in all]
)
def test_every_way_there_is_found_for_its_reason(reason: str, command: str) -> None:
    assert [leak.partition(": ")[0] for leak in leaks([command], ["django"])] == [reason]


@pytest.mark.parametrize(
    "command",
    [
        *("git clone file:///x y", "git fetch ../other", "git fetch /x main", "git pull . main"),
        *("git remote -v", "git remote show", "git reflog expire --all", "git reflog delete x"),
        *("git fsck", "git cat-file -p HEAD", "git show stash@{1}", "git show-ref --all"),
        *("git log --author origin/x", "git log -G origin/x", "git grep -e origin/x"),
        *("git log --grep --all", "git show HEAD -- origin/x", "git branch origin/x"),
        *("pip install -r django", "pip download -d django x", "pip uninstall django"),
        *("pip show django", "pip list", "git", "git --version", "curl https://example.org/x"),
        *("curl https://github.community/x", "python -c 'print(\"https://github.com/x\")'"),
        'python -c \'subprocess.run(["git", "log", "--all-match"])\'',
    ],
)
def test_what_only_looks_like_one_is_not(command: str) -> None:
    assert leaks([command], ["django"]) == ()


def test_what_is_found_is_shortened() -> None:
    [found] = leaks([f"git fetch origin {'x' * 900}"])
    assert found.startswith("asks an upstream repository: git fetch origin x")
    assert len(found) < 300


@pytest.mark.parametrize(("before", "found"), [(99_000, 1), (100_000, 0)])
def test_of_a_long_command_the_beginning_is_searched(before: int, found: int) -> None:
    assert len(leaks([f"{'#' * before}\ngit fetch", "ls"])) == found


@pytest.mark.parametrize(("others", "found"), [(19, 1), (20, 0)])
def test_of_many_long_commands_the_first_are_searched(others: int, found: int) -> None:
    assert len(leaks(["#" * 100_000] * others + ["git fetch"])) == found


@pytest.mark.parametrize(
    "spelled", ["scikit-learn", "scikit_learn", "Scikit.Learn", "scikit--learn"]
)
@pytest.mark.parametrize("project", ["scikit-learn", "Scikit_Learn"])
def test_a_release_is_found_however_its_project_is_spelled(spelled: str, project: str) -> None:
    command = f"pip install {spelled}==1.5"
    assert leaks([command], [project]) == (f"gets a release: {command}",)


def test_where_nobody_knows_the_project_each_download_of_a_release_counts() -> None:
    assert leaks(["pip download numpy"]) == ("gets a release: pip download numpy",)
    assert leaks(["pip install numpy"]) == ()


def test_one_finding_stands_once_and_many_are_cut() -> None:
    assert len(leaks(["git fetch"] * 3)) == 1
    assert len(leaks(f"git fetch origin b{i}" for i in range(99))) == 20


def test_what_git_may_read_is_named_for_git_to_judge() -> None:
    commands = [
        "git show 1a2b3c4",
        "git log v5.0..HEAD",
        "git diff abc123~2 -- x",
        "git show stable/5.0.x:django/a.py",
        "git commit -m abc",
        "git log v5.0...v5.1^2 --grep v0 --oneline",
        "git show HEAD~3 ./a.py -- v1",
        "git -C /x checkout v6 && echo v7",
    ]
    names = ("1a2b3c4", "v5.0", "abc123", "stable/5.0.x", "v5.1", "v6")
    assert revisions(commands) == names


def test_programs_of_a_script_come_in_order_without_what_surrounds_them() -> None:
    script = "A=1 sudo env B=2 /usr/bin/ls -l; if true; then timeout 5 cat x; fi\n(echo $(pwd))"
    assert [str(p) for p in programs(script)] == ["ls -l", "true", "cat x", "echo $", "pwd"]
