"""The prompts: one Markdown file each, replaceable by a string or a path, checked when loaded."""

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from inspect_tts.errors import UserError
from inspect_tts.method.records import PromptRecord
from inspect_tts.paths import user_path

REQUIRED: dict[str, tuple[str, ...]] = {
    "summarizer": ("problem", "trajectory"),
    "summarizer_reask": (),
    "judge": ("problem", "solutions"),
    "judge_reask": (),
    "investigator": ("problem", "solutions", "folder"),
    "grade": ("problem", "solutions"),
    "grade_reask": (),
    "refinement": ("summaries",),
    "terminus": (),
    "terminus_observation": ("output",),
    "terminus_reask": ("error",),
}
"""Placeholders that a prompt must contain, written `{problem}`."""

OPTIONAL: dict[str, tuple[str, ...]] = {
    "summarizer": ("schema", "fence"),
    "summarizer_reask": ("error",),
    "judge": ("count", "fence", "verdicts"),
    "judge_reask": ("count", "verdicts"),
    "investigator": ("count", "fence", "turns", "verdicts", "workspace"),
    "grade": ("fence",),
    "grade_reask": (),
    "refinement": ("fence",),
    "terminus": (),
    "terminus_observation": ("notes",),
    "terminus_reask": (),
}
"""Placeholders that a prompt may contain."""


@dataclass(frozen=True)
class Prompt:
    """A prompt with its placeholders and where it came from."""

    name: str
    template: str
    source: str

    def format(self, **values: object) -> str:
        """Fill in the placeholders; braces in the values stay as they are."""
        names = REQUIRED[self.name] + OPTIONAL[self.name]
        if set(values) != set(names):
            raise TypeError(f"prompt '{self.name}' takes {names}, got {tuple(values)}")
        pattern = "|".join(names)
        return re.sub(r"\{(" + pattern + r")\}", lambda m: str(values[m[1]]), self.template)

    @property
    def record(self) -> PromptRecord:
        """Name, source and hash, for the log."""
        digest = sha256(self.template.encode()).hexdigest()
        return PromptRecord(name=self.name, source=self.source, sha256=digest)


def load_prompt(name: str, override: str | None = None) -> Prompt:
    """Load a built-in prompt, or the text or file that replaces it."""
    if override is None:
        template = (Path(__file__).parent / f"{name}.md").read_text(encoding="utf-8")
        return Prompt(name, template, "built-in")
    source, template = "argument", override
    path = _file(override)
    if path is not None:
        source, template = str(path), path.read_text(encoding="utf-8")
    elif _PATH_LIKE.fullmatch(override):
        raise UserError(
            f"the {name} prompt {override!r} looks like a path but is not a file; "
            "give the path of an existing text file, or the text itself"
        )
    missing = _missing(name, template)
    if missing:
        raise UserError(
            f"the {name} prompt from {source} lacks {', '.join('{' + m + '}' for m in missing)}; "
            f"it must contain {', '.join('{' + m + '}' for m in REQUIRED[name])}"
        )
    return Prompt(name, template, source)


_PATH_LIKE = re.compile(r"(?:~|\.{0,2})/\S*|\S+\.(?:md|txt|prompt)")


def _file(text: str) -> Path | None:
    try:
        path = user_path(text)
        return path if path.is_file() else None
    except (OSError, RuntimeError, ValueError):  # too long for a name, or an unknown ~user
        return None


def _missing(name: str, template: str) -> list[str]:
    return [key for key in REQUIRED[name] if "{" + key + "}" not in template]
