"""Votes of one order come from one request where the provider samples several; prompt pieces."""

from itertools import count
from pathlib import Path

import pytest
from inspect_ai.model import ChatMessage, ContentText, GenerateConfig, ModelOutput
from scripted import model, pool, reply
from test_providers import VOTES, judged, match_of

from inspect_tts.models import providers as caching
from inspect_tts.models.judge import Question
from inspect_tts.prompts import load_prompt
from inspect_tts.text.summary import numbered


class Sampler:
    """A model that returns as many samples as it is asked for, but at most `most`."""

    def __init__(self, most: int = 99, *, fails: bool = False) -> None:
        self.most, self.fails = most, fails
        self.asked: list[int] = []
        self.number = count()

    def __call__(self, input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        wanted = config.num_choices or 1
        self.asked.append(wanted)
        if self.fails and wanted > 1:
            raise ValueError("n is not supported")
        outputs = [self.sample(len(input)) for _ in range(min(wanted, self.most))]
        outputs[0].choices = [output.choices[0] for output in outputs]
        return outputs[0]

    def sample(self, messages: int) -> ModelOutput:
        number = next(self.number)
        unreadable = number == 2 and messages == 1
        return reply(f"{number}.\n" + ("Well." if unreadable else "Final verdict: Solution 1"))


SAMPLERS = {
    "all": (Sampler(), [4, 4, 1]),  # one answer is asked for once more
    "fewer": (Sampler(most=3), [4, 4, 1, 1, 1]),
    "one": (Sampler(most=1), [4, 4, *[1] * 7]),
    "refused": (Sampler(fails=True), [4, 4, *[1] * 9]),
}


@pytest.mark.parametrize(("judge", "asked"), SAMPLERS.values(), ids=SAMPLERS)
def test_one_request_samples_the_votes_of_an_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Sampler, asked: list[int]
) -> None:
    monkeypatch.setattr(caching, "SAMPLES_SEVERAL", {"mockllm"})
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    log = judged(model(judge, "judge"), tmp_path, cache=True)
    votes = match_of(log).votes
    assert judge.asked == asked
    assert [vote.index for vote in votes] == list(range(VOTES))
    assert [vote.abstention for vote in votes] == [None] * VOTES
    assert len({vote.text for vote in votes}) == VOTES
    assert [vote.reasked for vote in votes].count(True) == 1
    answered = len(asked) - (2 if judge.fails else 0)
    assert sum(vote.usage.total_tokens for vote in votes) == 15 * answered
    again = match_of(judged(model(judge, "judge"), tmp_path, cache=True)).votes
    assert [vote.text for vote in again] == [vote.text for vote in votes]
    assert judge.asked == asked + ([4, 4] if judge.fails else [])  # errors are not cached


def test_waves_of_early_stop_sample_no_more_than_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "SAMPLES_SEVERAL", {"mockllm"})
    judge = Sampler()
    log = judged(model(judge, "judge"), tmp_path, early_stop=True)
    assert judge.asked[:2] == [3, 2]  # the least that could settle it is 5
    assert len(match_of(log).votes) == VOTES  # it names the first place each time


# --- the prompt

TEMPLATES = {
    "problem first": ("a {problem} b {solutions} c {count}", 3),
    "nothing between": ("{problem}{solutions}", 2),
    "blank end": ("{problem}\n{solutions}\n\n", 2),
    "twice": ("{problem} {solutions} again {solutions} and {problem}", 3),
    "problem last": ("a {solutions} b {problem}", 2),
    "solutions alone first": ("{solutions}\n{problem}", 2),
}


@pytest.mark.parametrize(("template", "pieces"), TEMPLATES.values(), ids=TEMPLATES)
def test_pieces_make_up_the_prompt(tmp_path: Path, template: str, pieces: int) -> None:
    judge = model(Sampler(), "judge")
    shown = pool(judged(judge, tmp_path, votes=1)).rollouts
    prompt = load_prompt("judge", template)
    text = "{solutions} is not replaced"
    reask = load_prompt("judge_reask")
    question = Question(judge, text, shown, prompt, reask, GenerateConfig(), seed=1, key="match")
    [message] = question.messages()
    assert isinstance(message.content, list)
    texts = [block.text for block in message.content if isinstance(block, ContentText)]
    assert len(texts) == pieces
    assert all(text.strip() for text in texts)
    solutions = numbered(shown, "solution", question.fence)
    assert "".join(texts) == prompt.format(
        problem=text, solutions=solutions, count=2, fence=question.fence, verdicts=""
    )
