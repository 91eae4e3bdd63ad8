"""What went wrong in a run, to be known before reading its numbers.

The records of each sample give `Counts`; their sum over a run gives its `RunWarning`s.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from pydantic import BaseModel

from inspect_tts.errors import first_line
from inspect_tts.method.records import Match, Rollout, Selection, Summary, Vote

Severity: TypeAlias = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""All severities, worst first."""

Counts: TypeAlias = Mapping[tuple[str, str], int]
"""Counts by name and cause. A total, for example of all votes, has an empty cause."""

_MOST_CAUSES = 3
_CAUSE_CHARS = 160
_NAME = re.compile(
    r"\b(?:(?:req|chatcmpl|msg)[_-]\w{8,}|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12,})\b"
)
"""An id of one request or container. It would make equal causes differ."""


_OURS = re.compile(r"""(?:NoRolloutError|UserError)\((['"])(.*)\1\)""", re.DOTALL)
"""How Inspect shows one of our own errors that ended a sample."""
_NOUN = re.compile(r"^((?:refined )?[a-z]+?)s\b")
_ONE = {"were": "was", "are": "is", "count": "counts", "hold": "holds"}
_VERB = re.compile(rf"\b(?:{'|'.join(_ONE)})\b")


class RunWarning(BaseModel):
    """One kind of thing that went wrong in a run."""

    kind: str
    """A name for programs, for example `votes_abstained`."""
    severity: Severity
    text: str
    """A sentence with counts and causes."""
    count: int
    total: int
    """How many there are in all; `count` of them are affected."""
    share: float
    """`count / total`, at most 1."""
    causes: dict[str, int] = {}
    """How often each cause occurred, most frequent first: at most three, and `others`."""


class _Kind(NamedTuple):
    name: str
    total: str
    """Name of the count that `count` is a share of."""
    text: str
    warning: float
    """From this share on it is a warning, below it a note."""
    error: float


_NEVER = 2.0
_KINDS = (
    _Kind(
        "samples_failed",
        "samples",
        "samples ended with an error and are not in the numbers",
        0,
        0.1,
    ),
    _Kind(
        "samples_cancelled",
        "samples",
        "samples were cancelled and are not in the numbers",
        0,
        _NEVER,
    ),
    _Kind(
        "samples_unreadable",
        "samples",
        "samples could not be read and are not in the numbers",
        0,
        0.1,
    ),
    _Kind("rollouts_failed", "rollouts", "rollouts were ended by an error", 0, 0.2),
    _Kind("rollouts_refused", "rollouts", "rollouts were ended by a refusal", 0, 0.2),
    _Kind("winners_drawn", "matches", "winners were drawn at random", 0.2, 0.5),
    _Kind("votes_abstained", "votes", "votes abstained", 0.02, 0.2),
    _Kind("votes_cut", "votes", "votes were cut off at the limit of output tokens", 0.02, 0.2),
    _Kind("votes_shortened", "votes", "votes were cast on shortened solutions", 0.1, _NEVER),
    _Kind("grades_sampled", "grades", "grades came without probabilities", _NEVER, _NEVER),
    _Kind("votes_reasked", "votes", "votes were requested again", 0.1, _NEVER),
    _Kind("summaries_failed", "summaries", "summaries failed", 0, 0.2),
    _Kind("contexts_failed", "refined", "refined rollouts started from a failed summary", 0, 0.2),
    _Kind("summaries_cut", "summaries", "summaries were cut off or shortened", 0.1, _NEVER),
    _Kind("summaries_text", "summaries", "summaries are not structured", 0.1, _NEVER),
    _Kind("summaries_reasked", "summaries", "summaries were requested again", 0.1, _NEVER),
    _Kind("injections", "rollouts", "rollouts hold text that tries to steer a judge", 0, _NEVER),
    _Kind("rollouts_limited", "rollouts", "rollouts were ended by a limit", 0.5, _NEVER),
)
"""What may go wrong. Warnings of equal severity keep this order."""


def counts(rollouts: Sequence[Rollout], selections: Sequence[Selection]) -> Counts:
    """Count what went wrong with one problem."""
    found = Counter[tuple[str, str]]()
    failed = {rollout.id for rollout in rollouts if rollout.summary.status == "failed"}
    for rollout in rollouts:
        found["rollouts", ""] += 1
        kind = {"error": "failed", "refused": "refused", "limit": "limited"}.get(rollout.status)
        if kind is not None:
            why = rollout.limit if kind == "limited" and rollout.limit else rollout.reason
            found[f"rollouts_{kind}", cause(why)] += 1
        if rollout.context:
            found["refined", ""] += 1
            found["contexts_failed", "-"] += bool(failed & {*rollout.context})
        found["injections", "-"] += bool(rollout.injections)
        found.update(_of_summary(rollout.summary))
    for selection in selections:
        for round in selection.rounds:
            for match in round.matches:
                found.update(_of_match(match))
    return +found  # drops zeros


