"""Ask a judge which of a group is best (paper, section 1: `LM[P_comp(task; S_j1..S_jG)]`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ContentText,
    GenerateConfig,
    Model,
)

from .core.parsing import parse_grade, parse_verdict
from .core.records import Rollout, Usage, Vote
from .core.summary import numbered
from .models import ask
from .prompts import Prompt


@dataclass(frozen=True)
class Question:
    """What a judge is asked about one group shown in one order."""

    model: Model
    problem: str
    shown: Sequence[Rollout]
    """In display order: Solution 1, Solution 2, ..."""
    prompt: Prompt
    reask_prompt: Prompt
    config: GenerateConfig
    """Merged over the model's own."""

    @property
    def grades(self) -> bool:
        """Whether a rollout is graded alone."""
        return self.prompt.name == "grade"

    def messages(self) -> list[ChatMessage]:
        """The prompt; all but what follows the solutions is marked as a prefix worth caching."""
        solutions = numbered(self.shown, "solution")
        text = self._format(self.prompt, problem=self.problem, solutions=solutions)
        end = text.rfind(solutions) + len(solutions)
        pieces = [
            ContentText(text=text[:end], cache_breakpoint=True),
            ContentText(text=text[end:]),
        ]
        return [ChatMessageUser(content=[piece for piece in pieces if piece.text])]

    def again(self) -> ChatMessageUser:
        """What follows an answer that could not be read."""
        return ChatMessageUser(content=self._format(self.reask_prompt))

    def read(self, text: str) -> int | None:
        """The verdict or grade in an answer."""
        return parse_grade(text) if self.grades else parse_verdict(text, len(self.shown))

    def _format(self, prompt: Prompt, **values: object) -> str:
        count = {} if self.grades else {"count": len(self.shown)}
        return prompt.format(**values, **count)


async def cast_vote(question: Question, index: int) -> Vote:
    """Ask for one vote. An answer that cannot be read is asked for once more.

    Args:
        question: What to ask.
        index: Of the vote in its match, from 0.

    Returns:
        The vote: a verdict or grade, or an abstention with its reason.
    """
    conversation = question.messages()
    answer = await ask(question.model, conversation, question.config)
    answers = [answer]
    number = question.read(answer.text)
    reasked = number is None and not answer.raised
    if reasked:
        if answer.text.strip():  # providers refuse an empty message
            conversation.append(ChatMessageAssistant(content=answer.text))
        conversation.append(question.again())
        answers.append(await ask(question.model, conversation, question.config))
        number = question.read(answers[-1].text)
    named = None if number is None or question.grades else question.shown[number - 1].id
    missing = "no readable grade" if question.grades else "no readable verdict"
    return Vote(
        index=index,
        order=tuple(rollout.id for rollout in question.shown),
        verdict=named,
        grade=number if question.grades else None,
        abstention=None if number else answers[-1].problem or missing,
        reasked=reasked,
        text="\n\n".join(a.text for a in answers if a.text),
        model=str(question.model),
        usage=sum((a.usage for a in answers), Usage()),
        seconds=sum(a.seconds for a in answers),
    )
