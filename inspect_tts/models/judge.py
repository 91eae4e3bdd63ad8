"""Ask a judge which of a group is best (paper, section 1: `LM[P_comp(task; S_j1..S_jG)]`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageUser,
    ContentText,
    GenerateConfig,
    Model,
    ResponseSchema,
)
from inspect_ai.util import JSONSchema

from inspect_tts.execution.shown import checks_block
from inspect_tts.method.records import Rollout, Usage, Vote
from inspect_tts.prompts import Prompt
from inspect_tts.text.expected import expected_grade
from inspect_tts.text.fences import fence_word, harmless
from inspect_tts.text.summary import facts_text, numbered
from inspect_tts.text.trajectory import elide
from inspect_tts.text.verdict import BEST_GRADE, parse_grade, parse_verdict

from .roles import (
    SHORTER,
    Answer,
    ask,
    ask_by_schema,
    ask_for_logprobs,
    takes_logprobs,
    takes_schema,
)

_LEAST_CHARS = 300
"""Characters of a solution below which it is not shortened further."""
_TOP = 20
"""Number of alternative tokens requested for a grade: there are 20 grades."""
_MOST_CUT_CHARS = 4000  # of an incomplete answer that its re-ask quotes


@dataclass(frozen=True)
class Question:
    """What a judge is asked about one group in one display order."""

    model: Model
    problem: str
    shown: Sequence[Rollout]
    """The rollouts in display order: Solution 1, Solution 2, ..."""
    prompt: Prompt
    reask_prompt: Prompt
    config: GenerateConfig
    """Merged over the model's own config."""
    seed: int
    """The strategy's seed, for the word that fences the blocks."""
    key: str
    """Identifies the match and its display order, see `vote_key`."""
    texts: Mapping[str, str] | None = None
    """By rollout id, the text that replaces its summary."""
    checks: str = ""
    """What checks on the rollouts' results showed."""
    shortened_to: int | None = None
    """Characters shown of each solution, if not all fit."""

    @property
    def grades(self) -> bool:
        """Whether the judge grades one rollout alone."""
        return self.prompt.name == "grade"

    @cached_property
    def fence(self) -> str:
        """The word that fences the blocks; votes that share the prompt share it."""
        told = [rollout.summary.text for rollout in self.shown]
        facts = [facts_text(rollout.facts) for rollout in self.shown]
        inside = [self.problem, *told, *facts, *(self.texts or {}).values(), self.checks]
        return fence_word(told, seed=self.seed, key=self.key, inside=inside)

    def messages(self) -> list[ChatMessage]:
        """The prompt in pieces, so that providers can cache the prefixes that prompts share.

        All votes of a sample share the prefix up to the problem. Votes that show the same order
        share the whole prompt.
        """
        pieces = [ContentText(text=text, cache_breakpoint=True) for text in self._pieces()]
        return [ChatMessageUser(content=[*pieces])]

    def again(self, *, cut: bool = False) -> ChatMessageUser:
        """The message that follows an answer without a readable verdict or grade."""
        text = self._format(self.reask_prompt)
        return ChatMessageUser(content=f"{SHORTER}\n\n{text}" if cut else text)

    def schema(self) -> ResponseSchema:
        """The schema of an answer: a comparison, then the verdict or grade."""
        numbers = [f"Solution {number}" for number in range(1, len(self.shown) + 1)]
        verdict = JSONSchema(type="string", enum=list(numbers))
        grade = JSONSchema(type="integer", description=f"From 1 to {BEST_GRADE}")
        decision = {"grade": grade} if self.grades else {"verdict": verdict}
        reasons = JSONSchema(type="string", description="Short comparison that cites the evidence")
        properties = {"comparison": reasons, **decision}
        form = JSONSchema(
            type="object",
            properties=properties,
            required=list(properties),
            additionalProperties=False,
        )
        return ResponseSchema(name="grade" if self.grades else "verdict", json_schema=form)

    def shortened(self) -> "Question | None":
        """The question with half of each solution; None if that would be too short."""
        texts = self.texts or {r.id: r.summary.text for r in self.shown}
        longest = self.shortened_to or max(len(texts[rollout.id]) for rollout in self.shown)
        most = longest // 2
        if most < _LEAST_CHARS:
            return None
        cut = {rollout.id: elide(texts[rollout.id], most) for rollout in self.shown}
        return replace(self, texts=cut, shortened_to=most)

    def read(self, answer: Answer) -> int | None:
        """The verdict (a solution's number) or grade in an answer; None if it is unreadable."""
        if self.grades:
            return parse_grade(answer.text)
        return parse_verdict(answer.text, len(self.shown), cut=answer.cut)

    def text(self, **places: object) -> str:
        """The prompt as one text; `places` fill further placeholders of its template."""
        return self._format(self.prompt, **self._shown(), **places)

    def _shown(self) -> dict[str, object]:
        solutions = numbered(self.shown, "solution", self.fence, self.texts)
        solutions += checks_block(self.checks, "solution", self.fence)
        return {"problem": harmless(self.problem), "solutions": solutions, "fence": self.fence}

    def _pieces(self) -> list[str]:
        template, place = self.prompt.template, "{solutions}"
        start, end = template.index(place), template.rindex(place) + len(place)
        cuts = [0, start, end] if "{problem}" in template[:start] else [0, end]
        values, pieces = self._shown(), [""]
        for cut, until in zip(cuts, [*cuts[1:], len(template)], strict=True):
            part = replace(self.prompt, template=template[cut:until])
            text = self._format(part, **values)
            if text.strip() and pieces[-1].strip():
                pieces.append(text)
            else:  # providers refuse blank content
                pieces[-1] += text
        return pieces

    def _format(self, prompt: Prompt, **values: object) -> str:
        if not self.grades:
            places = range(1, len(self.shown) + 1)
            values["verdicts"] = "\n".join(f"Final verdict: Solution {n}" for n in places)
            values["count"] = len(self.shown)
        return prompt.format(**values)


