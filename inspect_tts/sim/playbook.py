"""What the simulated agent knows about a problem: its right fix, and tempting wrong ones."""

import json
import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from inspect_tts.errors import UserError
from inspect_tts.paths import user_path


def _joined(value: Any) -> Any:
    return "\n".join(value) if isinstance(value, list) else value


Text = Annotated[str, BeforeValidator(_joined)]
"""A text, which JSON may also give as a list of lines."""


_EDIT = """\
python3 - <<'EOF'
from pathlib import Path
path = Path({file!r})
text = path.read_text()
old = {old}
new = {new}
assert text.count(old) == 1, 'the text to replace was not found'
path.write_text(text.replace(old, new))
EOF"""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Edit(_Part):
    """Replace a text that occurs once in a file."""

    file: str
    old: Text
    new: Text

    def command(self) -> str:
        """The shell command that makes the edit; it needs nothing but Python."""
        return _EDIT.format(file=self.file, old=_literal(self.old), new=_literal(self.new))

    def undo(self) -> "Edit":
        """The edit that takes this one back."""
        return Edit(file=self.file, old=self.new, new=self.old)


class Fix(_Part):
    """One way to change the code."""

    name: str
    idea: str
    edits: tuple[Edit, ...] = ()
    commands: tuple[Text, ...] = ()
    """Shell commands that run unchanged, before the edits."""
    signature: Text | None = None
    """Text that identifies the fix; by default the new text of all edits and all commands."""
    passes_visible: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> "Fix":
        if not self.edits and not self.commands:
            raise ValueError(f"fix '{self.name}' has neither edits nor commands")
        return self

    def shell(self) -> tuple[str, ...]:
        """All shell commands of the fix, in order."""
        return (*self.commands, *(edit.command() for edit in self.edits))

    def found_in(self, text: str) -> bool:
        """Say whether a text describes this fix."""
        all_marks = [*self.commands, *(edit.new for edit in self.edits)]
        marks = [self.signature] if self.signature else all_marks
        squeezed = _squeeze(text)
        return all(_squeeze(mark) in squeezed for mark in marks)


class Playbook(_Part):
    """A problem as the simulated agent knows it."""

    id: str
    marker: str = Field(min_length=1)
    """A text that occurs in this problem's statement and in no other statement."""
    solve_rate: float = Field(ge=0, le=1)
    explore: tuple[Text, ...] = ()
    """Commands to look around with; by default it lists and prints the files."""
    test: Text
    """The command of the visible test."""
    probe: Text | None = None
    """A check of the agent's own, which only the right fix passes."""
    right: Fix
    wrong: tuple[Fix, ...] = Field(min_length=1)


@cache
def demo_playbooks() -> tuple[Playbook, ...]:
    """Playbooks of the demo's problems, sorted by id."""
    root = Path(str(files("inspect_tts"))) / "benchmarks" / "demo" / "problems"
    paths = sorted(root.glob("*/playbook.json"))
    return tuple(Playbook.model_validate_json(path.read_text("utf-8")) for path in paths)


def load_playbooks(path: str) -> tuple[Playbook, ...]:
    """Read playbooks from a file."""
    try:
        value = json.loads(user_path(path).read_text(encoding="utf-8"))
        entries = value if isinstance(value, list) else [value]
        return tuple(Playbook.model_validate(entry) for entry in entries)
    except (OSError, ValueError) as error:
        raise UserError(f"playbook={path!r} is not a JSON file of playbooks: {error}") from error


def find_playbook(text: str, books: Sequence[Playbook]) -> Playbook | None:
    """Find the playbook of a problem."""
    return next((book for book in books if book.marker in text), None)


def _literal(text: str) -> str:
    plain = "'''" not in text and not text.endswith(("'", "\\"))
    return f"r'''{text}'''" if plain else repr(text)


def _squeeze(text: str) -> str:
    return re.sub(r"\\+[ntr]|[\s\\\"']", "", text)
