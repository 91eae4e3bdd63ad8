"""The texts of one sample for the page: compressed, and shortened until they fit."""

import json
from base64 import b64encode
from typing import Any, NamedTuple
from zlib import compress

from inspect_ai.model import ChatMessage

from inspect_tts.method.records import Investigation, Match, Patch, Record, Rollout, Selection
from inspect_tts.statistics.outcomes import ProblemOutcome
from inspect_tts.text.trajectory import elide


class Cut(NamedTuple):
    """The maximum characters of each kind of text."""

    problem: int
    summary: int
    patch: int
    vote: int


CUTS = (
    Cut(problem=20_000, summary=40_000, patch=40_000, vote=8_000),
    Cut(problem=8_000, summary=12_000, patch=12_000, vote=1_200),
    Cut(problem=4_000, summary=6_000, patch=6_000, vote=400),
    Cut(problem=2_000, summary=3_000, patch=2_000, vote=120),
    Cut(problem=1_000, summary=1_200, patch=800, vote=0),
    Cut(problem=300, summary=300, patch=0, vote=0),
)
"""From mildest to strictest. The first one that makes the texts fit is used."""


class Detail(NamedTuple):
    """What the page shows when a reader opens a sample."""

    packed: str
    """JSON, compressed with zlib, in base64."""
    shortened: bool
    """Whether the texts were cut more than `CUTS[0]` cuts them."""


def problem_detail(given: str | list[ChatMessage], outcome: ProblemOutcome, limit: int) -> Detail:
    """Pack the texts of a sample into at most `limit` bytes, if the strictest cut allows."""
    ratio = 0.0
    for cut in CUTS:
        text = json.dumps(_detail(given, outcome, cut), separators=(",", ":"))
        if ratio * len(text) > 1.1 * limit and cut is not CUTS[-1]:
            continue  # would not fit, and compressing is the slow step
        packed = b64encode(compress(text.encode(), 6)).decode()
        if len(packed) <= limit:
            break
        ratio = len(packed) / len(text)
    return Detail(packed, shortened=cut is not CUTS[0])


def _detail(given: str | list[ChatMessage], outcome: ProblemOutcome, cut: Cut) -> dict[str, Any]:
    told = given if isinstance(given, str) else "\n\n".join(message.text for message in given)
    return {
        "problem": outcome.problem,
        "epoch": outcome.epoch,
        "input": elide(told, cut.problem),
        "adopted": outcome.adopted,
        "rollouts": [_rollout(rollout, outcome, cut) for rollout in outcome.rollouts],
        "selections": [_selection(selection, cut) for selection in outcome.selections],
    }


def _fields(record: Record, names: str) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names.split()}


def _rollout(rollout: Rollout, outcome: ProblemOutcome, cut: Cut) -> dict[str, Any]:
    facts, files = rollout.facts, rollout.facts.files_changed
    shown = [(f"{e.name}: {elide(e.text, 300)}", e.returncode) for e in facts.evidence]
    return {
        **_fields(rollout, "id iteration model status reason context turns messages"),
        "seconds": round(rollout.seconds, 1),
        "tokens": rollout.usage.total_tokens,
        "cost": rollout.usage.cost,
        "score": outcome.scores.get(rollout.id),
        "passed": outcome.passed(rollout.id),
        "unscored": rollout.score_error,
        "commands": [*((fact.command, fact.returncode) for fact in facts.last_commands), *shown],
        "files": None if files is None else [(f.path, f.added, f.deleted) for f in files[:100]],
        "fingerprint": facts.fingerprint,
        "summary": elide(rollout.summary.text, cut.summary),
        "summary_status": rollout.summary.status,
        "injections": [text[:300] for text in rollout.injections],
        "patch": _patch(rollout.patch, cut.patch) if rollout.patch else None,
    }


def _patch(patch: Patch, most: int) -> str | None:
    if patch.text is None:
        return patch.notice
    return elide(patch.text, most) or None if most else None


def _selection(selection: Selection, cut: Cut) -> dict[str, Any]:
    return {
        **_fields(selection, "id kind iteration population classes selected ranking"),
        "rounds": [[_match(match, cut) for match in round.matches] for round in selection.rounds],
    }


def _match(match: Match, cut: Cut) -> dict[str, Any]:
    return {
        **_fields(match, "id group tally skipped_votes winner"),
        "by": match.decided_by,
        "grade": match.grade,
        "looked": _looked(match.investigation, cut) if match.investigation else None,
        "votes": [
            {
                **_fields(vote, "order judge verdict grade abstention"),
                "text": elide(vote.text, cut.vote) if cut.vote else "",
            }
            for vote in match.votes
        ],
    }


def _looked(found: Investigation, cut: Cut) -> dict[str, Any]:
    return {
        **_fields(found, "verdict ended reason turns"),
        "commands": [(fact.command, fact.returncode) for fact in found.commands[:50]],
        "text": elide(found.text, cut.vote) if cut.vote else "",
    }
