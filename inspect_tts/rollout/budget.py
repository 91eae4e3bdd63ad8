"""Use a sample's token or cost limit as the strategy's budget: decide what may still start."""

from collections.abc import Sequence
from math import inf

import anyio
from inspect_ai.model import ModelUsage
from inspect_ai.util import sample_limits

from inspect_tts._inspect import metered_tokens
from inspect_tts.method.records import Cut, Usage
from inspect_tts.registry import is_stage

from .account import Account, Amount


class Budget:
    """The budget of one sample.

    Its limits are Inspect's own: `--token-limit` and `--cost-limit`, or those of the task.
    """

    def __init__(self) -> None:
        limits = sample_limits()
        self._tokens, self._dollars = limits.token, limits.cost
        most = (inf if each.limit is None else each.limit for each in (limits.token, limits.cost))
        self.account = Account(limit=Amount(*most))
        self.ahead: tuple[str, ...] = ()
        """The phases that the strategy has still to run, the current one first."""
        self._taken_over, self._unrecorded = Amount(), Usage()
        self._changed = anyio.Condition()
        self._decided = 0

    @property
    def limited(self) -> bool:
        """Whether the sample has a limit on tokens or dollars."""
        return self.account.limited

    @property
    def spent(self) -> Amount:
        """What the sample has used, including the results taken over from an earlier run."""
        return Amount(self._tokens.usage, self._dollars.usage).plus(self._taken_over)

    def amount(self, usage: Usage) -> Amount:
        """What a usage counts toward the limits."""
        used = ModelUsage(
            input_tokens=usage.input_tokens,
            input_tokens_cache_read=usage.cache_read_tokens,
            input_tokens_cache_write=usage.cache_write_tokens,
            output_tokens=usage.output_tokens,
            total_tokens=usage.total_tokens,
        )
        counted = getattr(self._tokens, "type", "all")
        return Amount(metered_tokens(counted, used), usage.cost or 0.0)

    def take_over(self, usage: Usage) -> None:
        """Count what an earlier run paid for as if this run had paid for it."""
        self._taken_over = self._taken_over.plus(self.amount(usage))
        self._unrecorded += usage

    def newly_taken_over(self) -> Usage:
        """The usage that was taken over since the last call."""
        found, self._unrecorded = self._unrecorded, Usage()
        return found

    def begin(self, phase: str, *, n: int = 1) -> None:
        """Begin a phase: `rollouts`, of which `n` are planned, or `selection`."""
        rest = ("selection",) if phase == "rollouts" else ()
        ahead = self.ahead if self.ahead[:1] == (phase,) else (phase, *rest)
        self.account.begin(ahead, self.spent, n=n)
        self._decided = 0

    async def admit(self, id: str, index: int) -> bool:
        """Wait until it is known whether a rollout may start; decide in the order of indexes."""
        if not self.limited:
            return True
        async with self._changed:
            while self._decided < index or self._waits(index):
                await self._changed.wait()
            may = index == 0 or bool(self.account.affords_rollout(self.spent))
            self._decided = index + 1
            if may:
                self.account.start(id)
            self._changed.notify_all()
            return may

    def _waits(self, index: int) -> bool:
        return index > 0 and self.account.affords_rollout(self.spent) is None

    async def end(self, id: str, usage: Usage | None) -> None:
        """Note that a rollout has ended; its usage is None if it was cancelled."""
        async with self._changed:
            if usage is None:
                self.account.under_way.discard(id)
            else:
                self.account.end(id, self.amount(usage))
            self._changed.notify_all()

    def affords_iteration(self) -> bool:
        """Whether at least one rollout fits into the next iteration's share of the budget."""
        self.begin("rollouts")
        return self.account.affords_rollout(self.spent) is not False

    def votes(self, characters: int, *, matches: int, votes: int) -> int:
        """How many votes each of the next matches may have, if prompts have so many characters."""
        prompt, answer = characters // 4, 500
        guessed = Usage(input_tokens=prompt, output_tokens=answer, total_tokens=prompt + answer)
        tokens = self.amount(guessed).tokens
        rate = self.spent.dollars / self.spent.tokens if self.spent.tokens else 0.0
        guess = Amount(tokens, tokens * rate)
        return self.account.affords_votes(self.spent, guess, matches=matches, votes=votes)

    def dollars_left(self, most: float) -> float | None:
        """The dollars that an investigation may spend, at most `most`; None if nothing is left."""
        if not self.account.affords_more(self.spent):
            return None
        return min(most, self.account.top.dollars - self.spent.dollars)

    def cast(self, usage: Usage) -> None:
        """Count a vote."""
        self.account.cast(self.amount(usage))

    def cut(self, planned: int, started: int) -> Cut | None:
        """The record of what was not started; None if everything was."""
        if started >= planned:
            return None
        limit, spent = self.account.limit, self.spent
        return Cut(
            planned=planned,
            started=started,
            token_limit=None if limit.tokens == inf else int(limit.tokens),
            cost_limit=None if limit.dollars == inf else limit.dollars,
            tokens=int(spent.tokens),
            dollars=spent.dollars,
        )


def phases_of(stages: Sequence[str]) -> tuple[str, ...]:
    """The phases of a chain of stages that spend budget."""
    kinds = {"rollouts": "rollouts", "tournament": "selection", "select": "selection"}
    names = [name.rpartition("/")[2] for name in stages if is_stage(name)]
    return tuple(kinds[name] for name in names if name in kinds)
