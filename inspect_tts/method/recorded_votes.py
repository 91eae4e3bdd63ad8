"""Votes of an earlier run, each used once where the very same question is asked again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from .records import PromptRecord, Selection, Stage, Vote


class VoteKey(NamedTuple):
    """All of a judge's question but the problem and the rollouts shown."""

    judge: str
    """The model."""
    prompt: str
    """Hash of the wording."""
    reask: str
    """Hash of the wording that follows an answer which could not be read."""
    reads: str
    """What is shown of a rollout, see `reading`."""


def reading(parameters: Mapping[str, Any]) -> str:
    """What judges read of a rollout, from the arguments of a selecting stage."""
    checks = f" with checks {parameters['checks']}" if parameters.get("checks") else ""
    if parameters["judge_input"] == "trajectory":
        return f"trajectory in {parameters['judge_tokens']} tokens{checks}"
    return f"{parameters['judge_input']}{checks}"


class RecordedVotes:
    """The recorded votes on one problem that are not used yet."""

    def __init__(self, votes: Iterable[tuple[VoteKey, Vote]], judge: str | None = None) -> None:
        self._left: defaultdict[tuple[VoteKey, tuple[str, ...]], list[Vote]] = defaultdict(list)
        self._judge = judge
        for asked, vote in votes:
            self._left[asked, vote.order].append(vote)

    def take(self, asked: VoteKey, order: Sequence[str]) -> Vote | None:
        """Use a recorded vote up."""
        if self._judge is not None:
            asked = asked._replace(judge=self._judge)
        left = self._left[asked, tuple(order)]
        return left.pop(0) if left else None

    @property
    def left(self) -> Counter[VoteKey]:
        """How many votes are not used, by what was asked."""
        counts = Counter[VoteKey]()
        for (asked, _), votes in self._left.items():
            counts[asked] += len(votes)
        return +counts


def recorded_votes(
    stages: Sequence[Stage],
    selections: Sequence[Selection],
    built_in: Mapping[str, str] | None = None,
) -> list[tuple[VoteKey, Vote]]:
    """All votes of a run with what was asked, in the order they were cast.

    Votes in the built-in words of an earlier version count as asked in this version's, whose hashes
    `built_in` gives by the prompt's name: a replay keeps what is not given as it was recorded.
    """
    selecting = [stage for stage in stages if stage.selects]
    found = []
    for stage, selection in zip(selecting, selections, strict=False):
        if len(stage.prompts) == 2:
            prompt, reask = (_wording(prompt, built_in or {}) for prompt in stage.prompts)
            votes = [v for round in selection.rounds for m in round.matches for v in m.votes]
            reads = reading(stage.parameters)
            found += [(VoteKey(vote.model, prompt, reask, reads), vote) for vote in votes]
    return found


def _wording(prompt: PromptRecord, built_in: Mapping[str, str]) -> str:
    if prompt.source == "built-in":
        return built_in.get(prompt.name, prompt.sha256)
    return prompt.sha256
