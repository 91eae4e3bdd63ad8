"""Find commands that reach for the reference solution.

Such commands read later history, contact the upstream repository, or download a fixed release.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from inspect_tts.text.trajectory import elide

from .shell import Program, programs

_EXCERPT = 200
_MOST = 20
_MOST_CHARS = 100_000
"""Characters of a command that are searched; the rest is ignored."""
_MOST_TEXT = 2_000_000
"""Characters of all commands together that are searched."""

_EVERY_REF = {"--all", "--reflog", "--walk-reflogs", "-g", "--alternate-refs"}
_MANY_REFS = ("--branches", "--remotes", "--tags", "--glob")
_WALKS = {"log", "rev-list", "shortlog", "show", "whatchanged", "format-patch", "diff", "blame"}
_READS = _WALKS | {
    "archive",
    "cat-file",
    "checkout",
    "cherry-pick",
    "grep",
    "ls-tree",
    "merge",
    "rebase",
    "reset",
    "restore",
    "rev-parse",
    "switch",
    "worktree",
}
_ASKS = {"fetch", "pull", "ls-remote", "clone"}
_SEARCHES = {"--lost-found", "--unreachable", "--batch-all-objects"}
_VALUED = {"-C", "-c", "--git-dir", "--work-tree", "--namespace"}
_SEARCHING = {"-S", "-G", "-L", "-e", "--grep", "--author"}
_PLACING = {"-r", "-c", "-d", "-t", "-e", "-i", "--requirement", "--constraint", "--dest"}
_UPSTREAM = re.compile(r"(refs/)?(remotes/|origin/|upstream/)|FETCH_HEAD|(?!stash)\w*@\{")
_URL = re.compile(r"\w+://|[\w.-]+@[\w.-]+:")
_LOCAL = re.compile(r"file://|\.{0,2}/|\.$")
_HOST = re.compile(
    r"(?:github\.com|githubusercontent\.com|gitlab\.com|bitbucket\.org|pypi\.org"
    r"|pythonhosted\.org|code\.djangoproject\.com|anaconda\.org|googlesource\.com)\b"
)
_FETCHERS = {"curl", "wget", "aria2c", "http", "https", "lynx", "links", "w3m"}
_CODE_FETCHES = re.compile(r"\b(urlopen|urlretrieve|(requests|httpx|session)\.(get|request))\b")
_SUBDOMAIN = re.compile(r"[\w.-]{0,100}\Z")
_CODE_WALKS = re.compile(r"\bgit\b['\", ]++(log|rev-list)\b")
_CODE_ALL = re.compile(r"--all\b(?!-)")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_REVISION = re.compile(r"[\w./-]{1,250}+")


def leaks(commands: Iterable[str], projects: Collection[str] = ()) -> tuple[str, ...]:
    """Find commands that reach for the reference solution, whether they succeeded or not."""
    found: dict[str, None] = {}
    wanted = {_normal(name) for name in projects}
    for program in _programs(commands):
        for reason in _reasons(program, wanted):
            found[f"{reason}: {elide(str(program), _EXCERPT)}"] = None
        if len(found) >= _MOST:
            break
    return tuple(found)[:_MOST]


def revisions(commands: Iterable[str]) -> tuple[str, ...]:
    """Find the revisions that commands may read; git can tell which are later history."""
    found: dict[str, None] = {}
    for program in _programs(commands):
        git = _git(program)
        if git is None or git[0] not in _READS:
            continue
        for word in _before_paths(git[1]):
            for end in re.split(r"\.{2,3}", word.partition(":")[0]):
                name = re.split(r"[~^]", end, maxsplit=1)[0]
                if _REVISION.fullmatch(name) and not name.startswith(("-", ".", "HEAD")):
                    found[name] = None
    return tuple(found)


def _programs(commands: Iterable[str]) -> Iterator[Program]:
    left = _MOST_TEXT
    for command in commands:
        looked_at = command[: min(_MOST_CHARS, left)]
        left -= len(looked_at)
        yield from programs(looked_at)


def _reasons(program: Program, projects: Collection[str]) -> Iterator[str]:
    git = _git(program)
    if git is not None:
        yield from _git_reasons(*git)
    elif program.name == "gh":
        yield "asks GitHub"
    elif program.name in _FETCHERS and (host := _HOST.search(str(program))):
        yield f"fetches from {_whole(host)}"
    elif requirements := _pip(program):
        named = [name for name in requirements if _URL.match(name.removeprefix("git+"))]
        download = requirements[0] == "download"
        for name in requirements[1:]:
            package = _NAME.match(name)
            if package and (_normal(package[0]) in projects or (download and not projects)):
                named.append(name)
        if named:
            yield "gets a release"
    if program.code:
        host = _HOST.search(program.code)
        if host and _CODE_FETCHES.search(program.code):
            yield f"fetches from {_whole(host)}"
        if any(_walks_all(line) for line in program.code.splitlines()):
            yield "reads all history"


def _whole(host: re.Match[str]) -> str:
    """The full name of a host, with its subdomains."""
    before = _SUBDOMAIN.search(host.string, max(0, host.start() - 100), host.start())
    return (before[0] if before else "") + host[0]


def _walks_all(line: str) -> bool:
    walk = _CODE_WALKS.search(line)
    return walk is not None and _CODE_ALL.search(line, walk.end()) is not None


def _git(program: Program) -> tuple[str, list[str]] | None:
    """The git subcommand and its arguments."""
    if program.name != "git":
        return None
    words, at = list(program.arguments), 0
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _VALUED else 1
    return (words[at], words[at + 1 :]) if at < len(words) else None


def _git_reasons(command: str, arguments: list[str]) -> Iterator[str]:
    options = set(arguments)
    plain = [word for word in arguments if not word.startswith("-")]
    if command in _ASKS:
        if _is_upstream(command, plain):
            yield "asks an upstream repository"
    elif command == "remote" and plain and plain[0] in ("add", "update", "set-url"):
        yield "asks an upstream repository"
    elif command == "reflog" and not ({"expire", "delete"} & set(plain)):
        yield "reads the reflog"
    elif (command in ("fsck", "cat-file") and options & _SEARCHES) or command == "verify-pack":
        yield "searches all objects"
    elif command in _READS:
        before = _before_paths(arguments)
        if command in _WALKS and any(
            word in _EVERY_REF or word.split("=")[0] in _MANY_REFS for word in before
        ):
            yield "reads all history"
        elif any(_UPSTREAM.match(end) for word in before for end in re.split(r"\.{2,3}", word)):
            yield "reads upstream history"


def _is_upstream(command: str, plain: Sequence[str]) -> bool:
    """Whether a command copies history from another machine."""
    urls = [word for word in plain if _URL.match(word)]
    if urls or command == "clone":
        return any(not url.startswith("file://") for url in urls)
    return not (plain and _LOCAL.match(plain[0]))


def _before_paths(arguments: Sequence[str]) -> list[str]:
    """The arguments before `--`, without the values of search options."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    values = _values(before, _SEARCHING)
    return [word for word in before if word not in values]


def _pip(program: Program) -> list[str]:
    """A pip command's `download` or `install`, and its requirements; empty for other commands."""
    words = [program.name, *program.arguments]
    if words[:2] == ["uv", "pip"] or words[1:3] == ["-m", "pip"]:
        words = ["pip", *words[(2 if words[0] == "uv" else 3) :]]
    if not re.fullmatch(r"pip[\d.]*", words[0]):
        return []
    rest = [word for word in words[1:] if not word.startswith("-")]
    if not rest or rest[0] not in ("download", "install"):
        return []
    placed = _values(words, _PLACING)
    return [word for word in rest if word not in placed]


def _values(words: Sequence[str], options: Collection[str]) -> set[str]:
    return {value for option, value in pairwise(words) if option in options}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