def plain_counts(limit: str | None) -> Counts:
    """Count what went wrong with an attempt without a strategy."""
    return {("rollouts", ""): 1, ("rollouts_limited", limit or "-"): int(limit is not None)}


def _of_summary(summary: Summary) -> Counts:
    status = f"summaries_{summary.status}"
    cut = summary.shortened_to or getattr(summary, "cut", False) or getattr(summary, "left_out", 0)
    return {
        ("summaries", ""): 1,
        (status, cause(summary.reason)): 1,
        ("summaries_cut", "-"): int(bool(cut)),
        ("summaries_reasked", "-"): int(summary.reasked),
    }


def _of_match(match: Match) -> Counts:
    found = Counter[tuple[str, str]]()
    if len(match.group) > 1:
        found["matches", ""] += 1
        found["winners_drawn", "-"] += match.decided_by == "random"
    for vote in match.votes:
        found["votes", ""] += 1
        found["votes_reasked", "-"] += vote.reasked
        found["grades", ""] += vote.grade is not None
        found["grades_sampled", "-"] += vote.grade is not None and vote.expected_grade is None
        found["votes_cut", "-"] += _cut(vote)
        found["votes_shortened", "-"] += getattr(vote, "shortened_to", None) is not None
        if vote.abstention is not None:
            found["votes_abstained", cause(vote.abstention)] += 1
    return found


def _cut(vote: Vote) -> bool:
    """Whether the answer hit the limit of output tokens; older logs have no field for it."""
    return bool(getattr(vote, "cut", False)) or "stop reason max_tokens" in (vote.abstention or "")


def cause(reason: str | None) -> str:
    """Reduce a reason to its cause: one line, without ids of requests or containers."""
    if reason and (ours := _OURS.fullmatch(reason.strip())):
        reason = ours[2].replace("\\n", "\n").replace(f"\\{ours[1]}", ours[1])
    line = first_line(reason or "")
    return _NAME.sub("…", line[: 2 * _CAUSE_CHARS])[:_CAUSE_CHARS] or "-"


def run_warnings(found: Iterable[Counts]) -> tuple[RunWarning, ...]:
    """Turn the counts of a run's samples into warnings, worst first."""
    total = Counter[tuple[str, str]]()
    for each in found:
        total.update(each)
    warnings = [warning for kind in _KINDS if (warning := _warning(kind, total)) is not None]
    return tuple(sorted(warnings, key=lambda warning: SEVERITIES.index(warning.severity)))


def _warning(kind: _Kind, found: Counts) -> RunWarning | None:
    causes = Counter({why: n for (name, why), n in found.items() if name == kind.name and n})
    count, whole = causes.total(), found.get((kind.total, ""), 0)
    if not count:
        return None
    share = count / max(whole, count)
    severity: Severity = "note"
    if share >= kind.warning:
        severity = "error" if share >= kind.error else "warning"
    named = sorted(causes.items(), key=lambda each: (-each[1], each[0]))
    shown = dict(named[:_MOST_CAUSES])
    if rest := count - sum(shown.values()):
        shown["others"] = rest
    if set(shown) == {"-"}:
        shown = {}
    reasons = "; ".join(f"{why} ({n})" if len(shown) > 1 else why for why, n in shown.items())
    said = f"{whole} {_in_number(kind.text, count, whole)}"
    text = f"{count} of {said} ({_percent(share)}){f': {reasons}' if reasons else ''}"
    return RunWarning(
        kind=kind.name,
        severity=severity,
        text=text,
        count=count,
        total=whole,
        share=share,
        causes=shown,
    )


def _in_number(text: str, count: int, whole: int) -> str:
    """Make the verb agree with `count`, and the noun singular if `whole` is 1."""
    if whole == 1:
        text = text.replace("summaries", "summary", 1)
        text = _NOUN.sub(r"\1", text)
    if count == 1:
        text = _VERB.sub(lambda found: _ONE[found[0]], text)
    return text


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share >= 0.01 else "under 1 %"
