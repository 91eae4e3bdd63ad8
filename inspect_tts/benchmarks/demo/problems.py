"""Load the problems of the demo from package data, one folder per problem.

`problem.md` is the statement, `repo/` holds the files that the agent gets, `hidden_test.py` grades
the result, and `playbook.json` holds what the simulated model knows about the problem.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from inspect_ai.dataset import Sample

SETUP = """\
#!/usr/bin/env bash
command -v git >/dev/null 2>&1 || exit 0
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@example.org
export GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@example.org
export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
git init --quiet . && echo '__pycache__/' >> .git/info/exclude \\
  && git add --all && git commit --quiet --no-gpg-sign --message 'Initial version'
"""
"""Makes the files an identical git repository each time; without git, they stay plain files."""


@dataclass(frozen=True)
class Problem:
    """A repository with a bug, and how it is graded."""

    id: str
    statement: str
    repo: dict[str, str]
    """Text of each file that the agent gets, by name."""
    hidden_test: str
    """Python source. Exits with 0 if the end state is right; needs the repository as its working
    directory."""

    def sample(self) -> Sample:
        """The problem as a sample of Inspect, without the hidden test."""
        return Sample(
            id=self.id, input=self.statement, files=dict(self.repo), setup=SETUP, target="solved"
        )


@cache
def load_problems() -> tuple[Problem, ...]:
    """Load all problems."""
    root = files("inspect_tts").joinpath("benchmarks", "demo", "problems")
    found = [_load(folder) for folder in root.iterdir() if folder.joinpath("problem.md").is_file()]
    return tuple(sorted(found, key=lambda problem: problem.id))


def _load(folder: Traversable) -> Problem:
    entries = sorted(folder.joinpath("repo").iterdir(), key=lambda entry: entry.name)
    return Problem(
        id=folder.name,
        statement=_text(folder.joinpath("problem.md")),
        repo={entry.name: _text(entry) for entry in entries if entry.is_file()},
        hidden_test=_text(folder.joinpath("hidden_test.py")),
    )


def _text(path: Traversable) -> str:
    return path.read_text(encoding="utf-8")
