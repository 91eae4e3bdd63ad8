"""Build the site of the documentation: README, docs/ and the docstrings of what is exported.

`make docs` runs it. A link or an anchor that leads nowhere, or a name without a docstring, fails.
Needs the dependency group `docs`; nothing is loaded from a network.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from inspect import signature
from pathlib import Path

from griffe import Docstring, DocstringSectionKind

import inspect_tts

ROOT = Path(__file__).parents[1]
SOURCE, SITE = ROOT / "build" / "docs", ROOT / "build" / "site"
BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md")
NAV: dict[str, str | list[str]] = {
    "Start": "index.md",
    "Benchmarks": ["swe_verified.md", "terminal_bench.md"],
    "Use": [
        "options.md",
        "selections.md",
        "evidence.md",
        "recorded.md",
        "report.md",
        "costs.md",
    ],
    "Run": ["reliability.md", "scaled.md", "many_machines.md"],
    "Extend": ["extending.md", "reference.md", "CONTRIBUTING.md"],
    "Changes": "CHANGELOG.md",
}
FROM_MODELS = ("stages.evidence.stage", "stages.rollouts", "stages.select", "strategies")
"""Where functions take their arguments from a model, so that no parser sees them."""
CONFIG = """
[project]
site_name = "inspect_tts"
site_description = "Test-time scaling for coding agents in Inspect AI"
docs_dir = "docs"
site_dir = "site"
nav = {nav}

[project.theme]
font = false
features = ["content.code.copy", "navigation.indexes", "navigation.sections", "search.highlight"]
palette = [
    {{ media = "(prefers-color-scheme: light)", scheme = "default" }},
    {{ media = "(prefers-color-scheme: dark)", scheme = "slate" }},
]

[project.plugins.mkdocstrings.handlers.python]
paths = ["{root}"]

[project.plugins.mkdocstrings.handlers.python.options]
docstring_style = "google"
heading_level = 3
members_order = "source"
separate_signature = true
show_root_heading = true
show_source = false
"""


def main() -> int:
    """Copy the pages, write the reference, and build."""
    shutil.rmtree(SOURCE.parent, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    for page in (*(ROOT / "docs").glob("*.md"), *(ROOT / name for name in BESIDE)):
        (SOURCE / page.name).write_text(_relative(page.read_text("utf-8")), "utf-8")
    (SOURCE / "index.md").write_text(_relative((ROOT / "README.md").read_text("utf-8")), "utf-8")
    (SOURCE / "reference.md").write_text(_reference(), "utf-8")
    listed = {
        page for pages in NAV.values() for page in ([pages] if isinstance(pages, str) else pages)
    }
    if missing := {page.name for page in SOURCE.glob("*.md")} - listed:
        print(f"docs/site.py: NAV does not list {', '.join(sorted(missing))}")
        return 1
    nav = ", ".join(f'{{ "{title}" = {_toml(pages)} }}' for title, pages in NAV.items())
    config = SOURCE.parent / "zensical.toml"
    config.write_text(CONFIG.format(nav=f"[{nav}]", root=ROOT), "utf-8")
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(config)]
    return subprocess.run(command, check=False).returncode


def _toml(pages: str | list[str]) -> str:
    return f'"{pages}"' if isinstance(pages, str) else f"[{', '.join(map(_toml, pages))}]"


def _relative(text: str) -> str:
    """A page with links as they are on the site; files that are no pages are named, not linked."""
    text = re.sub(r"\]\((?:\.\./|docs/)?([\w-]+\.md)(#[^)]*)?\)", r"](\1\2)", text)
    return re.sub(r"\[([^\]]*)\]\((?!https?:|#|[\w-]+\.md)[\w./-]+\)", r"`\1`", text)


def _reference() -> str:
    """The exported names by subject, each from where it is defined."""
    source = Path(inspect_tts.__file__).read_text("utf-8")
    listed = source.partition("__all__ = [")[2].partition("]")[0]
    homes = {name: home for home, names in inspect_tts._HOMES.items() for name in names}
    lines = ["# Reference", "", "What `inspect_tts` exports."]
    for subject, name in re.findall(r'^    (?:# (.+)|"(\w+)",)$', listed, re.MULTILINE):
        if subject:
            lines += ["", f"## {subject[:1].upper()}{subject[1:]}"]
        elif homes[name] in FROM_MODELS:
            lines += ["", f"### `{name}`", "", *_arguments(getattr(inspect_tts, name))]
        else:
            lines += ["", f"::: inspect_tts.{homes[name]}.{name}"]
    return "\n".join(lines) + "\n"


def _arguments(made: Callable[..., object]) -> Iterator[str]:
    """The docstring of a function, with its arguments as a table."""
    defaults = {name: each.default for name, each in signature(made).parameters.items()}
    for section in Docstring(made.__doc__ or "").parse("google", warnings=False):
        if section.kind is DocstringSectionKind.text:
            yield f"{section.value}\n"
        elif section.kind is DocstringSectionKind.parameters:
            yield "| argument | default | meaning |\n|---|---|---|"
            for each in section.value:
                meaning = " ".join(each.description.split()).replace("|", "\\|")
                yield f"| `{each.name}` | `{defaults.get(each.name)}` | {meaning} |"
            yield ""
        elif section.kind is DocstringSectionKind.admonition:
            yield f"**{section.title}:** {section.value.contents}\n"
        else:
            yield (
                f"**{section.kind.value.capitalize()}:** "
                + " ".join(" ".join(each.description.split()) for each in section.value)
                + "\n"
            )


if __name__ == "__main__":
    sys.exit(main())
