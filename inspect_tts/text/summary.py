"""The structure of a summary (paper, section 1) and how prompts show it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from inspect_tts.method.records import Facts, Rollout

from .fences import fenced
from .parsing import json_objects


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class Requirement(_Part):
    """A requirement of the problem and how well it is covered."""

    requirement: str
    covered: str = Field(description="yes, partly, no, or unknown")
    evidence: str = Field(default="", description="What in the record shows it; empty if nothing")


class CodeChange(_Part):
    """A change to a file."""

    file: str
    place: str = Field(default="", description="Function, class or lines")
    before: str = ""
    after: str = ""


class Command(_Part):
    """A command whose response the record holds."""

    command: str
    response: str


class Error(_Part):
    """Something that went wrong."""

    error: str
    evidence: str = ""
    resolved: bool = Field(description="Whether it was overcome later")


class Artefact(_Part):
    """A file, patch or service of the final state."""

    name: str
    existence_checked: bool
    content_checked: bool


class Check(_Part):
    """A verification, and how much it proves."""

    check: str
    result: str
    after_last_change: bool = Field(description="Whether it ran on the final state")


class SummaryContent(_Part):
    """Structured summary of one trajectory."""

    requirements: list[Requirement] = Field(description="With criteria and constraints")
    hypotheses: list[str] = Field(default_factory=list)
    exploration: list[str] = Field(default_factory=list)
    strategy: str
    changes_of_approach: list[str] = Field(default_factory=list)
    code_changes: list[CodeChange] = Field(default_factory=list)
    commands: list[Command] = Field(default_factory=list)
    commands_without_response: list[str] = Field(default_factory=list)
    errors: list[Error] = Field(default_factory=list)
    confirmed_facts: list[str] = Field(default_factory=list)
    unconfirmed_claims: list[str] = Field(default_factory=list)
    final_state: str
    artefacts: list[Artefact] = Field(default_factory=list)
    verified: list[Check] = Field(default_factory=list)
    attempted_not_verified: list[str] = Field(default_factory=list)
    never_verified: list[str] = Field(default_factory=list)
    failure_modes: list[str] = Field(default_factory=list)


_REQUIRED = {name for name, each in SummaryContent.model_fields.items() if each.is_required()}


def _unwrapped(found: dict[str, Any]) -> dict[str, Any]:
    """Unwrap an object that is the only value of another object."""
    while len(found) == 1 and isinstance(inner := next(iter(found.values())), dict):
        found = inner
    return found


def parse_summary(text: str) -> SummaryContent:
    """Read a summarizer's answer."""
    problem: ValueError | None = None
    for found in map(_unwrapped, json_objects(text)):
        if problem is not None and not found.keys() >= _REQUIRED:
            continue  # an answer can hold 100,000 objects: validate only complete ones
        try:
            # as JSON text, since pydantic then refuses lone surrogates, which no log can hold
            return SummaryContent.model_validate_json(json.dumps(found))
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError("no JSON object found")


def summary_text(content: SummaryContent) -> str:
    """Show a structured summary as JSON without its empty fields."""
    return content.model_dump_json(indent=1, exclude_defaults=True)


def facts_text(facts: Facts) -> str:
    """Show the facts as a short list; further lines of an item are indented."""
    ended = facts.status if facts.reason is None else f"{facts.status} ({facts.reason})"
    lines = [f"- ended: {ended}, after {facts.turns} turns"]
    if facts.files_changed is not None:
        lines.append(f"- files changed: {_files(facts) or 'none'}")
    for fact in facts.last_commands:
        code = "unknown" if fact.returncode is None else str(fact.returncode)
        lines.append(f"- command, return code {code}: {fact.command}")
    for piece in {each.name: each for each in facts.evidence}.values():
        code = "" if piece.returncode is None else f", return code {piece.returncode}"
        lines.append(f"- {piece.name}{code}: {piece.text}")
    return "\n".join("\n  ".join(line.splitlines()) for line in lines)


def numbered(
    rollouts: Sequence[Rollout], tag: str, fence: str, texts: Mapping[str, str] | None = None
) -> str:
    """Show rollouts under consecutive numbers, each with its text and its facts."""
    shown = []
    for number, rollout in enumerate(rollouts, start=1):
        told = rollout.summary.text if texts is None else texts[rollout.id]
        shown.append(fenced(fence, f"{tag}_{number}", told))
        shown.append(fenced(fence, f"facts_{number}", facts_text(rollout.facts)))
    return "\n\n".join(shown)


def _files(facts: Facts) -> str:
    shown = [
        f"{f.path} ({'binary' if f.added is None else f'+{f.added} -{f.deleted}'})"
        for f in (facts.files_changed or ())
    ]
    more = f", and {len(shown) - 20} more" if len(shown) > 20 else ""
    return ", ".join(shown[:20]) + more
