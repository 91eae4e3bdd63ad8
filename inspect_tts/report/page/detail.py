"""The texts of one sample for the page: packed, and shortened until they fit."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from zlib import compress

from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage

from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import Match, Patch, Rollout, Selection, Stage
from inspect_tts.text.transcript import elide


class PoolRecord(NamedTuple):
    """What the report reads of a `RolloutPool`, which converts its fields at each access."""

    rollouts: list[Rollout]
    selections: list[Selection]
    stages: list[Stage]
    adopted: str | None
    executions: "list[ExecutionEvidence] | tuple[()]" = ()


@dataclass(frozen=True)
class Cut:
    """Most characters of each kind of text."""

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
"""From all to little: the first that fits is taken."""


@dataclass(frozen=True)
class Detail:
    """What the page shows of a sample when it is opened."""

    packed: str
    """JSON, compressed with zlib, in base64."""
    shortened: bool
    """Whether texts were cut beyond what any sample's are."""


def problem_detail(
    sample: EvalSample,
    pool: PoolRecord,
    scores: Mapping[str, float],
    pass_mark: float,
    *,
    limit: int,
) -> Detail:
    """Pack what a page shows of a sample."""
    ratio = 0.0
    for cut in CUTS:
        text = json.dumps(_detail(sample, pool, scores, pass_mark, cut), separators=(",", ":"))
        if ratio * len(text) > 1.1 * limit and cut is not CUTS[-1]:
            continue  # would not fit: compressing takes longer than all the rest
        packed = b64encode(compress(text.encode(), 6)).decode()
        if len(packed) <= limit:
            break
        ratio = len(packed) / len(text)
    return Detail(packed, shortened=cut is not CUTS[0])


def _detail(
    sample: EvalSample,
    pool: PoolRecord,
    scores: Mapping[str, float],
    pass_mark: float,
    cut: Cut,
) -> dict[str, Any]:
    return {
        "problem": str(sample.id),
        "epoch": sample.epoch,
        "input": elide(_input(sample.input), cut.problem),
        "adopted": pool.adopted,
        "rollouts": [_rollout(r, scores.get(r.id), pass_mark, cut) for r in pool.rollouts],
        "selections": [_selection(selection, cut) for selection in pool.selections],
    }


def _input(given: str | list[ChatMessage]) -> str:
    if isinstance(given, str):
        return given
    return "\n\n".join(message.text for message in given)


def _rollout(rollout: Rollout, score: float | None, pass_mark: float, cut: Cut) -> dict[str, Any]:
    return {
        "id": rollout.id,
        "iteration": rollout.iteration,
        "model": rollout.model,
        "status": rollout.status,
        "reason": rollout.reason,
        "context": rollout.context,
        "turns": rollout.turns,
        "messages": rollout.messages,
        "seconds": round(rollout.seconds, 1),
        "tokens": rollout.usage.total_tokens,
        "cost": rollout.usage.cost,
        "score": score,
        "passed": None if score is None else score >= pass_mark,
        "unscored": rollout.score_error,
        "commands": [
            *((fact.command, fact.returncode) for fact in rollout.facts.last_commands),
            *((f"{e.name}: {elide(e.text, 300)}", e.returncode) for e in rollout.facts.evidence),
        ],
        "files": None
        if rollout.facts.files_changed is None
        else [(f.path, f.added, f.deleted) for f in rollout.facts.files_changed[:100]],
        "fingerprint": rollout.facts.fingerprint,
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
        "id": selection.id,
        "kind": selection.kind,
        "iteration": selection.iteration,
        "population": selection.population,
        "classes": selection.classes,
        "selected": selection.selected,
        "ranking": selection.ranking,
        "rounds": [[_match(match, cut) for match in round.matches] for round in selection.rounds],
    }


def _match(match: Match, cut: Cut) -> dict[str, Any]:
    return {
        "id": match.id,
        "group": match.group,
        "tally": match.tally,
        "skipped_votes": match.skipped_votes,
        "winner": match.winner,
        "by": match.decided_by,
        "grade": match.grade,
        "votes": [
            {
                "order": vote.order,
                "verdict": vote.verdict,
                "grade": vote.grade,
                "abstention": vote.abstention,
                "text": elide(vote.text, cut.vote) if cut.vote else "",
            }
            for vote in match.votes
        ],
    }
