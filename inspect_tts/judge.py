"""Ask a judge which of a group is best (paper, section 1: `LM[P_comp(task; S_j1..S_jG)]`)."""

from collections.abc import Sequence

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    GenerateConfig,
    Model,
)

from .core.parsing import parse_verdict
from .core.records import Rollout, Usage, Vote
from .core.summary import numbered
from .models import ask
from .prompts import Prompt


async def cast_vote(
    model: Model,
    *,
    index: int,
    problem: str,
    shown: Sequence[Rollout],
    prompt: Prompt,
    reask_prompt: Prompt,
    config: GenerateConfig,
) -> Vote:
    """Ask for one vote. An answer without a readable verdict is asked for once more.

    Args:
        model: The judge.
        index: Of the vote in its match, from 0.
        problem: The problem as the agents saw it.
        shown: The group in display order: Solution 1, Solution 2, ...
        prompt: The judge prompt.
        reask_prompt: What follows an answer without a verdict.
        config: Merged over the model's own.

    Returns:
        The vote: a verdict, or an abstention with its reason.
    """
    count = len(shown)
    text = prompt.format(problem=problem, solutions=numbered(shown, "solution"), count=count)
    conversation: list[ChatMessage] = [ChatMessageUser(content=text)]
    answer = await ask(model, conversation, config)
    answers = [answer]
    verdict = parse_verdict(answer.text, count)
    reasked = verdict is None and not answer.raised
    if reasked:
        if answer.text.strip():  # providers refuse an empty message
            conversation.append(ChatMessageAssistant(content=answer.text))
        conversation.append(ChatMessageUser(content=reask_prompt.format(count=count)))
        answers.append(await ask(model, conversation, config))
        verdict = parse_verdict(answers[-1].text, count)
    return Vote(
        index=index,
        order=tuple(rollout.id for rollout in shown),
        verdict=None if verdict is None else shown[verdict - 1].id,
        abstention=None if verdict else answers[-1].problem or "no readable verdict",
        reasked=reasked,
        text="\n\n".join(a.text for a in answers if a.text),
        model=str(model),
        usage=sum((a.usage for a in answers), Usage()),
        seconds=sum(a.seconds for a in answers),
    )
