"""What the matches of a selection share: judges, prompts, and what judges read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from inspect_ai.solver import Generate, TaskState

from inspect_tts._inspect import outer_sample, setup_steps
from inspect_tts.execution.classes import evidence_label
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.execution.shown import MOST_CHARS
from inspect_tts.method.recorded_votes import RecordedVotes, VoteKey, judge_input_label
from inspect_tts.method.records import Vote
from inspect_tts.method.selection_specs import SELECTIONS, SelectionSpec, matches_at_most
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import judges_key, turns_of
from inspect_tts.method.voting.close_matches import open_lead
from inspect_tts.method.voting.early_stopping import further_votes
from inspect_tts.models.failures import ModelConfigurationError
from inspect_tts.models.panel import Judge, judges_of
from inspect_tts.options import SelectOptions
from inspect_tts.progress import Problem, followed
from inspect_tts.prompts import Prompt
from inspect_tts.registry import is_stage
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.rollout.budget import Budget
from inspect_tts.rollout.job import problem_text
from inspect_tts.rollout.source import Place, strategy_state
from inspect_tts.text.trajectory import render_trajectory

from .investigation.investigator import Investigator
from .pool import pool_of

_FRAME = 3_000
"""Approximate characters of a judge's prompt besides the problem and the solutions."""


@dataclass(frozen=True)
class JudgeSetup:
    """What all matches of a selection share."""

    id: str
    """Id of the selection, for example `t0`."""
    key: str
    """Names the selection among all draws of the strategy."""
    options: SelectOptions
    spec: SelectionSpec
    judges: tuple[Judge, ...]
    problem: str
    epoch: int
    prompts: tuple[Prompt, ...]
    """The prompts of a vote, of its re-ask and, with `close=investigate`, of an investigation."""
    texts: Mapping[str, str] | None
    """By rollout id, what judges read instead of the summary; None if they read the summary."""
    saved: SavedResults
    budget: Budget
    matches: int
    """Judged matches: of the whole selection at most, or of the round, see `round`."""
    characters: int
    """Approximate characters of a vote's prompt."""
    following: Problem
    recorded: RecordedVotes | None = None
    """Votes of an earlier run, used before the judge is asked."""
    cut: int = 0
    """Votes of each match that are not asked, to stay within the sample's limit."""
    execution: ExecutionEvidence | None = None
    """What checks on the rollouts' results showed."""
    investigator: Investigator | None = None
    """None if no match is investigated."""
    failed: dict[str, str] = field(default_factory=dict)
    """Judges that cannot be asked, and why not."""

    @property
    def votes(self) -> int:
        """Votes of each match."""
        return self.options.most_votes - self.cut

    @property
    def temperature(self) -> float | dict[str, float | None] | None:
        """The temperature that makes votes independent; a mapping by name for several judges."""
        found = {judge.name: judge.config.temperature for judge in self.judges}
        return found if len(found) > 1 else next(iter(found.values()))

    def turns(self, match: str) -> tuple[Judge, ...]:
        """The judges in the order in which they take turns with the votes of a match."""
        by_name = {judge.name: judge for judge in self.judges}
        key = judges_key(self.key, match, grades=self.spec.answer == "grade")
        return tuple(by_name[n] for n in turns_of([*by_name], seed=self.options.seed, key=key))

    def note_failed(self, judge: Judge, error: ModelConfigurationError) -> None:
        """Note a judge that cannot be asked, so that its votes abstain; raise if none is left."""
        self.failed[judge.name] = error.reason
        if len(self.failed) == len(self.judges):
            raise error

    def recorded_vote(self, judge: Judge, order: tuple[str, ...]) -> Vote | None:
        """Take a vote of an earlier run on the same question; each is used once."""
        if self.recorded is None:
            return None
        prompt, reask = (prompt.record.sha256 for prompt in self.prompts[:2])
        reads = judge_input_label(self.options, evidence_label(self.execution))
        return self.recorded.take(
            VoteKey(str(judge.model), prompt, reask, reads), order, judge.name
        )

    def round(self, judged: int, left: int) -> "JudgeSetup":
        """The setup of one round, with as many votes as the sample's limit allows."""
        wanted = self.options.most_votes
        votes = self.budget.votes(self.characters, matches=left, votes=wanted)
        return replace(self, cut=wanted - votes, matches=judged)

    def wave(self, group: Sequence[str], votes: Sequence[Vote]) -> int:
        """How many votes to ask next."""
        return further_votes(
            group,
            [vote.verdict for vote in votes],
            votes=self.votes,
            early_stop=self.options.early_stop and self.spec.can_stop_early,
            auto=self.options.auto,
            matches=self.matches,
            open_lead=open_lead(self.options.close),
        )


def judge_setup(
    state: TaskState,
    generate: Generate,
    id: str,
    candidates: Candidates,
    options: SelectOptions,
    prompts: tuple[Prompt, ...],
    execution: ExecutionEvidence | None,
) -> JudgeSetup:
    """Make what all matches of a selection share."""
    spec, shared = SELECTIONS[options.selection], strategy_state()
    texts = _trajectories(candidates, options) if options.judge_input == "trajectory" else None
    read = [(texts or {}).get(id, r.summary.text) for id, r in candidates.rollouts.items()]
    problem, size, n = problem_text(state), min(options.group_size, len(read)), len(read)
    frame, recorded = _FRAME + (MOST_CHARS if execution else 0), shared.recorded_votes
    asked = recorded is None or not recorded.complete
    orders, following = spec.orders(n), followed(pool_of(state).problem)
    investigator = None
    if options.close == "investigate":
        investigator = Investigator(
            state=state,
            generate=generate,
            options=options,
            prompts=(prompts[2], prompts[1]),
            key=candidates.key,
            problem=problem,
            texts=texts,
            execution=execution,
            place=shared.place or Place(outer_sample().sample, (*setup_steps(is_stage),)),
            saved=shared.saved,
            budget=shared.budget,
            following=following,
            recorded=recorded,
        )
    return JudgeSetup(
        id=id,
        key=candidates.key,
        options=options,
        spec=spec,
        judges=judges_of(options.panel, votes=options.most_votes, orders=orders, asked=asked),
        problem=problem,
        epoch=state.epoch,
        prompts=prompts,
        texts=texts,
        saved=shared.saved,
        budget=shared.budget,
        matches=matches_at_most(spec, n, options.keep, options.group_size),
        following=following,
        characters=len(problem) + size * sum(map(len, read)) // n + frame,
        recorded=recorded,
        execution=execution,
        investigator=investigator,
    )


def _trajectories(candidates: Candidates, options: SelectOptions) -> dict[str, str]:
    texts: dict[str, str] = {}
    for id in candidates.rollouts:
        messages = strategy_state().rollouts[id].state.messages
        trajectory = render_trajectory(messages, budget_tokens=options.judge_tokens)
        texts[id] = trajectory or "No step was taken."
    return texts
