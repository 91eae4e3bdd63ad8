"""The simulated judge: a pure function of the prompt's text."""

import re

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser
from inspect_ai.tool import ToolInfo
from sim_cases import (
    CHECKED,
    DOUBTFUL,
    FAILED,
    FENCE,
    GAVE_UP,
    LADDER,
    PROBLEM,
    REACT,
    SOLVED,
    TEST,
    ask,
    summary,
    trajectory,
)

from inspect_tts.prompts import load_prompt
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.judge import appraise
from inspect_tts.sim.respond import respond
from inspect_tts.text.fences import fenced
from inspect_tts.text.summary import summary_text
from inspect_tts.text.verdict import parse_verdict

Shown = tuple[str, str]
"""Summary and facts."""


def judge_prompt(*solutions: Shown) -> str:
    blocks = [
        fenced(FENCE, f"{tag}_{n}", text)
        for n, solution in enumerate(solutions, 1)
        for tag, text in zip(("solution", "facts"), solution, strict=True)
    ]
    places = range(1, len(solutions) + 1)
    return load_prompt("judge").format(
        problem=PROBLEM,
        solutions="\n\n".join(blocks),
        count=len(solutions),
        fence=FENCE,
        verdicts="\n".join(f"Final verdict: Solution {n}" for n in places),
    )


def shown(turns: tuple[tuple[str, str, str], ...], facts: str = "- ended: completed") -> Shown:
    return summary_text(summary(*turns)), facts


def verdicts(config: SimConfig, prompt: str, count: int = 2, scopes: int = 400) -> list[int | None]:
    return [parse_verdict(ask(config, prompt, scope), count) for scope in range(scopes)]


def test_evidence_is_ranked() -> None:
    scores = [appraise(*shown(turns)).score for turns in LADDER.values()]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert appraise(*shown(DOUBTFUL)).score < appraise(*shown(SOLVED)).score


def test_checks_before_the_last_change_are_no_evidence() -> None:
    stale = (*CHECKED, ("One more thing.", "sed -i 's/x/y/' add.py", ""))
    found = appraise(*shown(stale))
    assert "the test was not run after the last change" in found.reasons
    assert found.score < appraise(*shown(SOLVED)).score


def test_whole_trajectories_are_ranked_alike() -> None:
    for turns in LADDER.values():
        assert appraise(trajectory(*turns)).score == appraise(*shown(turns)).score


def test_facts_outweigh_the_summary() -> None:
    best = appraise(*shown(CHECKED)).score
    for facts in (
        "- ended: limit (message limit), after 30 turns",
        "- ended: completed\n- files changed: none",
        f"- ended: completed\n- command, return code 0: {TEST}\n- command, return code 1: {TEST}",
    ):
        assert appraise(*shown(CHECKED, facts)).score < best
    fine = f"- ended: completed\n- files changed: add.py (+1 -1)\n- command, return code 0: {TEST}"
    assert appraise(*shown(CHECKED, fine)).score == best


@pytest.mark.parametrize(("text", "better"), [("It passes the test.", True), ("It fails.", False)])
def test_prose_is_read_for_what_it_says(text: str, better: bool) -> None:
    score = appraise(text).score
    assert (score > appraise("A change was made.").score) == better
    assert score > appraise("The agent did nothing: there is no trajectory.").score


@pytest.mark.parametrize("place", [1, 2])
def test_judge_accuracy_is_met_in_either_place(place: int) -> None:
    pair = [shown(SOLVED), shown(FAILED)]
    prompt = judge_prompt(*(pair if place == 1 else reversed(pair)))
    votes = verdicts(SimConfig(judge_accuracy=0.75, position_bias=0), prompt)
    assert abs(votes.count(place) / 400 - 0.75) < 0.07
    assert None not in votes


def test_equal_evidence_is_decided_by_lot() -> None:
    prompt = judge_prompt(*[shown(SOLVED)] * 4)
    votes = verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, 4)
    assert all(abs(votes.count(n) / 400 - 0.25) < 0.07 for n in (1, 2, 3, 4))


def test_position_bias_takes_the_first() -> None:
    prompt = judge_prompt(shown(FAILED), shown(SOLVED))
    votes = verdicts(SimConfig(judge_accuracy=1, position_bias=0.4), prompt)
    assert abs(votes.count(1) / 400 - 0.4) < 0.07
    assert set(verdicts(SimConfig(position_bias=1), prompt, scopes=20)) == {1}
    assert set(verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, scopes=20)) == {2}


def test_larger_groups_are_judged() -> None:
    prompt = judge_prompt(*(shown(turns) for turns in (GAVE_UP, FAILED, CHECKED, SOLVED)))
    assert set(verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, 4, 30)) == {3}


def test_verdict_is_the_last_line_and_gives_reasons() -> None:
    text = ask(SimConfig(), judge_prompt(shown(SOLVED), shown(GAVE_UP)), 1)
    assert re.fullmatch(r"Final verdict: Solution [12]", text.splitlines()[-1])
    assert "Solution 1: changes add.py; the test passed" in text
    assert "Solution 2: no change is shown" in text


def test_reask_is_answered_with_just_the_verdict() -> None:
    prompt = judge_prompt(shown(SOLVED), shown(GAVE_UP))
    reask = load_prompt("judge_reask").format(count=2, verdicts="-")
    config = SimConfig(judge_accuracy=1, position_bias=0)
    assert ask(config, prompt, 1, reask) == "Final verdict: Solution 1"


def test_abstentions_at_their_rate() -> None:
    prompt = judge_prompt(shown(SOLVED), shown(GAVE_UP))
    reask = load_prompt("judge_reask").format(count=2, verdicts="-")
    config = SimConfig(abstain_rate=0.2)
    first = verdicts(config, prompt)
    second = [parse_verdict(ask(config, prompt, scope, reask), 2) for scope in range(400)]
    assert abs(second.count(None) / 400 - 0.2) < 0.06
    assert abs(first.count(None) / 400 - 0.36) < 0.07


def test_prompts_with_tools_are_for_the_agent() -> None:
    prompt = [ChatMessageUser(content=judge_prompt(shown(SOLVED), shown(FAILED)))]
    assert respond(SimConfig(), [], prompt, REACT, 1).calls
    assert not respond(SimConfig(), [], prompt, [], 1).calls


def test_an_investigator_looks_before_it_answers() -> None:
    asked = load_prompt("investigator").format(
        problem=PROBLEM,
        solutions=judge_prompt(shown(CHECKED), shown(GAVE_UP)),
        folder="/var/tmp/solutions-a1",
        workspace="/testbed",
        turns=30,
        count=2,
        fence=FENCE,
        verdicts="Final verdict: Solution 1\nFinal verdict: Solution 2",
    )
    config, begun = SimConfig(), list[ChatMessage]([ChatMessageUser(content=asked)])
    look = respond(config, [], begun, [ToolInfo(name="bash", description="")], 0)
    assert "/var/tmp/solutions-a1 && diff" in look.calls[0].arguments["command"]
    said = [*begun, ChatMessageAssistant(content=look.text)]
    answer = respond(config, [], said, [ToolInfo(name="bash", description="")], 0)
    assert answer.calls == ()
    assert parse_verdict(answer.text, 2) is not None
