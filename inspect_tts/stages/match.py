"""One match: its votes, asked in waves, and what they decide."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import partial

from inspect_ai.model import GenerateConfig
from inspect_ai.util import span

from inspect_tts._inspect import effective_config, model_cache_scope
from inspect_tts.errors import gather
from inspect_tts.execution.classes import worth
from inspect_tts.execution.shown import checks_text
from inspect_tts.method.candidates import tie_break_key
from inspect_tts.method.records import Investigation, Match, Rollout, Vote, mean_grade
from inspect_tts.method.seeding import cache_scope
from inspect_tts.method.tournament import (
    Outcome,
    decide,
    display_order,
    order_flip_rate,
    unasked,
    vote_key,
)
from inspect_tts.method.voting.close_matches import investigated, is_close
from inspect_tts.method.voting.saved_answers import check_vote
from inspect_tts.models.failures import ModelConfigurationError
from inspect_tts.models.identity import model_identity
from inspect_tts.models.judge import Question, cast_vote, failed_vote, read_vote, sample_answers
from inspect_tts.models.panel import Judge
from inspect_tts.models.providers import vote_mode
from inspect_tts.models.roles import Answer, takes_schema
from inspect_tts.resume.format import saved_key

from .judging import JudgeSetup


async def run_match(
    judging: JudgeSetup, number: int, index: int, group: Sequence[Rollout]
) -> Match:
    """Ask the votes of one match and count them; investigate the match if it is close."""
    id, ids = f"{judging.id}-r{number}-m{index}", tuple(rollout.id for rollout in group)
    grades = judging.spec.answer == "grade"
    votes: list[Vote] = []
    judged = len(group) > 1 or grades
    if not judged:
        outcome, found = _counted(judging, id, group, votes), None
    else:
        # type "agent" makes the viewer fold the votes of a match
        async with span(f"match {' '.join(ids)}", type="agent", id=id):
            asked = _MatchVotes(judging, id, group, judging.turns(id))
            while wave := judging.wave(ids, votes):
                votes += await _ask(asked, range(len(votes), len(votes) + wave))
            outcome = _counted(judging, id, group, votes)
            found = await _investigation(judging, id, group, outcome)
    cut, skipped = (judging.cut, judging.votes - len(votes)) if judged else (0, 0)
    judging.following.spare(skipped)
    verdicts, outcome = [vote.verdict for vote in votes], investigated(outcome, found)
    return Match(
        id=id,
        group=ids,
        votes=tuple(votes),
        skipped_votes=skipped,
        cut=cut,
        tally=outcome.tally,
        tied=outcome.tied,
        winner=outcome.winner,
        decided_by="grade" if grades else outcome.decided_by,
        investigation=found,
        grade=mean_grade(votes),
        order_flip_rate=order_flip_rate([vote.order for vote in votes], verdicts),
    )


def _counted(
    judging: JudgeSetup, id: str, group: Sequence[Rollout], votes: Sequence[Vote]
) -> Outcome:
    """The outcome of a match by its votes."""
    told = {r.id: (*worth(judging.execution, r.id), *tie_break_key(r)) for r in group}
    by_evidence = judging.options.tie == "evidence"
    by_evidence = by_evidence or (len(group) > 1 and unasked(judging.cut, judging.votes))
    return decide(
        [rollout.id for rollout in group],
        [vote.verdict for vote in votes],
        seed=judging.options.seed,
        key=f"{judging.key}/{id}/tie",
        evidence=told if by_evidence else None,
    )


async def _investigation(
    judging: JudgeSetup, id: str, group: Sequence[Rollout], outcome: Outcome
) -> Investigation | None:
    """Investigate a match if it is close and the selection investigates close matches."""
    if judging.investigator is None or len(group) == 1 or not is_close(outcome.tally):
        return None
    return await judging.investigator.investigate(id, group, cut=judging.cut > 0)


@dataclass(frozen=True)
class _MatchVotes:
    """What the votes of one match share."""

    judging: JudgeSetup
    match: str
    group: Sequence[Rollout]
    turns: tuple[Judge, ...]
    keys: dict[int, str] = field(default_factory=dict)

    def judge(self, index: int) -> Judge:
        return self.turns[index % len(self.turns)]

    def order(self, index: int) -> tuple[str, ...]:
        return display_order([rollout.id for rollout in self.group], index, len(self.turns))

    def signed(self, vote: Vote, index: int) -> Vote:
        """The vote with the name of its judge, if there are several judges."""
        name = self.judge(index).name if len(self.turns) > 1 else None
        return vote.model_copy(update={"judge": name})

    def question(self, index: int) -> Question:
        judging, by_id = self.judging, {rollout.id: rollout for rollout in self.group}
        order, judge = self.order(index), self.judge(index)
        prompt, reask = judging.prompts[:2]
        seed = effective_config(judge.model).seed  # each vote has its own seed
        seeded = GenerateConfig(seed=None if seed is None else seed + index)
        return Question(
            model=judge.model,
            problem=judging.problem,
            shown=[by_id[id] for id in order],
            prompt=prompt,
            reask_prompt=reask,
            config=judge.config.merge(seeded),
            seed=judging.options.seed,
            key=vote_key(judging.key, self.match, order),
            texts=judging.texts,
            checks=checks_text(judging.execution, order, "Solution"),
        )

    def cache_scope(self, *indices: int) -> AbstractContextManager[None]:
        return model_cache_scope(cache_scope(self.judging.epoch, self.match, *indices))

    async def vote(self, index: int, answer: Answer | None = None) -> Vote:
        """Ask for one vote, or read it from the given answer, and save it."""
        question = self.question(index)
        judge, failed = self.judge(index), self.judging.failed
        try:
            with self.cache_scope(index):
                if judge.name in failed:
                    vote = failed_vote(question, index, failed[judge.name])
                elif answer is None:
                    vote = await cast_vote(question, index)
                else:
                    vote = await read_vote(question, index, answer)
        except ModelConfigurationError as error:
            self.judging.note_failed(judge, error)
            vote = failed_vote(question, index, error.reason)
        vote = self.signed(vote, index)
        self.judging.following.did()
        self.judging.following.paid("votes", vote.usage)
        if vote.text and self.judging.saved.kept:  # a retry asks again if the provider failed
            await self.judging.saved.put("vote", self._key(index), vote)
        return vote

    async def saved_vote(self, index: int) -> Vote | None:
        """The vote that an interrupted run of this eval saved."""
        saved, grades = self.judging.saved, self.judging.spec.answer == "grade"
        fits = partial(check_vote, index=index, order=self.order(index), grades=grades)
        return await saved.get("vote", self._key(index), Vote, fits) if saved.kept else None

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
                **({"name": self.judge(index).name} if len(self.turns) > 1 else {}),
                "config": question.config.model_dump(mode="json", exclude_none=True),
                "schema": takes_schema(question.model),
            }
            self.keys[index] = saved_key("vote", depends_on)
        return self.keys[index]


async def _ask(match: _MatchVotes, indices: range) -> list[Vote]:
    """Get the votes of one wave: saved or recorded ones first, the rest from the judges."""
    judging = match.judging
    saved = await gather([match.saved_vote(index) for index in indices])
    votes = [match.signed(vote, vote.index) for vote in saved if vote is not None]
    for vote in votes:
        judging.budget.take_over(vote.usage)
        judging.following.paid("votes", vote.usage)
    judging.following.did(len(votes))
    missing: dict[tuple[str, tuple[str, ...]], list[int]] = {}
    for index, known in zip(indices, saved, strict=True):
        order = match.order(index)
        if known is not None:
            continue
        judge = match.judge(index)
        if (recorded := judging.recorded_vote(judge, order)) is not None:
            vote = recorded.model_copy(update={"index": index, "reused": True})
            votes.append(match.signed(vote, index))
            judging.following.did()
        else:
            missing.setdefault((judge.name, order), []).append(index)
    asked = await gather([_ask_order(match, same) for same in missing.values()])
    votes += [vote for same in asked for vote in same]
    for vote in votes:
        if not vote.reused:
            judging.budget.cast(vote.usage)
    return sorted(votes, key=lambda vote: vote.index)


async def _ask_order(match: _MatchVotes, indices: list[int]) -> list[Vote]:
    """Ask one judge for the votes of a wave with one display order; they share a prompt."""
    votes: list[Vote] = []
    answers: list[Answer] = []
    first, several = indices[0], len(indices) > 1
    judge = match.judge(first)
    several = several and judge.name not in match.judging.failed
    mode = vote_mode(judge.model, judge.config) if several else "parallel"
    if mode == "num_choices":
        with match.cache_scope(*indices), suppress(ModelConfigurationError):  # raised again below
            answers = await sample_answers(match.question(first), len(indices))
    elif mode == "warm_cache" and first < len(match.group) * len(match.turns):
        # later waves find the prompt in the cache
        votes = [await match.vote(first)]
        indices = indices[1:]
    given = dict(zip(indices, answers, strict=False))
    return votes + await gather([match.vote(index, given.get(index)) for index in indices])
