"""One match: its votes, asked in waves, and what they decide."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace

from inspect_ai.model import GenerateConfig, Model
from inspect_ai.util import span

from inspect_tts import progress
from inspect_tts._inspect import effective_config, model_cache_scope
from inspect_tts.errors import gather
from inspect_tts.execution.classes import worth
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.execution.shown import checks_text
from inspect_tts.method.candidates import evidence
from inspect_tts.method.recorded_votes import RecordedVotes, VoteKey
from inspect_tts.method.records import Match, Rollout, Vote
from inspect_tts.method.seeding import lane
from inspect_tts.method.selection_specs import SelectionSpec
from inspect_tts.method.tournament import (
    TieBreak,
    decide,
    display_order,
    order_flip_rate,
    unasked,
    vote_key,
    votes_needed,
)
from inspect_tts.models.batching import manner
from inspect_tts.models.identity import model_identity
from inspect_tts.models.judge import Question, cast_vote, read_vote, sample_answers
from inspect_tts.models.roles import Answer, takes_schema
from inspect_tts.prompts import Prompt
from inspect_tts.resume.format import cache_key
from inspect_tts.resume.saved_results import SavedResults
from inspect_tts.rollout.admission import Budget


@dataclass(frozen=True)
class JudgeSetup:
    """What all matches of a selection share."""

    id: str
    """Of the selection, for example `t0`."""
    key: str
    """Names the selection among all draws of the strategy."""
    rules: SelectionSpec
    judge: Model
    config: GenerateConfig
    problem: str
    epoch: int
    votes: int
    early_stop: bool
    seed: int
    tie: TieBreak
    prompts: tuple[Prompt, Prompt]
    texts: Mapping[str, str] | None
    """What judges read of each rollout instead of its summary."""
    units: SavedResults
    reads: str
    """How they were made, see `reading`."""
    budget: Budget
    matches: int
    """Of the whole selection, at most."""
    characters: int
    """Of a vote's prompt, about."""
    cut: int = 0
    """Votes of each match that are not asked, so that the sample's limit holds."""
    ballots: RecordedVotes | None = None
    """Votes of an earlier run, to be used before the judge is asked."""
    execution: ExecutionEvidence | None = None
    """What running checks on the results showed."""

    def recorded(self, order: tuple[str, ...]) -> Vote | None:
        """A vote of an earlier run on the same question, which is used up by this."""
        if self.ballots is None:
            return None
        prompt, reask = (prompt.record.sha256 for prompt in self.prompts)
        asked = VoteKey(str(self.judge), prompt, reask, self.reads)
        return self.ballots.take(asked, order)

    def vote_config(self, index: int) -> GenerateConfig:
        """The config of one vote: under `--seed` each has another."""
        seed = effective_config(self.judge).seed
        return self.config.merge(GenerateConfig(seed=None if seed is None else seed + index))

    def within_budget(self, matches: int) -> "JudgeSetup":
        """The same for one round, with as many votes as the sample's limit leaves."""
        votes = self.budget.votes(self.characters, matches=matches, votes=self.votes)
        return replace(self, votes=votes, cut=self.votes - votes)

    def wave(self, group: Sequence[str], ballots: Sequence[Vote]) -> int:
        """How many votes to ask next."""
        if not (self.early_stop and self.rules.can_stop_early):
            return self.votes - len(ballots)
        return votes_needed(group, [vote.verdict for vote in ballots], votes=self.votes)


async def run_match(
    judging: JudgeSetup, number: int, index: int, group: Sequence[Rollout]
) -> Match:
    """Ask the votes of one match and count them."""
    id, ids = f"{judging.id}-r{number}-m{index}", tuple(rollout.id for rollout in group)
    grades = judging.rules.answer == "grade"
    ballots: list[Vote] = []
    judged = len(group) > 1 or grades
    if judged:
        # as an agent the viewer gives it a lane and folds its votes
        async with span(f"match {' '.join(ids)}", type="agent", id=id):
            while wave := judging.wave(ids, ballots):
                indices = range(len(ballots), len(ballots) + wave)
                ballots += await _ask(judging, id, group, indices)
    cut, saved = judging.cut if judged else 0, judging.votes - len(ballots) if judged else 0
    progress.plan("votes", -saved)
    verdicts = [vote.verdict for vote in ballots]
    by_evidence = judging.tie == "evidence" or unasked(cut, judging.votes)
    outcome = decide(
        ids,
        verdicts,
        seed=judging.seed,
        key=f"{judging.key}/{id}/tie",
        evidence={r.id: (*worth(judging.execution, r.id), *evidence(r)) for r in group}
        if by_evidence
        else None,
    )
    given = [vote.grade for vote in ballots if vote.grade is not None]
    return Match(
        id=id,
        group=ids,
        votes=tuple(ballots),
        skipped_votes=saved,
        cut=cut,
        tally=outcome.tally,
        tied=outcome.tied,
        winner=outcome.winner,
        decided_by="grade" if grades else outcome.decided_by,
        grade=sum(given) / len(given) if given else None,
        order_flip_rate=order_flip_rate([vote.order for vote in ballots], verdicts),
    )


