"""What the documentation names exists, and it uses the words of this version."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent

import click
import pytest
from click.testing import CliRunner
from scripted import pool, problem, run

from inspect_tts import RolloutPool, pdr_rtv, rtv
from inspect_tts._inspect.command import eval_options
from inspect_tts.arguments import Options
from inspect_tts.cli import main
from inspect_tts.method.parameters import RENAMED
from inspect_tts.options import LoadOptions, ReplayOptions, SelectRecordedOptions
from inspect_tts.registry import find_selection
from inspect_tts.strategies import STRATEGIES

ROOT = Path(__file__).parents[1]
DOCS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
PROMPTS = sorted((ROOT / "inspect_tts" / "prompts").glob("*.md"))
RETIRED = {
    "recipe": "strategy",
    "crew": "rollouts",
    "owner of": "rollout",
    "lots?": "random draw",
    "units": "saved results",
    "lane": "cache scope",
    "twins?": "duplicates",
    "leftovers?": "what was left behind",
    "left the same behind": "duplicates, or: have the same patch",
    "steering": "injection",
    "core/": "method/",
    "behaviours?": "behavior",
    "summaris(e|es|ed|ing)": "summariz-",
    **{rf"{name}=": new for name, (new, _) in RENAMED.items()},
}
"""What is no longer written, and what is written instead."""
RETIRED_NAMES = {
    "ballot": "vote",
    "ballots": "votes",
    "barred": "excluded",
    "behaviour": "behavior",
    "crew": "tasks",
    "heads": "firsts",
    "lane": "scope",
    "leftovers": "orphans",
    "lot": "draw",
    "lots": "draws",
    "manner": "mode",
    "misfits": "unusable",
    "owner": "task",
    "owners": "tasks",
    "play": "run",
    "played": "run",
    "steering": "injection",
    "supply": "source",
    "twin": "duplicate",
    "twins": "duplicates",
    "units": "saved",
}
"""Words that no identifier of the package holds, and what they are called instead."""
EXEMPT = ()
"""Parts of the package whose identifiers and comments are not checked."""
ELSEWHERE = {"selections", "n"}
"""Arguments that `-S` gives to other components: `chosen_epoch`, and those of every strategy."""
LINK = re.compile(r"\]\(([^)\s]+)\)")
REGISTRIES = ("pypi.org", "npmjs.com", "hub.docker.com", "crates.io")


def retired(text: str) -> list[str]:
    """The words of earlier versions in a text, with what to write."""
    return [
        f"{found[0]!r}: write {better}"
        for word, better in RETIRED.items()
        for found in re.finditer(rf"(?<![\w-]){word}(?:(?<!\w)|(?![\w-]))", text, re.IGNORECASE)
    ]


def retired_names(source: str) -> list[str]:
    """Identifiers that hold a retired word, with what to write."""
    found = []
    for node in ast.walk(ast.parse(source)):
        for field in ("name", "id", "attr", "arg", "asname"):
            name = getattr(node, field, None)
            words = re.findall(r"[A-Z]?[a-z]+", name) if isinstance(name, str) else []
            old = [word.lower() for word in words if word.lower() in RETIRED_NAMES]
            found += [f"{name!r}: write {RETIRED_NAMES[word]}" for word in old]
    return found


def prose(source: str) -> Iterator[str]:
    """The comments and docstrings of a source."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        docstring = token.type == tokenize.STRING and token.string.lstrip("r").startswith('"""')
        if docstring or token.type == tokenize.COMMENT:
            yield token.string


def missing_links(file: Path, text: str) -> list[str]:
    """Relative links that lead nowhere, and links to a package registry."""
    found = []
    for link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
        path, _, heading = link.partition("#")
        if link.startswith("http"):
            found += [link] if any(host in link for host in REGISTRIES) else []
            continue
        target = file.parent / path if path else file
        if not target.exists() or (heading and heading not in headings(target)):
            found.append(link)
    return found


CONTEXT = click.Context(main)


def headings(file: Path) -> list[str]:
    text = file.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return [re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles]


def unknown_commands(text: str) -> list[str]:
    """Commands and flags of `inspect-tts` that do not exist."""
    found = []
    joined = text.replace("\\\n", " ")
    for name, rest in re.findall(r"inspect-tts ([a-z]\w*)([^`\n#]*)", joined):
        command = main.get_command(CONTEXT, name)
        if command is None:
            found.append(name)
            continue
        flags = re.findall(r"(?<![\w-])--[a-z][\w-]*", rest)
        known = {flag for each in command.params for flag in (*each.opts, *each.secondary_opts)}
        found += [f"{name} {flag}" for flag in flags if flag not in known | eval_flags(command)]
    return found


def eval_flags(command: click.Command) -> set[str]:
    """Flags of `inspect eval` that a command passes on."""
    passed_on = command.context_settings.get("ignore_unknown_options")
    flags = {flag for option in eval_options(()) for flag in option.opts}
    return flags | {"--solver"} if passed_on else set()


