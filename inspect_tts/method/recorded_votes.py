"""Votes of an earlier run, each used once when the same question is asked again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .parameters import JudgeParameters
from .records import Investigation, PromptRecord, Selection, Stage, Vote


class VoteKey(NamedTuple):
    """Everything that a judge is asked, except for the problem and the rollouts shown."""

    judge: str
    """The judge's model."""
    prompt: str
    """Hash of the prompt's wording."""
    reask: str
    """Hash of the wording of the re-ask."""
    reads: str
    """Label of what is shown of a rollout, see `judge_input_label`."""


def judge_input_label(parameters: JudgeParameters, checks: str = "") -> str:
    """A label of what judges read of a rollout, from the arguments of a selecting stage."""
    seen = f" with checks {checks}" if checks else ""
    if parameters.judge_input == "trajectory":
        return f"trajectory in {parameters.judge_tokens} tokens{seen}"
    return f"{parameters.judge_input}{seen}"


class RecordedVotes:
    """The recorded votes on one problem that are not used yet.

    With `judge`, the votes of that model are used, whichever model judges now. With `models`, which
    maps the names of judges to models, no judge is asked: each judge has the votes of its model.
    """

    def __init__(
        self,
        votes: Iterable[tuple[VoteKey, Vote]],
        judge: str | None = None,
        models: Mapping[str, str] | None = None,
        investigations: Iterable[Investigation] = (),
    ) -> None:
        self._left: defaultdict[tuple[VoteKey, tuple[str, ...]], list[Vote]] = defaultdict(list)
        self._judge, self._models = judge, models or {}
        self._investigations: defaultdict[tuple[str, ...], list[Investigation]] = defaultdict(list)
        for found in investigations:
            self._investigations[found.order].append(found)
        for asked, vote in votes:
            self._left[asked, vote.order].append(vote)

    def take(self, asked: VoteKey, order: Sequence[str], name: str = "") -> Vote | None:
        """Take a recorded vote, so that it is not used again; None if there is none."""
        judge = self._judge or self._models.get(name)
        if judge is not None:
            asked = asked._replace(judge=judge)
        left = self._left[asked, tuple(order)]
        return left.pop(0) if left else None

    def take_investigation(self, order: Sequence[str]) -> Investigation | None:
        """Take the recorded investigation of two rollouts, of any model; None if there is none."""
        left = self._investigations[tuple(order)]
        return left.pop(0).model_copy(update={"reused": True}) if left else None

    @property
    def complete(self) -> bool:
        """Whether no judge will be asked."""
        return bool(self._models)

    @property
    def left(self) -> Counter[VoteKey]:
        """How many votes are unused, by what was asked."""
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

    `built_in` has the hashes of this version's built-in prompts, by name. Votes on an earlier
    version's built-in prompts count as votes on these, so that a replay can use them.
    """
    selecting = [stage for stage in stages if stage.selects]
    found = []
    for stage, selection in zip(selecting, selections, strict=False):
        if len(stage.prompts) >= 2:
            prompt, reask = (_wording(prompt, built_in or {}) for prompt in stage.prompts[:2])
            votes = [v for round in selection.rounds for m in round.matches for v in m.votes]
            reads = judge_input_label(stage.judging, stage.parameters.get("checks", ""))
            found += [(VoteKey(vote.model, prompt, reask, reads), vote) for vote in votes]
    return found


def recorded_investigations(selections: Sequence[Selection]) -> list[Investigation]:
    """All investigations of a run."""
    matches = [match for s in selections for round in s.rounds for match in round.matches]
    return [match.investigation for match in matches if match.investigation is not None]


def _wording(prompt: PromptRecord, built_in: Mapping[str, str]) -> str:
    if prompt.source == "built-in":
        return built_in.get(prompt.name, prompt.sha256)
    return prompt.sha256
