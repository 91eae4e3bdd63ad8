"""The refinement context: what a rollout is told about earlier ones."""

from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.execution.shown import checks_block
from inspect_tts.method.records import Rollout
from inspect_tts.method.refinement import context_key
from inspect_tts.prompts import Prompt
from inspect_tts.text.fences import fence_word
from inspect_tts.text.summary import facts_text, numbered


class Refinement(NamedTuple):
    """A refinement context, as a rollout reads it."""

    context: tuple[str, ...] = ()
    """Ids of the rollouts that it shows."""
    text: str = ""
    """Empty if it shows no rollout."""
    fence: str | None = None
    """The word that fences its blocks."""


def refinement_of(
    prompt: Prompt,
    earlier: Sequence[Rollout],
    *,
    iteration: int,
    seed: int,
    problem: str,
    checks: str = "",
) -> Refinement:
    """Show earlier rollouts to a new one, with the checks that distinguish their results."""
    if not earlier:
        return Refinement()
    context = tuple(rollout.id for rollout in earlier)
    told = [rollout.summary.text for rollout in earlier]
    facts = [facts_text(rollout.facts) for rollout in earlier]
    inside, key = [problem, *told, *facts, checks], context_key(iteration, context)
    fence = fence_word(told, seed=seed, key=key, inside=inside)
    shown = numbered(earlier, "attempt", fence) + checks_block(checks, "attempt", fence)
    text = prompt.format(summaries=shown, fence=fence)
    return Refinement(context, text, fence)