def unknown_arguments(text: str) -> list[str]:
    """Arguments after `-S` that nothing takes."""
    return [name for name in re.findall(r"-S '?([a-z_]+)=", text) if name not in arguments()]


@cache
def arguments() -> set[str]:
    recorded: list[type[Options]] = [LoadOptions, SelectRecordedOptions, ReplayOptions]
    models = [*STRATEGIES.values(), *recorded]
    return ELSEWHERE.union(*(model.model_fields for model in models))


@pytest.mark.parametrize(
    ("check", "wrong", "right"),
    [
        (retired, "drawn by Lot", "drawn by a slot machine, a-lot"),
        (retired, "-S units=off", "-S resume=off"),
        (retired, "by steering it", "where it is steered"),
        (retired, "in core/fences.py", "in method/draws.py, score/x"),
        (retired, "-S carry_over=true", "-S keep_parents=true"),
        (retired_names, "def run(self): self.crew = 1", "def run(self): self.tasks = 1"),
        (retired_names, "from a import PlayedMatch", "display, allotment, twinkle = 1, 2, 3"),
        (retired_names, "f(lane=1)", "f('lane')"),
        (retired, "Behaviour classes", "behavior, misbehaviour"),
        (unknown_commands, "inspect-tts selct logs", "inspect-tts select logs"),
        (unknown_commands, "inspect-tts replay LOG --vote 4", "inspect-tts replay LOG --votes 4"),
        (unknown_commands, "inspect-tts estimate rtv --model m", "inspect-tts select l --model m"),
        (unknown_arguments, "-S jury=3", "-S votes=3 -S 'agent_args={}'"),
    ],
)
def test_the_checks_find_what_they_are_for(check: object, wrong: str, right: str) -> None:
    assert callable(check)
    assert check(wrong)
    assert not check(right)


def test_links_are_followed() -> None:
    file = ROOT / "README.md"
    assert not missing_links(file, "[a](docs/report.md#numbers) [b](#options) [c](https://x.org)")
    for wrong in ("docs/none.md", "docs/report.md#none", "https://pypi.org/project/x/"):
        assert missing_links(file, f"[it]({wrong})") == [wrong]


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_a_document_names_what_exists(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert missing_links(file, text) == []
    assert unknown_commands(text) == []
    assert unknown_arguments(text) == []


@pytest.mark.parametrize("file", [*DOCS, *PROMPTS], ids=lambda file: file.name)
def test_a_document_uses_the_words_of_this_version(file: Path) -> None:
    assert retired(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("command", ["", *main.list_commands(CONTEXT)])
def test_the_help_uses_the_words_of_this_version(command: str) -> None:
    shown = CliRunner().invoke(main, [*command.split(), "--help"])
    assert shown.exit_code == 0
    assert retired(shown.output) == []


SOURCES = {
    str(path.relative_to(ROOT / "inspect_tts")): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "inspect_tts").rglob("*.py"))
}


@pytest.mark.parametrize("file", [name for name in SOURCES if not name.startswith(EXEMPT)])
def test_the_code_uses_the_words_of_this_version(file: str) -> None:
    assert retired_names(SOURCES[file]) == []
    assert [word for text in prose(SOURCES[file]) for word in retired(text)] == []


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 220


def test_every_folder_is_on_the_map() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^ {4,}([\w./]+?)/? +\w", text, re.MULTILINE))
    folders = {each.parent.name for each in (ROOT / "inspect_tts").glob("*/__init__.py")}
    assert folders <= shown


# --- the examples of docs/extending.md, from outside of the package


def example(heading: str, folder: Path) -> Path:
    """The first Python block below a heading, as a file."""
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2]
    file = folder / "mine.py"
    file.write_text(dedent(section.partition("```python\n")[2].partition("```")[0]))
    return file


@pytest.mark.parametrize("n", [2, 3, 5, 8])
def test_the_selection_of_the_documentation(n: int, tmp_path: Path) -> None:
    name = f"{example('A selection', tmp_path)}@two_rounds"
    found = pool(run(problem(), rtv(n=n, votes=3, selection=name, agent=None), tmp_path))
    [selection] = found.selections
    played = [match for round in selection.rounds for match in round.matches]
    asked = [match for match in played if len(match.group) > 1]
    assert found.adopted == played[-1].winner
    assert len(asked) <= find_selection(name).most_matches(n, 1, 2)
    assert found.discrepancies() == ()


def test_the_agent_of_the_documentation(tmp_path: Path) -> None:
    name = f"{example('An agent', tmp_path)}@fixer"
    found: RolloutPool = pool(run(problem(), pdr_rtv(n=2, votes=1, top_k=1, agent=name), tmp_path))
    assert {rollout.exit_status for rollout in found.rollouts} == {"Submitted"}
    assert all((rollout.submission or "").startswith("said ") for rollout in found.rollouts)
    stopped = rtv(n=1, agent=name, agent_args={"turns": 0})
    [rollout] = pool(run(problem(), stopped, tmp_path / "none")).rollouts
    assert (rollout.status, rollout.exit_status) == ("limit", "TurnsUsed")