@dataclass(frozen=True)
class _MatchVotes:
    """What the votes of one match share."""

    judging: JudgeSetup
    match: str
    group: Sequence[Rollout]
    keys: dict[int, str] = field(default_factory=dict)

    def question(self, index: int) -> Question:
        by_id = {rollout.id: rollout for rollout in self.group}
        prompt, reask = self.judging.prompts
        order = display_order(list(by_id), index)
        return Question(
            model=self.judging.judge,
            problem=self.judging.problem,
            shown=[by_id[id] for id in order],
            prompt=prompt,
            reask_prompt=reask,
            config=self.judging.vote_config(index),
            seed=self.judging.seed,
            key=vote_key(self.judging.key, self.match, order),
            texts=self.judging.texts,
            checks=checks_text(self.judging.execution, order, "Solution"),
        )

    def lane(self, *indices: int) -> AbstractContextManager[None]:
        return model_cache_scope(lane(self.judging.epoch, self.match, *indices))

    async def vote(self, index: int, answer: Answer | None = None) -> Vote:
        """One vote: the answer read, or one asked for."""
        question = self.question(index)
        with self.lane(index):
            if answer is None:
                vote = await cast_vote(question, index)
            else:
                vote = await read_vote(question, index, answer)
        progress.done("votes")
        if vote.text and self.judging.units.kept:  # a provider's failure is worth another try
            await self.judging.units.put("vote", self._key(index), vote)
        return vote

    async def kept(self, index: int) -> Vote | None:
        """One vote of an earlier run that was asked the very same."""
        units = self.judging.units
        return await units.get("vote", self._key(index), Vote) if units.kept else None

    def _key(self, index: int) -> str:
        if index not in self.keys:
            question = self.question(index)
            depends_on = {
                "match": f"{self.judging.key}/{self.match}",
                "index": index,
                "shown": [rollout.id for rollout in question.shown],
                "asked": [message.text for message in question.messages()],
                "reask": question.reask_prompt.template,
                "judge": model_identity(question.model),
                "config": question.config.model_dump(mode="json", exclude_none=True),
                "schema": takes_schema(question.model),
            }
            self.keys[index] = cache_key("vote", depends_on)
        return self.keys[index]


async def _ask(
    judging: JudgeSetup, match: str, group: Sequence[Rollout], indices: range
) -> list[Vote]:
    ids, ballot = [rollout.id for rollout in group], _MatchVotes(judging, match, group)
    kept = await gather([ballot.kept(index) for index in indices])
    votes = [vote for vote in kept if vote is not None]
    for vote in votes:
        judging.budget.take_over(vote.usage)
    progress.done("votes", len(votes))
    orders: dict[tuple[str, ...], list[int]] = {}
    for index, known in zip(indices, kept, strict=True):
        order = display_order(ids, index)
        if known is not None:
            continue
        if (earlier := judging.recorded(order)) is not None:
            votes.append(earlier.model_copy(update={"index": index, "reused": True}))
            progress.done("votes")
        else:
            orders.setdefault(order, []).append(index)
    asked = [_ask_order(ballot, same) for same in orders.values()]
    votes += [vote for same in await gather(asked) for vote in same]
    for vote in votes:
        if not vote.reused:
            judging.budget.cast(vote.usage)
    return sorted(votes, key=lambda vote: vote.index)


async def _ask_order(ballot: _MatchVotes, indices: list[int]) -> list[Vote]:
    """Ask the votes of one wave that show the same order, and so have the same prompt."""
    votes: list[Vote] = []
    answers: list[Answer] = []
    first, several = indices[0], len(indices) > 1
    way = manner(ballot.judging.judge, ballot.judging.config) if several else "at_once"
    if way == "one_request":
        with ballot.lane(*indices):
            answers = await sample_answers(ballot.question(first), len(indices))
    elif way == "leader_first" and first < len(ballot.group):  # later ones find the cache written
        votes = [await ballot.vote(first)]
        indices = indices[1:]
    given = dict(zip(indices, answers, strict=False))
    return votes + await gather([ballot.vote(index, given.get(index)) for index in indices])


def independent(judge: Model, votes: int, orders: int) -> GenerateConfig:
    """What keeps votes independent samples."""
    if votes > orders and effective_config(judge).temperature == 0:
        return GenerateConfig(temperature=1.0)
    return GenerateConfig()