async def _ask(question: Question, count: int = 1) -> list[Answer]:
    """Ask for answers; for grades, also for the probabilities of other grades if possible."""
    model, messages, config = question.model, question.messages(), question.config
    schema = question.schema() if takes_schema(model) else None
    if question.grades and takes_logprobs(model):
        return await ask_for_logprobs(count, model, messages, config, schema, _TOP)
    return await ask_by_schema(count, model, messages, config, schema)


async def cast_vote(question: Question, index: int) -> Vote:
    """Ask for one vote."""
    return await read_vote(question, index, (await _ask(question))[0])


async def sample_answers(question: Question, count: int) -> list[Answer]:
    """Ask for the answers of several votes in one request."""
    answers = await _ask(question, count)
    return [answer for answer in answers if not (answer.raised or answer.too_long)]


async def read_vote(question: Question, index: int, answer: Answer) -> Vote:
    """Turn an answer into a vote.

    If the prompt does not fit into the judge's context, it is sent again with half of each
    solution, until it fits. If the answer cannot be read, it is requested once more, without a
    schema.
    """
    order, answers = tuple(rollout.id for rollout in question.shown), [answer]
    while answers[-1].too_long and (shorter := question.shortened()) is not None:
        question = shorter
        answers += await _ask(question)
    answer = answers[-1]
    number = question.read(answer)
    reasked = number is None and not (answer.raised or answer.too_long)
    if reasked:
        conversation = question.messages()
        if answer.text.strip():  # providers refuse an empty message
            said = elide(answer.text, _MOST_CUT_CHARS) if answer.cut else answer.text
            conversation.append(ChatMessageAssistant(content=said))
        conversation.append(question.again(cut=answer.cut))
        answers.append(await ask(question.model, conversation, question.config))
        number = question.read(answers[-1])
    return _vote(question, index, order, answers, number, reasked=reasked)


def failed_vote(question: Question, index: int, reason: str) -> Vote:
    """The vote of a judge that cannot be asked."""
    order = tuple(rollout.id for rollout in question.shown)
    return _vote(question, index, order, [Answer("", reason, "provider")], None, reasked=False)


def _vote(
    question: Question,
    index: int,
    order: tuple[str, ...],
    answers: list[Answer],
    number: int | None,
    *,
    reasked: bool,
) -> Vote:
    last = answers[-1]
    missing = "no readable grade" if question.grades else "no readable verdict"
    if last.cut:
        missing += ": the answer was cut off at the limit of output tokens"
    return Vote(
        index=index,
        order=order,
        fence=question.fence,
        verdict=None if number is None or question.grades else order[number - 1],
        grade=number if question.grades else None,
        expected_grade=expected_grade(last.tokens, number) if question.grades and number else None,
        abstention=None if number else last.problem or missing,
        cause=None if number else last.cause or ("cut" if last.cut else "unreadable"),
        reasked=reasked,
        cut=any(answer.cut for answer in answers),
        schema_used=answers[0].schema,
        shortened_to=question.shortened_to,
        text="\n\n".join(answer.text for answer in answers if answer.text),
        model=str(question.model),
        usage=sum((answer.usage for answer in answers), Usage()),
        seconds=sum(answer.seconds for answer in answers),
    )
